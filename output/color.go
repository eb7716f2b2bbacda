package output

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/fatih/color"
)

// Hue is the kind of a part of a line, which decides its colour.
type Hue uint8

const (
	HueReset Hue = iota // everything else
	HueArgName
	HueArgValue
	HuePath
	HueString
	HueNumber
	HueCall // the name of a macro or function among the arguments
	HueComment
	HueConst
	HueError
	HueSearch // an error that only says that a name does not exist
	HuePunct
	HueResult
	HueSyscall
	HueSignal
	HueEnd // the end of a process that has failed
	numHues
)

// hueNames are the keys of a colour specification. A hue without a key in strace follows
// another hue, if only that one is specified.
var hueNames = [numHues]struct {
	key     string
	follows Hue
}{
	HueArgName:  {key: "argname"},
	HueArgValue: {key: "argval"},
	HuePath:     {"path", HueArgValue},
	HueString:   {"string", HueArgValue},
	HueNumber:   {"number", HueArgValue},
	HueCall:     {key: "call"},
	HueComment:  {key: "comment"},
	HueConst:    {key: "const"},
	HueError:    {key: "error"},
	HueSearch:   {"search", HueError},
	HuePunct:    {key: "punct"},
	HueResult:   {key: "retval"},
	HueSyscall:  {key: "syscall"},
	HueSignal:   {key: "signal"},
	HueEnd:      {"end", HueError},
}

// A Theme is a set of colours for a background: either of the 16 colours, which each
// terminal defines itself, or of the cube of 256, which are the same everywhere.
type Theme uint8

const (
	Dark16 Theme = iota
	Light16
	Dark256
	Light256
	numThemes
)

// sixteen returns the parameters for some of the 16 colours.
func sixteen(attributes ...color.Attribute) string {
	var b []byte
	for i, a := range attributes {
		if i > 0 {
			b = append(b, ';')
		}
		b = strconv.AppendInt(b, int64(a), 10)
	}
	return string(b)
}

// themeStyles returns the parameters of the SGR sequences of a theme. A test
// computes their contrast.
func themeStyles(t Theme) [numHues]string {
	switch t {
	case Light16:
		return [numHues]string{
			HuePath:    sixteen(color.FgBlue),
			HueString:  sixteen(color.FgMagenta),
			HueNumber:  sixteen(color.FgHiBlue),
			HueCall:    sixteen(color.Bold),
			HueError:   sixteen(color.FgRed, color.Underline),
			HueSearch:  sixteen(color.FgRed),
			HueSyscall: sixteen(color.Bold),
			HueSignal:  sixteen(color.FgMagenta, color.Underline),
			HueEnd:     sixteen(color.FgRed, color.ReverseVideo),
		}
	case Dark256:
		return [numHues]string{
			HuePath:    "38;5;117",
			HueString:  "38;5;150",
			HueNumber:  "38;5;183",
			HueCall:    "38;5;222",
			HueComment: "38;5;248",
			HueConst:   "38;5;223",
			HueError:   "1;38;5;210",
			HueSearch:  "38;5;181",
			HueSyscall: "38;5;222",
			HueSignal:  "1;38;5;213",
			HueEnd:     "1;7;38;5;210",
		}
	case Light256:
		return [numHues]string{
			HuePath:    "38;5;25",
			HueString:  "38;5;22",
			HueNumber:  "38;5;91",
			HueCall:    "38;5;94",
			HueComment: "38;5;241",
			HueConst:   "38;5;23",
			HueError:   "1;38;5;160",
			HueSearch:  "38;5;95",
			HueSyscall: "38;5;94",
			HueSignal:  "1;38;5;127",
			HueEnd:     "1;7;38;5;160",
		}
	}
	return [numHues]string{
		HuePath:    sixteen(color.FgCyan),
		HueString:  sixteen(color.FgGreen),
		HueNumber:  sixteen(color.FgHiMagenta),
		HueCall:    sixteen(color.FgYellow),
		HueConst:   sixteen(color.FgHiWhite),
		HueError:   sixteen(color.Bold, color.FgHiRed),
		HueSearch:  sixteen(color.FgHiCyan),
		HueSyscall: sixteen(color.FgYellow),
		HueSignal:  sixteen(color.Bold, color.FgHiMagenta),
		HueEnd:     sixteen(color.ReverseVideo, color.FgHiRed),
	}
}

// style is how a hue looks: SGR parameters, empty for the terminal's own look.
type style struct {
	sgr     string
	changes uint32 // kinds of attributes that it changes
}

// Kinds of attributes, beyond a bit for each of the parameters 1 to 9.
const (
	changesForeground = 1 << (10 + iota)
	changesBackground
	changesOther

	// These are visible in a blank, too: underline, blinking, reverse, strike.
	seenInBlanks = 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<9 | changesBackground | changesOther
)

// newStyle analyses parameters.
func newStyle(sgr string) style {
	if strings.Trim(sgr, "0;") == "" || sgr == "39" {
		return style{}
	}
	s := style{sgr: sgr}
	fields := strings.Split(sgr, ";")
	for i := 0; i < len(fields); i++ {
		n, _ := strconv.Atoi(fields[i])
		kind := uint32(changesOther)
		switch {
		case 1 <= n && n <= 9:
			kind = 1 << n
		case 30 <= n && n <= 39 || 90 <= n && n <= 97:
			kind = changesForeground
		case 40 <= n && n <= 49 || 100 <= n && n <= 107:
			kind = changesBackground
		}
		s.changes |= kind
		if n == 38 || n == 48 { // 5;N or 2;R;G;B follows
			switch {
			case i+1 < len(fields) && fields[i+1] == "5":
				i += 2
			case i+1 < len(fields) && fields[i+1] == "2":
				i += 4
			}
		}
	}
	return s
}

// Palette says how hues look.
type Palette [numHues]style

// NewPalette returns the colours of a theme, changed by a specification such as
// "syscall=1;33:argval=35", the format of the environment variable STRACE_COLORS
// (strace(1), --color). Invalid parts are ignored.
func NewPalette(theme Theme, spec string) *Palette {
	p := new(Palette)
	for h, sgr := range themeStyles(theme) {
		p[h] = newStyle(sgr)
	}
	var given [numHues]bool
	for part := range strings.SplitSeq(spec, ":") {
		key, value, _ := strings.Cut(part, "=")
		h := hueNamed(strings.ToLower(strings.TrimSpace(key)))
		value = strings.TrimSpace(value)
		if h != HueReset && isSGR(value) {
			p[h], given[h] = newStyle(value), true
		}
	}
	for h := range p {
		if follows := hueNames[h].follows; given[follows] && !given[h] {
			p[h] = p[follows]
		}
	}
	return p
}

// hueNamed returns the Hue of a key, or HueReset if there is none.
func hueNamed(key string) Hue {
	for h := range numHues {
		if key != "" && hueNames[h].key == key {
			return h
		}
	}
	return HueReset
}

// isSGR reports whether s is a list of numbers for an SGR sequence.
func isSGR(s string) bool {
	return strings.Trim(s, "0123456789;") == "" && strings.Trim(s, ";") != ""
}

// HueMark begins a two-byte mark in a coloured text, whose second byte is a Hue. Paint
// replaces marks.
const HueMark = '\x1b'

// MarkSize is the size of a mark in bytes.
const MarkSize = 2

// Paint appends text, in which marks stand for hues, with escape sequences instead of the
// marks. The terminal has its own look before and after the text, and at the end of each
// line that ends with HueReset. Paint writes a sequence only where the look of something
// visible changes. The text starts with the hue start.
func (p *Palette) Paint(b, text []byte, start Hue) []byte {
	var now style
	want := &p[start]
	for len(text) > 0 {
		if text[0] == HueMark && len(text) >= MarkSize {
			want = &p[text[1]]
			text = text[MarkSize:]
			continue
		}
		end := bytes.IndexByte(text, HueMark)
		if end < 0 {
			end = len(text)
		}
		run := text[:end]
		text = text[end:]
		if want.sgr != now.sgr {
			if (want.changes|now.changes)&seenInBlanks == 0 {
				blanks := len(run) - len(bytes.TrimLeft(run, " "))
				b = append(b, run[:blanks]...)
				run = run[blanks:]
			}
			if len(run) == 0 {
				continue
			}
			b = append(b, "\x1b["...)
			switch {
			case want.sgr == "":
				b = append(b, '0')
			case now.changes&^want.changes != 0:
				b = append(b, "0;"...)
			}
			b = append(append(b, want.sgr...), 'm')
			now = *want
		}
		b = append(b, run...)
	}
	if now.sgr != "" {
		b = append(b, "\x1b[0m"...)
	}
	return b
}
