//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/trace"
)

// records says how messages are written as records. It is nil if messages are lines of
// text, which they are unless the trace itself goes to standard error in a format that has
// records for messages.
var records *output.Options

// inOrder, if not nil, writes messages as records, so that they follow the records before
// them.
var inOrder func(text string)

// settleMessages sets records. err is an error in the command line args, which may be only
// partly parsed.
func (c *config) settleMessages(args []string, err error) {
	looks := &output.Options{Format: c.Looks.Format, Monotonic: c.Looks.Monotonic}
	if err != nil && asksFor(args, "--json", "--format=json") {
		looks.Format = jsonformat.Format
	}
	if looks.Format.Message != nil && c.destination.Name == "" {
		records = looks
		c.dateMessages()
	}
}

// dateMessages gives messages that are records the time of the recordings that they are about:
// when the first one begins.
func (c *config) dateMessages() {
	if records != nil && len(c.opened) > 0 {
		records.Run = trace.RunOf(c.opened[0].Info())
	}
}

// messageTime is the time of a message that is a record outside of the trace.
func messageTime() time.Time {
	if r := records.Run; r != nil {
		return r.Began
	}
	return time.Now()
}

// asksFor reports whether one of words is among the options in args, which contain an
// error. Two words in a row that are not options are the argument of an option and the
// command, so that it stops there.
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

// recordAlone reports whether a message can be a record outside of the trace. It cannot in
// a format that has an end to each file, such as perfetto's array: its records mean
// nothing without the rest.
func recordAlone() bool { return records != nil && records.Format.Tail == "" }

// explain writes a text to standard error without the program's name. The text may have
// several lines.
func explain(text string) {
	switch {
	case inOrder != nil:
		inOrder(text)
	case recordAlone():
		os.Stderr.Write(records.AppendMessage(nil, program(), text, messageTime()))
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
