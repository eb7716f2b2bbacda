//go:build linux && amd64

package main

import (
	"errors"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/trace"
	"trapline/trace/nearest"
)

// invalidArgument refuses the argument of an option, and says which of its values may be
// meant. For strace's options it adds no more: strace only says that the argument is
// invalid, and its tests compare the line. For trapline's own options it also suggests a
// value that begins with the argument, and if none is near, it says what the option takes.
func invalidArgument(spelled, value string) error {
	o := knownOption(spelled)
	if o == nil || !o.own {
		return usagef("invalid %s argument: '%s'%s", spelled, value, nearest.Question(nearest.Inside(value, o.words())))
	}
	more, near := "", nearest.Begun(value, o.words())
	if near != "" && !strings.HasPrefix(value, near) { // else what follows "size:" is wrong
		more = nearest.Question(near)
	}
	if form := o.form(); more == "" && form != "" {
		more = ": it takes " + form
	}
	return usagef("invalid %s argument: '%s'%s", spelled, value, more)
}

// withNearValue adds to a non-nil err a value of the option that one of the items in list
// may have been meant for.
func withNearValue(err error, spelled, list string) error {
	if err == nil {
		return nil
	}
	words := knownOption(spelled).words()
	for item := range strings.SplitSeq(list, ",") {
		if near := nearest.Inside(strings.ReplaceAll(item, "_", "-"), words); near != item && strings.Contains(err.Error(), "'"+item+"'") {
			return usagef("%v%s", err, nearest.Question(near))
		}
	}
	return usagef("%v", err)
}

// withOption adds to the error about a command that does not exist an option whose
// argument its name seems to be: the option before it, -p, or -e.
func withOption(err error, word string) error {
	var command *trace.CommandError
	if !errors.As(err, &command) || command.Errno != unix.ENOENT {
		return err
	}
	option := optionBefore(word)
	name, _, isSet := strings.Cut(word, "=")
	if pid, ok := trace.ParseNumber(word, math.MaxInt32); option == "" && ok && pid > 0 {
		option = "-p "
	} else if option == "" && isSet && findQualifier(name) != nil {
		option = "-e "
	}
	if option == "" {
		return err
	}
	return &trace.CommandError{Message: command.Message + nearest.Question(option+word), Errno: command.Errno}
}

// optionBefore returns the option on the command line, with "=", whose argument word would
// be if they were joined by "=", or "".
func optionBefore(word string) string {
	i := slices.Index(os.Args, word)
	if i < 2 {
		return ""
	}
	o := knownOption(os.Args[i-1])
	if o == nil || !strings.HasPrefix(os.Args[i-1], "--") || !slices.Contains(o.words(), word) {
		return ""
	}
	return os.Args[i-1] + "="
}

// knownOption returns what completion knows of an option, by a name with its dashes,
// or nil.
func knownOption(spelled string) *completionOption {
	return (&completer{known: parseCompletion(completionText)}).named(spelled)
}

// words are the values that an option takes, except placeholders.
func (o *completionOption) words() (words []string) {
	if o == nil {
		return nil
	}
	for _, v := range o.values {
		if !strings.HasPrefix(v.word, "<") {
			words = append(words, v.word)
		}
	}
	return words
}

// formOf explains a placeholder of the help, or returns "".
func formOf(metavariable string) string {
	switch metavariable {
	case "TIME":
		return "a time, a number with s, ms, us or ns"
	case "N":
		return "a number from 1 on"
	case "PID":
		return "the id of a process"
	}
	return ""
}

// form says what an option takes, or returns "" if that is not known.
func (o *completionOption) form() string {
	meta := o.metavariable()
	if form := formOf(meta); form != "" {
		return form
	}
	words := o.words()
	for i, word := range words {
		if strings.HasSuffix(word, ":") {
			words[i] += "..."
		}
	}
	if meta == "WHOM" {
		words = append(words, "a number of generations")
	}
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
}

// metavariable returns the placeholder of the argument of an option in the help.
func (o *completionOption) metavariable() string {
	m := regexp.MustCompile(`(?m)^ .*` + o.names[0].name + `\[?=([A-Z]+)`).FindStringSubmatch(help)
	if m == nil {
		return ""
	}
	return m[1]
}
