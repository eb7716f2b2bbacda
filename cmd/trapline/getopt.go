//go:build linux && amd64

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// argument says whether an option has an argument.
type argument uint8

const (
	noArgument argument = iota
	optionalArgument
	requiredArgument
)

// option is one command line option, under all its spellings.
type option struct {
	short byte     // 0 for none
	long  []string // nil for none
	arg   argument // of the long form; a short form never has an optional one
	own   bool     // strace lacks this option
	// set applies the option. spelled is the form that the user wrote, "-a" or
	// "--columns"; given says that it has an argument.
	set func(c *config, spelled, value string, given bool) error
}

// absent is the value that pflag passes for a missing argument. Arguments of a
// command line cannot contain it.
const absent = "\x00"

// userError is an error in the command line, in strace's words.
type userError struct {
	msg  string
	hint bool // point to -h
}

func (e *userError) Error() string { return e.msg }

func refusef(format string, args ...any) error {
	return &userError{msg: fmt.Sprintf(format, args...)}
}

// usagef is refusef for a mistake in the use of options.
func usagef(format string, args ...any) error {
	return &userError{msg: fmt.Sprintf(format, args...), hint: true}
}

// withHint is usagef for an error, if it is not nil.
func withHint(err error) error {
	if err == nil {
		return nil
	}
	return usagef("%v", err)
}

// flagSet registers the options with pflag. Every spelling is a separate flag,
// because messages repeat the spelling used, and because "-r" takes no argument
// while "--relative-timestamps" may take one. A short option's flag has a long
// name that cannot be typed: pflag rejects "---".
func flagSet(options []option, c *config) *pflag.FlagSet {
	fs := pflag.NewFlagSet("trapline", pflag.ContinueOnError)
	fs.SetInterspersed(false) // the rest belongs to the command
	fs.SortFlags = false
	fs.Usage = func() {}
	for i := range options {
		o := &options[i]
		if o.short != 0 {
			f := fs.VarPF(&setter{o, c, "-" + string(o.short)}, "-"+string(o.short), string(o.short), "")
			if o.arg != requiredArgument {
				f.NoOptDefVal = absent
			}
		}
		for _, name := range o.long {
			f := fs.VarPF(&setter{o, c, "--" + name}, name, "", "")
			if o.arg != requiredArgument {
				f.NoOptDefVal = absent
			}
		}
	}
	return fs
}

// setter is a pflag.Value that sets an option.
type setter struct {
	option  *option
	config  *config
	spelled string
}

func (s *setter) String() string { return "" }
func (s *setter) Type() string   { return "" }

func (s *setter) Set(value string) error {
	given := value != absent
	if !given {
		value = ""
	} else if s.option.arg == noArgument {
		return usagef("option '%s' doesn't allow an argument", s.spelled)
	}
	return s.option.set(s.config, s.spelled, value, given)
}

// parseFlags parses args and returns the operands: the command and its
// arguments. Errors have getopt_long(3)'s wording.
func parseFlags(fs *pflag.FlagSet, args []string) ([]string, error) {
	args, err := getopt(fs, args)
	if err != nil {
		return nil, err
	}
	// ParseAll rather than Parse, which would wrap the options' own errors.
	var failure error
	err = fs.ParseAll(args, func(f *pflag.Flag, value string) error {
		failure = f.Value.Set(value)
		return failure
	})
	if failure != nil {
		return nil, failure
	}
	return fs.Args(), err
}

// getopt rewrites the options in args for pflag. Like getopt_long(3), and
// unlike pflag, it accepts any unambiguous prefix of a long option's name, and
// takes the "=" in "-I=x" as the first byte of the argument.
func getopt(fs *pflag.FlagSet, args []string) ([]string, error) {
	out := make([]string, 0, len(args)+1)
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" || a == "-" || !strings.HasPrefix(a, "-") {
			return append(append(out, "--"), args[operands(args, i):]...), nil
		}
		var flag *pflag.Flag
		var needed string // the option that lacks its argument, as getopt_long writes it
		if long, ok := strings.CutPrefix(a, "--"); ok {
			name, value, given := strings.Cut(long, "=")
			f, err := findLong(fs, name)
			if err != nil {
				return nil, err
			}
			if given || f.NoOptDefVal == absent {
				if given {
					value = "=" + value
				}
				out = append(out, "--"+f.Name+value)
				continue
			}
			flag, needed = f, fmt.Sprintf("option '--%s' requires an argument", f.Name)
			out = append(out, "--"+f.Name)
		} else {
			cluster := a[1:]
			for flag == nil && cluster != "" {
				c := cluster[:1]
				cluster = cluster[1:]
				f := fs.ShorthandLookup(c)
				if f == nil {
					return nil, usagef("invalid option -- '%s'", c)
				}
				out = append(out, "-"+c)
				if f.NoOptDefVal != absent {
					flag, needed = f, fmt.Sprintf("option requires an argument -- '%s'", c)
				}
			}
			if flag == nil {
				continue
			}
			if cluster != "" {
				out = append(out, cluster)
				continue
			}
		}
		if i++; i == len(args) {
			return nil, usagef("%s", needed)
		}
		out = append(out, args[i])
	}
	return out, nil
}

// operands returns where the command starts if args[i] is not an option.
func operands(args []string, i int) int {
	if args[i] == "--" {
		return i + 1
	}
	return i
}

// findLong finds the long option with this name or prefix. Options that strace
// lacks do not change the abbreviations of strace's options: --fo is
// --follow-forks, although there is --format.
func findLong(fs *pflag.FlagSet, name string) (*pflag.Flag, error) {
	if f := fs.Lookup(name); f != nil && f.Shorthand == "" {
		return f, nil
	}
	found := begunBy(fs, name, false)
	if len(found) == 0 {
		found = begunBy(fs, name, true)
	}
	if len(found) == 0 {
		return nil, usagef("unrecognized option '--%s'", name)
	}
	ambiguous, possibilities := false, ""
	for _, f := range found {
		// Two spellings of one option are not ambiguous.
		ambiguous = ambiguous || f.Value.(*setter).option != found[0].Value.(*setter).option
		possibilities += " '--" + f.Name + "'"
	}
	if ambiguous {
		return nil, usagef("option '--%s' is ambiguous; possibilities:%s", name, possibilities)
	}
	return found[0], nil
}

// begunBy returns the long options with prefix name: either trapline's own, or
// those of strace.
func begunBy(fs *pflag.FlagSet, name string, own bool) (found []*pflag.Flag) {
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Shorthand == "" && strings.HasPrefix(f.Name, name) && f.Value.(*setter).option.own == own {
			found = append(found, f)
		}
	})
	return found
}
