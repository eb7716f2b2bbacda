//go:build linux && amd64

package report

import (
	"strings"
	"testing"
)

// Only calls that one side lacks are marked; calls after the first difference that both
// sides have are not.
func TestDifferenceInContext(t *testing.T) {
	for _, tt := range []struct{ a, b, want string }{
		{"a b c d e f g h", "a b c d X f g h", "b c d -e +X f g h"},
		{"a b c d e f g h", "a b c d X e f g h", "b c d +X e f g"},
		{"a b c d e f g h", "a b c d f g h", "b c d -e f g h"},
		{"a b c d=ENOENT e f g h", "a b c d e f X g h", "a b c -d=ENOENT +d e f +X g"},
		{"a b", "a b c d e f g h", "a b +c +d +e +f +and 2 more"},
		{"a b c d e f g h", "h", "-a -b -c -d -and 3 more h"},
		{"a b", "c d", "-a -b +c +d"},
		{"a", "b c d e f", "-a +b +c +d +e +and 1 more"},
	} {
		keys := new(numbering)
		c := &Comparison{a: newSide("a", keys), b: newSide("b", keys)}
		p := &process{}
		c.compareThreads(place{process: p}, place{process: p}, false, steps(keys, tt.a), steps(keys, tt.b), true)
		w := &writer{}
		c.differences[0].text(w)
		marks := strings.NewReplacer("- ", "-", "+ ", "+")
		var got []string
		for line := range strings.Lines(string(w.b)) {
			got = append(got, marks.Replace(strings.TrimSpace(line)))
		}
		if shown := strings.Join(got[1:], " "); shown != tt.want {
			t.Errorf("%q and %q: %q, want %q", tt.a, tt.b, shown, tt.want)
		}
	}
}

// steps makes calls from words: a name, and perhaps an error after "=".
func steps(keys *numbering, words string) (list []*step) {
	for word := range strings.FieldsSeq(words) {
		name, outcome, failed := strings.Cut(word, "=")
		s := &step{key: keys.of(name), text: word, outcome: "0", weighs: true}
		if failed {
			s.outcome = outcome
		}
		list = append(list, s)
	}
	return list
}
