//go:build linux && amd64

package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"trapline/output/cells"
	jsonformat "trapline/output/json"
)

// writer collects a report. It has methods for lines of text and for JSON.
type writer struct {
	b     []byte
	at    time.Time
	stamp func(time.Time) int64
	// message takes messages that have no place in the report. It may be nil.
	message func(text string)
	comma   bool // the next member or element follows another one
}

// newWriter returns a writer for reports in this form.
func (f *Form) newWriter() *writer {
	w := &writer{stamp: f.Stamp, message: f.Message, at: f.At}
	if w.at.IsZero() {
		w.at = time.Now()
	}
	return w
}

// missing says what is missing of the trace.
func (w *writer) missing(f *Form) {
	for _, text := range f.Missing {
		if f.JSON {
			w.record("incomplete")
			w.text("message", text)
			w.end()
		} else if f.Message != nil {
			f.Message(text)
		}
	}
}

// table writes rows in columns. The first columns, so many as right says, are aligned to
// the right. The last column is not padded.
func (w *writer) table(rows [][]string, right int) {
	var widths []int
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], cells.Width(cell))
		}
	}
	for _, row := range rows {
		for i, cell := range row[:len(row)-1] {
			pad := cells.Pad(cell, widths[i])
			if i < right {
				w.b = append(w.b, pad...)
				w.b = append(w.b, cell...)
			} else {
				w.b = append(w.b, cell...)
				w.b = append(w.b, pad...)
			}
			w.b = append(w.b, "  "...)
		}
		w.line("%s", row[len(row)-1])
	}
}

// line writes a line of text.
func (w *writer) line(format string, args ...any) {
	w.b = append(fmt.Appendf(w.b, format, args...), '\n')
}

// record begins a record of JSON, which end ends.
func (w *writer) record(event string) {
	at := w.at.UnixNano()
	if w.stamp != nil {
		at = w.stamp(w.at)
	}
	w.b = append(w.b, jsonformat.RecordStart...)
	second, fraction, sign := at/1e9, at%1e9, ""
	if at < 0 { // the times in a recording are arbitrary
		second, fraction, sign = -second, -fraction, "-"
	}
	w.b = fmt.Appendf(w.b, `"%s","time":%s%d.%09d,"time_ns":%d`, event, sign, second, fraction, at)
	w.comma = true
}

func (w *writer) end() { w.b = append(w.b, "}\n"...) }

// key begins a member, whose value follows. Within a list key is empty.
func (w *writer) key(key string) {
	if w.comma {
		w.b = append(w.b, ',')
	}
	w.comma = true
	if key != "" {
		w.b, _ = jsonformat.AppendString(w.b, key)
		w.b = append(w.b, ':')
	}
}

// open begins an object or list, close ends it.
func (w *writer) open(key string, bracket byte) {
	w.key(key)
	w.b, w.comma = append(w.b, bracket), false
}

func (w *writer) close(bracket byte) { w.b, w.comma = append(w.b, bracket), true }

func (w *writer) number(key string, n int64) {
	w.key(key)
	w.b = strconv.AppendInt(w.b, n, 10)
}

func (w *writer) flag(key string) {
	w.key(key)
	w.b = append(w.b, "true"...)
}

// text writes a string. If it has bytes that are not UTF-8, the member key_hex has all
// of its bytes.
func (w *writer) text(key, s string) {
	w.key(key)
	var exact bool
	if w.b, exact = jsonformat.AppendString(w.b, s); !exact && key != "" {
		w.key(key + "_hex")
		w.b = jsonformat.AppendHex(w.b, s)
	}
}

// texts writes a list of strings. If there are bytes that are not UTF-8, the member
// key_hex is a list of all strings in hexadecimal.
func (w *writer) texts(key string, list []string) {
	w.open(key, '[')
	allExact := true
	for _, s := range list {
		w.key("")
		var exact bool
		w.b, exact = jsonformat.AppendString(w.b, s)
		allExact = allExact && exact
	}
	w.close(']')
	if allExact {
		return
	}
	w.open(key+"_hex", '[')
	for _, s := range list {
		w.key("")
		w.b = jsonformat.AppendHex(w.b, s)
	}
	w.close(']')
}

// shown is a name in text for people: in quotes, with escapes, if it contains anything
// that a terminal may interpret or that is hard to see.
func shown(s string) string {
	if s == "" {
		return `""`
	}
	plain := s[0] != ' ' && s[len(s)-1] != ' ' && utf8.ValidString(s)
	for _, r := range s {
		if !plain || !strconv.IsPrint(r) || r == '"' || r == '\\' {
			return strconv.Quote(s)
		}
	}
	return s
}

// size is a number of bytes for people.
func size(n uint64) string {
	if n < 100_000 {
		return strconv.FormatUint(n, 10)
	}
	f := float64(n)
	for _, unit := range [...]string{"K", "M", "G", "T", "P"} {
		if f /= 1024; f < 1000 || unit == "P" {
			digits := 1
			if f >= 100 {
				digits = 0
			}
			return strconv.FormatFloat(f, 'f', digits, 64) + unit
		}
	}
	return ""
}

// seconds is a duration for people.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 6, 64) }

// few joins the first few names.
func few(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(len(names)-most) + " more"
}

// instant writes a time in nanoseconds.
func (w *writer) instant(key string, at time.Time) {
	if w.stamp != nil {
		w.number(key, w.stamp(at))
		return
	}
	w.number(key, at.UnixNano())
}

// words writes a list of strings that need no escapes.
func (w *writer) words(key string, list []string) {
	w.open(key, '[')
	for _, s := range list {
		w.text("", s)
	}
	w.close(']')
}

// splitLines yields the lines of a text.
func splitLines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if !yield(strings.TrimSuffix(line, "\n")) {
				return
			}
		}
	}
}
