package output

import (
	"strconv"
	"strings"

	"github.com/fatih/color"
)

// Palette holds the escape sequences of a coloured trace.
type Palette struct {
	argName, argValue, call, comment, constant, failure, punct, result, syscall string
}

const colorReset = "\x1b[0m"

func colorSequence(a ...color.Attribute) string {
	parts := make([]string, len(a))
	for i, v := range a {
		parts[i] = strconv.Itoa(int(v))
	}
	return "\x1b[" + strings.Join(parts, ";") + "m"
}

// foregroundDefault is SGR 39, which package color has no name for.
const foregroundDefault color.Attribute = 39

// NewPalette gives the standard colours, changed by a specification such as
// "syscall=1;33:argval=35", as it is in the environment variable
// STRACE_COLORS (strace(1), --color). Parts of it that make no sense are ignored.
func NewPalette(spec string) *Palette {
	p := &Palette{
		argName:  colorSequence(foregroundDefault),
		argValue: colorSequence(color.FgMagenta),
		call:     colorSequence(color.FgYellow),
		comment:  colorSequence(color.FgCyan),
		constant: colorSequence(color.FgBlue),
		failure:  colorSequence(color.FgRed),
		punct:    colorSequence(color.Reset),
		result:   colorSequence(color.FgGreen),
		syscall:  colorSequence(color.FgYellow),
	}
	keys := map[string]*string{
		"argname": &p.argName,
		"argval":  &p.argValue,
		"call":    &p.call,
		"comment": &p.comment,
		"const":   &p.constant,
		"error":   &p.failure,
		"punct":   &p.punct,
		"retval":  &p.result,
		"syscall": &p.syscall,
	}
	for part := range strings.SplitSeq(spec, ":") {
		key, value, _ := strings.Cut(part, "=")
		field := keys[strings.ToLower(strings.TrimSpace(key))]
		value = strings.TrimSpace(value)
		if field != nil && isSGR(value) {
			*field = "\x1b[" + value + "m"
		}
	}
	return p
}

// isSGR says whether s is a list of numbers for an SGR sequence.
func isSGR(s string) bool {
	return strings.Trim(s, "0123456789;") == "" && strings.Trim(s, ";") != ""
}
