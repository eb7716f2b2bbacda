package output

import (
	"strconv"
	"strings"

	"github.com/fatih/color"
)

// Palette holds the escape sequences of a coloured trace.
type Palette [numColors]string

// hue is what a part of a line is coloured as.
type hue uint8

const (
	hueArgName hue = iota
	hueArgValue
	hueCall // of a macro or function among the arguments
	hueComment
	hueConst
	hueError
	huePunct
	hueResult
	hueSyscall
	hueReset
	numColors
)

// hueNames are the keys of a specification of colours.
var hueNames = map[string]hue{
	"argname": hueArgName,
	"argval":  hueArgValue,
	"call":    hueCall,
	"comment": hueComment,
	"const":   hueConst,
	"error":   hueError,
	"punct":   huePunct,
	"retval":  hueResult,
	"syscall": hueSyscall,
}

// foregroundDefault is SGR 39, which package color has no name for.
const foregroundDefault color.Attribute = 39

var standardHues = [numColors]color.Attribute{
	hueArgName:  foregroundDefault,
	hueArgValue: color.FgMagenta,
	hueCall:     color.FgYellow,
	hueComment:  color.FgCyan,
	hueConst:    color.FgBlue,
	hueError:    color.FgRed,
	huePunct:    color.Reset,
	hueResult:   color.FgGreen,
	hueSyscall:  color.FgYellow,
	hueReset:    color.Reset,
}

// NewPalette gives the standard colours, changed by a specification such as
// "syscall=1;33:argval=35", as it is in the environment variable
// STRACE_COLORS (strace(1), --color). Parts of it that make no sense are ignored.
func NewPalette(spec string) *Palette {
	p := new(Palette)
	for h, a := range standardHues {
		p[h] = "\x1b[" + strconv.Itoa(int(a)) + "m"
	}
	for part := range strings.SplitSeq(spec, ":") {
		key, value, _ := strings.Cut(part, "=")
		h, ok := hueNames[strings.ToLower(strings.TrimSpace(key))]
		value = strings.TrimSpace(value)
		if ok && isSGR(value) {
			p[h] = "\x1b[" + value + "m"
		}
	}
	return p
}

// isSGR says whether s is a list of numbers for an SGR sequence.
func isSGR(s string) bool {
	return strings.Trim(s, "0123456789;") == "" && strings.Trim(s, ";") != ""
}
