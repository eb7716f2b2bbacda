//go:build linux && amd64

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"trapline/trace"
	"trapline/trace/nearest"
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

	nonEmpty bool // its argument cannot be empty

	// What the option does is one of these.
	set       setFunc
	flag      func(c *config) *bool   // it sets this
	count     func(c *config) *int    // it counts here how often it is given
	text      func(c *config) *string // it stores its argument here
	qualifier string                  // --trace=SET is -e trace=SET

	byDefault string // the qualifier's value without an argument
}

// setFunc applies an option. spelled is the form that the user wrote, "-a" or
// "--columns"; given says that it has an argument.
type setFunc = func(c *config, spelled, value string, given bool) error

// apply does what the option does.
func (o *option) apply(c *config, spelled, value string, given bool) error {
	switch {
	case o.nonEmpty && value == "":
		return invalidArgument(spelled, value)
	case o.flag != nil:
		*o.flag(c) = true
	case o.count != nil:
		*o.count(c)++
	case o.text != nil:
		*o.text(c) = value
	case o.qualifier != "":
		if !given {
			value = o.byDefault
		}
		return findQualifier(o.qualifier).set(c, value)
	default:
		return o.set(c, spelled, value, given)
	}
	return nil
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

// flagSet holds the flags that pflag knows: only the options on the command line.
// Registering all options would take longer than the rest of a start.
type flagSet struct {
	*pflag.FlagSet
	options []option
	config  *config
	apart   []apart

	presets  []string // the values of --preset
	inPreset bool     // these are the options of a preset
}

// apart is a long option whose argument was the next word instead of following "=".
type apart struct {
	option spelling
	word   string
}

func newFlagSet(options []option, c *config) *flagSet {
	fs := &flagSet{FlagSet: pflag.NewFlagSet("trapline", pflag.ContinueOnError), options: options, config: c}
	fs.SetInterspersed(false) // the rest belongs to the command
	fs.SortFlags = false
	fs.Usage = func() {}
	return fs
}

// register registers a spelling of an option with pflag. Every spelling is a
// separate flag, because messages repeat the spelling used, and because "-r" takes
// no argument while "--relative-timestamps" may take one. A short option's flag has
// a long name that cannot be typed: pflag rejects "---".
func (fs *flagSet) register(s spelling) {
	name, spelled := s.long, "--"+s.long
	if s.short != "" {
		name, spelled = "-"+s.short, "-"+s.short
	}
	if fs.Lookup(name) != nil {
		return
	}
	f := fs.VarPF(&setter{s.option, fs.config, spelled}, name, s.short, "")
	if s.option.arg != requiredArgument {
		f.NoOptDefVal = absent
	}
}

// spelling is an option in one of its forms.
type spelling struct {
	option      *option
	short, long string // without dashes; one of them is empty
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
	return s.option.apply(s.config, s.spelled, value, given)
}

// parseFlags parses args and returns the operands: the command and its
// arguments. Errors have getopt_long(3)'s wording.
func parseFlags(fs *flagSet, args []string) ([]string, error) {
	args, err := fs.getopt(args)
	if err != nil {
		return nil, fs.eaten(err, func(a apart) bool {
			return findQualifier(a.option.option.qualifier).set(newConfig(), a.word) != nil
		})
	}
	if err := fs.usePresets(fs.presets); err != nil {
		return nil, err
	}
	before := fs.config.counted
	fs.config.counted = counted{}
	// ParseAll rather than Parse, which would wrap the options' own errors.
	var failure error
	err = fs.ParseAll(args, func(f *pflag.Flag, value string) error {
		failure = f.Value.Set(value)
		if failure != nil {
			failure = fs.eaten(failure, func(a apart) bool { return a.option.long == f.Name && a.word == value })
		}
		return failure
	})
	if failure != nil {
		return nil, failure
	}
	fs.config.counted.orElse(&before)
	return fs.Args(), err
}

// eaten adds to an error that an option has taken the command as its argument. It looks at
// the options for which which returns true, and does so if one of them has taken a word
// that names a command.
func (fs *flagSet) eaten(err error, which func(apart) bool) error {
	for _, a := range fs.apart {
		if !which(a) {
			continue
		}
		if _, none := trace.FindExecutable(a.word); none == nil {
			text, _, _ := strings.Cut(err.Error(), ": did you mean ")
			return usagef("%s: '%s' is taken for the argument of --%s, which is written --%[3]s=SET", text, a.word, a.option.long)
		}
	}
	return err
}

// getopt rewrites the options in args for pflag, and registers them. Like getopt_long(3), and
// unlike pflag, it accepts any unambiguous prefix of a long option's name, and
// takes the "=" in "-I=x" as the first byte of the argument.
func (fs *flagSet) getopt(args []string) ([]string, error) {
	out := make([]string, 0, len(args)+1)
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" || a == "-" || !strings.HasPrefix(a, "-") {
			return append(append(out, "--"), args[operands(args, i):]...), nil
		}
		var needed string // the option that lacks its argument, as getopt_long writes it
		var isPreset bool
		if long, ok := strings.CutPrefix(a, "--"); ok {
			name, value, given := strings.Cut(long, "=")
			s, err := findLong(fs.options, name)
			if err != nil {
				return nil, err
			}
			fs.register(s)
			isPreset = s.long == presetName
			if isPreset && fs.inPreset {
				return nil, usagef("there is no option --%s in a preset", presetName)
			}
			if given || s.option.arg != requiredArgument {
				if isPreset {
					fs.presets = append(fs.presets, value)
				}
				if given {
					value = "=" + value
				}
				out = append(out, "--"+s.long+value)
				continue
			}
			needed = "option '--" + s.long + "' requires an argument"
			out = append(out, "--"+s.long)
			if i+1 < len(args) && s.option.qualifier != "" {
				fs.apart = append(fs.apart, apart{s, args[i+1]})
			}
		} else {
			cluster := a[1:]
			for needed == "" && cluster != "" {
				c := cluster[:1]
				cluster = cluster[1:]
				o := findShort(fs.options, c[0])
				if o == nil {
					return nil, usagef("invalid option -- '%s'%s", c, nearest.Question(longForm(fs.options, a)))
				}
				fs.register(spelling{option: o, short: c})
				out = append(out, "-"+c)
				if o.arg == requiredArgument {
					needed = "option requires an argument -- '" + c + "'"
				}
			}
			if needed == "" {
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
		if isPreset {
			fs.presets = append(fs.presets, args[i])
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

// findShort returns the option with this letter, or nil.
func findShort(options []option, letter byte) *option {
	for i := range options {
		if options[i].short == letter {
			return &options[i]
		}
	}
	return nil
}

// findLong finds the long option with this name or prefix. Options that strace
// lacks do not change the abbreviations of strace's options: --fo is
// --follow-forks, although there is --format.
func findLong(options []option, name string) (spelling, error) {
	for i := range options {
		if slices.Contains(options[i].long, name) {
			return spelling{option: &options[i], long: name}, nil
		}
	}
	found := begunBy(options, name, false)
	if len(found) == 0 {
		found = begunBy(options, name, true)
	}
	if len(found) == 0 {
		return spelling{}, usagef("unrecognized option '--%s'%s", name, nearest.Question(nearOption(options, name)))
	}
	ambiguous, possibilities := false, ""
	for _, s := range found {
		// Two spellings of one option are not ambiguous.
		ambiguous = ambiguous || s.option != found[0].option
		possibilities += " '--" + s.long + "'"
	}
	if ambiguous {
		return spelling{}, usagef("option '--%s' is ambiguous; possibilities:%s", name, possibilities)
	}
	return found[0], nil
}

// nearOption returns the long option whose name is nearest to a wrong one.
func nearOption(options []option, name string) string {
	var known []string
	for i := range options {
		known = append(known, options[i].long...)
	}
	if near := nearest.Of(name, known); near != "" {
		return "--" + near
	}
	return ""
}

// longForm returns the long option whose name was written after a single dash: -json.
func longForm(options []option, arg string) string {
	name, _, _ := strings.Cut(arg[1:], "=")
	for i := range options {
		if slices.Contains(options[i].long, name) {
			return "--" + name
		}
	}
	return ""
}

// begunBy returns the long options that begin with name: either trapline's own, or
// strace's.
func begunBy(options []option, name string, own bool) (found []spelling) {
	for i := range options {
		o := &options[i]
		for _, long := range o.long {
			if o.own == own && strings.HasPrefix(long, name) {
				found = append(found, spelling{option: o, long: long})
			}
		}
	}
	return found
}
