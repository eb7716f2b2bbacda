//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"trapline/output"
	jsonformat "trapline/output/json"
)

// records is how messages become records. It is nil if they are lines of text,
// as they are unless the trace itself goes to standard error in a format with
// records of messages.
var records *output.Options

// inOrder, if not nil, writes messages that are records, so that they follow the
// records before them.
var inOrder func(text string)

// settleMessages sets records. err is an error in the command line args, which
// may have a part that was not parsed.
func (c *config) settleMessages(args []string, err error) {
	looks := &output.Options{Format: c.Looks.Format, Monotonic: c.Looks.Monotonic}
	if err != nil && asksFor(args, "--json", "--format=json") {
		looks.Format = jsonformat.Format
	}
	if looks.Format.Message != nil && c.destination.Name == "" {
		records = looks
	}
}

// asksFor reports whether any of some words is among the options in args, which
// have an error. It takes two words in a row that are not options for the command
// and its argument.
func asksFor(args []string, words ...string) bool {
	for i, arg := range args {
		option := strings.HasPrefix(arg, "-")
		if arg == "--" || !option && (i == 0 || !strings.HasPrefix(args[i-1], "-")) {
			return false
		}
		if slices.Contains(words, arg) {
			return true
		}
	}
	return false
}

// complain writes a message to standard error.
func complain(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if inOrder != nil || recordAlone() {
		explain(text)
		return
	}
	fmt.Fprintln(os.Stderr, program()+": "+text)
}

// recordAlone reports whether a message is a record outside of the trace as well. Records
// of a format that ends each file, such as perfetto's array, are nothing without the rest
// of it.
func recordAlone() bool { return records != nil && records.Format.Tail == "" }

// explain writes a text of its own to standard error, which may have several
// lines.
func explain(text string) {
	switch {
	case inOrder != nil:
		inOrder(text)
	case recordAlone():
		os.Stderr.Write(records.AppendMessage(nil, program(), text))
	default:
		fmt.Fprintln(os.Stderr, text)
	}
}

// reportWarnings reports each warning once.
func (c *config) reportWarnings(report func(text string)) {
	for _, w := range c.warnings {
		report(w)
	}
	c.warnings = nil
}
