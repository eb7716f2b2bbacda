package output

import (
	"strconv"
	"strings"

	"github.com/fatih/color"
)

// Palette holds the escape sequences of a coloured trace.
type Palette [numColors]string

// Hue is the kind of a part of a line, which decides its colour.
type Hue uint8

const (
	HueArgName Hue = iota
	HueArgValue
	HueCall // the name of a macro or function among the arguments
	HueComment
	HueConst
	HueError
	HuePunct
	HueResult
	HueSyscall
	HueReset
	numColors
)

// hueNames are the keys of a colour specification.
var hueNames = map[string]Hue{
	"argname": HueArgName,
	"argval":  HueArgValue,
	"call":    HueCall,
	"comment": HueComment,
	"const":   HueConst,
	"error":   HueError,
	"punct":   HuePunct,
	"retval":  HueResult,
	"syscall": HueSyscall,
}

// foregroundDefault is SGR 39, which package color does not name.
const foregroundDefault color.Attribute = 39

var standardHues = [numColors]color.Attribute{
	HueArgName:  foregroundDefault,
	HueArgValue: color.FgMagenta,
	HueCall:     color.FgYellow,
	HueComment:  color.FgCyan,
	HueConst:    color.FgBlue,
	HueError:    color.FgRed,
	HuePunct:    color.Reset,
	HueResult:   color.FgGreen,
	HueSyscall:  color.FgYellow,
	HueReset:    color.Reset,
}

// NewPalette returns the standard colours, changed by a specification such as
// "syscall=1;33:argval=35", the format of the environment variable
// STRACE_COLORS (strace(1), --color). Invalid parts are ignored.
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

// isSGR reports whether s is a list of numbers for an SGR sequence.
func isSGR(s string) bool {
	return strings.Trim(s, "0123456789;") == "" && strings.Trim(s, ";") != ""
}
