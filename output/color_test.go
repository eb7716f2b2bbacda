package output_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"trapline/output"
	"trapline/output/outputtest"
)

// coloredRecords writes records of all kinds.
func coloredRecords(t *testing.T, l *output.Log) {
	tr := outputtest.NewRecord(t, l, 1)
	fail := func(errno int, name string, path bool) {
		tr.BeginCall(&output.Header{Name: "openat"})
		tr.Arg("fd", output.NameOptional)
		tr.Enum(2, outputtest.Families, output.Hex)
		if path {
			tr.Arg("path", output.NameOptional)
			tr.Str(output.Path, []byte("/etc/hosts"), true)
		}
		tr.Arg("buf", output.NameOptional)
		tr.Str(output.Plain, []byte("data"), false)
		tr.Arg("count", output.NameOptional)
		tr.Number(4711, output.Unsigned)
		tr.Arg("fd2", output.NameOptional)
		tr.Number(3, output.Signed)
		tr.Annotate("path", []byte("/dev/null"))
		tr.Annotate("dev", []byte("char 1:3"))
		tr.Comment(output.Note, "a note")
		tr.Arg("dev", output.NameOptional)
		outputtest.Device(tr)
		tr.Entered()
		tr.Resume(outputtest.Start)
		tr.Return()
		tr.Number(1<<64-1, output.Signed)
		if errno != 0 {
			tr.Failure(errno, name, "Something")
		}
		tr.BeginRemark(output.Aside)
		tr.Field("flags")
		tr.Flags(2, outputtest.OpenFlags, output.Hex)
		tr.EndRemark()
		tr.EndCall(&output.Result{Delayed: true, Reason: "why"})
	}
	fail(0, "", true)
	fail(2, "ENOENT", true)
	fail(13, "EACCES", true)
	fail(2, "ENOENT", false)
	tr.BeginSignal(outputtest.Start, "SIGCHLD")
	tr.BeginStruct()
	tr.Field("si_code")
	tr.Number(5, output.Signed)
	tr.EndStruct()
	tr.EndSignal()
	tr.Stopped(outputtest.Start, "SIGSTOP")
	tr.Exited(outputtest.Start, 1, nil)
	other := outputtest.NewRecord(t, l, 2)
	other.Killed(outputtest.Start, "SIGSEGV", true, nil)
}

// look is how a terminal draws a character.
type look struct {
	fg, bg string // parameters, empty for the terminal's own
	attrs  [10]bool
}

// apply changes a look as SGR parameters say.
func (l *look) apply(t *testing.T, sgr string) {
	t.Helper()
	fields := strings.Split(sgr, ";")
	for i := 0; i < len(fields); i++ {
		n, err := strconv.Atoi(fields[i])
		switch {
		case err != nil:
			t.Fatalf("parameters %q", sgr)
		case n == 0:
			*l = look{}
		case n < 10:
			l.attrs[n] = true
		case n == 38:
			l.fg = strings.Join(fields[i:i+3], ";")
			i += 2
		case n == 39:
			l.fg = ""
		case 30 <= n && n < 38 || 90 <= n && n < 98:
			l.fg = fields[i]
		case 40 <= n && n < 48 || 100 <= n && n < 108:
			l.bg = fields[i]
		default:
			t.Fatalf("parameter %d of %q", n, sgr)
		}
	}
}

// blank reports whether a blank in this look is invisible.
func (l *look) blank() bool { return l.bg == "" && !l.attrs[4] && !l.attrs[7] }

// seen is a character with its look on a terminal.
type seen struct {
	char byte
	look look
}

// show interprets the text as a terminal does. It fails for each sequence that changes
// nothing visible, and for each line at whose end the look is not the terminal's own.
func show(t *testing.T, text string) (screen []seen) {
	t.Helper()
	now, before := look{}, look{} // the look at the last visible character
	pending := false              // a sequence has been written since then
	for line := range strings.Lines(text) {
		rest := line
		for rest != "" {
			if after, ok := strings.CutPrefix(rest, "\x1b["); ok {
				sgr, after, ok := strings.Cut(after, "m")
				if !ok || pending {
					t.Errorf("%q: nothing is seen between two sequences, in %q", rest, line)
				}
				old := now
				if now.apply(t, sgr); now == old {
					t.Errorf("ESC[%sm changes nothing in %q", sgr, line)
				}
				pending, rest = true, after
				continue
			}
			c := rest[0]
			rest = rest[1:]
			switch {
			case c == '\n':
				if now != (look{}) {
					t.Errorf("at the end of a line the terminal looks %v: %q", now, line)
				}
				pending, before = false, look{} // the next line is drawn by itself
			case c == '\x1b':
				t.Errorf("an unknown escape in %q", line)
			case c != ' ' || !now.blank() || !before.blank():
				if pending && now == before {
					t.Errorf("sequences in %q change nothing", line)
				}
				pending, before = false, now
			}
			screen = append(screen, seen{c, now})
		}
	}
	return screen
}

// lookOf returns the look of the first character of text on a screen.
func lookOf(t *testing.T, screen []seen, text string) look {
	t.Helper()
	var plain strings.Builder
	for _, s := range screen {
		plain.WriteByte(s.char)
	}
	i := strings.Index(plain.String(), text)
	if i < 0 {
		t.Fatalf("no %q in\n%s", text, &plain)
	}
	return screen[i].look
}

var themes = map[string]output.Theme{
	"dark, 16": output.Dark16, "light, 16": output.Light16, "dark, 256": output.Dark256, "light, 256": output.Light256,
}

// Each escape sequence changes something visible. Kinds of values have different colours,
// and serious failures stand out more than a failed search.
func TestColors(t *testing.T) {
	for name, theme := range themes {
		for _, o := range []output.Options{{}, {ArgNames: true, Durations: true, Names: output.Verbose}, {PID: output.PIDColumn, Number: true, IP: true, Names: output.Raw}, {Whole: true}} {
			o.Column, o.Statuses = 12, output.AllStatuses
			plain := record(t, o, func(l *output.Log) { coloredRecords(t, l) })
			o.Palette = output.NewPalette(theme, "")
			screen := show(t, record(t, o, func(l *output.Log) { coloredRecords(t, l) }))
			var shown strings.Builder
			for _, s := range screen {
				shown.WriteByte(s.char)
			}
			if shown.String() != plain {
				t.Fatalf("%s: with colours\n%s\nwithout\n%s", name, &shown, plain)
			}
			kinds := map[string]look{
				"path": lookOf(t, screen, `"/etc/hosts"`), "string": lookOf(t, screen, `"data"`), "number": lookOf(t, screen, "4711"),
				"error": lookOf(t, screen, "EACCES"), "failed search": lookOf(t, screen, "ENOENT"), "signal": lookOf(t, screen, "SIGCHLD"),
				"death": lookOf(t, screen, "+++ killed by SIGSEGV"), "punctuation": lookOf(t, screen, ", "),
			}
			for a, one := range kinds {
				for b, other := range kinds {
					if a != b && one == other {
						t.Errorf("%s: %s and %s look the same: %v", name, a, b, one)
					}
				}
			}
			if kinds["path"] != lookOf(t, screen, "/dev/null") {
				t.Errorf("%s: the path of a descriptor does not look like a path", name)
			}
			if lookOf(t, screen, "+++ exited with 1") == (look{}) {
				t.Errorf("%s: an exit with an error has no colour", name)
			}
		}
	}
}

// Most of a coloured trace is text, not escape sequences.
func TestFewEscapes(t *testing.T) {
	o := output.Options{Column: 12, Statuses: output.AllStatuses}
	plain := record(t, o, func(l *output.Log) { coloredRecords(t, l) })
	o.Palette = output.NewPalette(output.Dark16, "")
	if colored := record(t, o, func(l *output.Log) { coloredRecords(t, l) }); len(colored) > 2*len(plain) {
		t.Errorf("%d bytes with colours, %d without", len(colored), len(plain))
	}
}

func TestPalette(t *testing.T) {
	for _, tt := range []struct {
		spec string
		text string // the text whose first character has the look
		want string
	}{
		{"", "openat", "33"},
		{"syscall=", "openat", "33"},
		{" SyScAlL = 1;31 : unknown = 1;36 ", "openat", "1;31"},
		{"syscall=1;31;foo", "openat", "33"},
		{"syscall=;", "openat", "33"},
		{"syscall=93:syscall=1;31:argval=1;32", "openat", "1;31"},
		{"syscall=93:argval=1;32:", `"data"`, "1;32"},
		{"argval=1;32:string=4;35", `"data"`, "4;35"},
		{"argval=1;32:string=4;35", `"/etc`, "1;32"},
		{"path=7;34", `"/etc`, "7;34"},
		{"error=95", "ENOENT", "95"},
		{"error=95:search=96", "ENOENT", "96"},
		{"signal=38;5;100", "SIGCHLD", "38;5;100"},
		{"end=44", "+++ killed", "44"},
		{"retval=1:error=31", "EACCES", "31"},
	} {
		o := output.Options{Column: 12, Statuses: output.AllStatuses, Palette: output.NewPalette(output.Dark16, tt.spec)}
		var want look
		want.apply(t, tt.want)
		if got := lookOf(t, show(t, record(t, o, func(l *output.Log) { coloredRecords(t, l) })), tt.text); got != want {
			t.Errorf("%q: %s looks %v, want %v", tt.spec, tt.text, got, want)
		}
	}
}

// TestColorsTakeNoColumn checks that coloured results are aligned like plain
// ones.
func TestColorsTakeNoColumn(t *testing.T) {
	write := func(o output.Options) string {
		o.Column, o.Statuses, o.Names, o.PID = 90, output.AllStatuses, output.Verbose, output.PIDColumn
		return record(t, o, func(l *output.Log) { coloredRecords(t, l) })
	}
	plain, colored := write(output.Options{}), ""
	for _, s := range show(t, write(output.Options{Palette: output.NewPalette(output.Dark16, "")})) {
		colored += string(s.char)
	}
	if plain != colored {
		t.Errorf("got\n%swithout colours\n%s", colored, plain)
	}
}

// rgb is a colour.
type rgb [3]float64

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", int(c[0]), int(c[1]), int(c[2])) }

// luminance is the relative luminance of WCAG 2.1.
func (c rgb) luminance() float64 {
	var linear [3]float64
	for i, v := range c {
		if v /= 255; v <= 0.03928 {
			linear[i] = v / 12.92
		} else {
			linear[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return 0.2126*linear[0] + 0.7152*linear[1] + 0.0722*linear[2]
}

// contrast is the contrast ratio of WCAG 2.1.
func contrast(a, b rgb) float64 {
	high, low := a.luminance(), b.luminance()
	return (max(high, low) + 0.05) / (min(high, low) + 0.05)
}

// xterm16 are the first 16 colours as xterm has them.
var xterm16 = [16]rgb{
	{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
	{127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255}, {255, 0, 255}, {0, 255, 255}, {255, 255, 255},
}

// rgbOf returns the colours that a foreground may be: terminals show the first eight in
// bold as the next eight.
func rgbOf(t *testing.T, l look, own rgb) []rgb {
	t.Helper()
	n, err := strconv.Atoi(l.fg)
	if number, ok := strings.CutPrefix(l.fg, "38;5;"); ok {
		n, err = strconv.Atoi(number)
		switch {
		case err == nil && n >= 232:
			v := float64(8 + 10*(n-232))
			return []rgb{{v, v, v}}
		case err == nil && n >= 16:
			level := func(i int) float64 { return [6]float64{0, 95, 135, 175, 215, 255}[i%6] }
			return []rgb{{level((n - 16) / 36), level((n - 16) / 6), level(n - 16)}}
		}
	}
	switch {
	case l.fg == "":
		return []rgb{own}
	case err == nil && 30 <= n && n < 38 && l.attrs[1]:
		return []rgb{xterm16[n-30], xterm16[n-22]}
	case err == nil && 30 <= n && n < 38:
		return []rgb{xterm16[n-30]}
	case err == nil && 90 <= n && n < 98:
		return []rgb{xterm16[n-82]}
	}
	t.Fatalf("foreground %q", l.fg)
	return nil
}

// All text is readable: the contrast with the background is 4.5:1 or more (WCAG 2.1,
// 1.4.3). The 16 colours are those of xterm on black and white. The colours of the cube
// are also compared with the backgrounds of other terminals and of common colour schemes.
func TestContrast(t *testing.T) {
	dark := []rgb{{0, 0, 0}, {0x1e, 0x1e, 0x1e}, {0x28, 0x2c, 0x34}, {0, 0x2b, 0x36}, {0x30, 0x0a, 0x24}, {0x2e, 0x34, 0x40}}
	light := []rgb{{255, 255, 255}, {0xfa, 0xfa, 0xfa}, {0xfd, 0xf6, 0xe3}, {0xf9, 0xf5, 0xd7}}
	black, white := rgb{0, 0, 0}, rgb{255, 255, 255}
	for _, tt := range []struct {
		theme       output.Theme
		own         rgb
		backgrounds []rgb
	}{
		{output.Dark16, xterm16[7], dark[:1]},
		{output.Light16, black, light[:1]},
		{output.Dark256, white, dark},
		{output.Light256, black, light},
	} {
		o := output.Options{Column: 12, Statuses: output.AllStatuses, ArgNames: true, Palette: output.NewPalette(tt.theme, "")}
		checked := map[look]bool{}
		for _, s := range show(t, record(t, o, func(l *output.Log) { coloredRecords(t, l) })) {
			if checked[s.look] || s.look.bg != "" {
				continue
			}
			checked[s.look] = true
			for _, fg := range rgbOf(t, s.look, tt.own) {
				for _, bg := range tt.backgrounds {
					if ratio := contrast(fg, bg); ratio < 4.5 {
						t.Errorf("theme %d: %v (%s) on %s has a contrast of %.2f", tt.theme, s.look, fg, bg, ratio)
					}
				}
			}
		}
		if len(checked) < 8 {
			t.Errorf("theme %d: only %d looks", tt.theme, len(checked))
		}
	}
}
