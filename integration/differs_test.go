package integration

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A divergence is an entry of testdata/probe/differs.txt, which describes its
// syntax. It allows a part of the line of certain calls to differ between
// strace's trace and trapline's.
type divergence struct {
	line     int      // of differs.txt
	rare     bool     // some runs do not use it
	only     []string // versions of strace or ABIs to which it applies, nil for all
	calls    []string
	names    []*regexp.Regexp // the same, compiled
	used     []bool           // by call
	strace   *part
	trapline *part
}

// part is the part of a line that the other tracer writes differently.
type part struct {
	*regexp.Regexp
	groups string // the text of all of its groups, in regexp's notation
}

func newPart(expr string) (*part, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, err
	}
	p := &part{Regexp: re}
	for i := range re.NumSubexp() {
		p.groups += fmt.Sprintf("${%d}", i+1)
	}
	return p, nil
}

// flagParts matches words of flags: in strace's line with bits that strace has
// no names for, in trapline's also with the given names. All flags begin with
// the first of names, the others continue it.
func flagParts(names []string) (strace, trapline *part, err error) {
	if len(names) < 2 {
		return nil, nil, fmt.Errorf("flags has what all begin with, and names")
	}
	begin := names[0]
	unnamed := ` /\* ` + begin + `\w*\?\?\? \*/`
	rest := `[\w|<]*\b` + begin + `[\w|<]*\|0x[0-9a-f]+(?:` + unnamed + `)?[\w|<]*` +
		`|0x[0-9a-f]+` + unnamed + `(?:\|[\w|<]*)?(?:` + unnamed + `)?`
	named := `(?:0x[0-9a-f]+` + unnamed + `\|)?[\w|<]*\b` + begin + `(?:` + strings.Join(names[1:], "|") + `)\b[\w|<]*(?:` + unnamed + `)?[\w|<]*`
	if strace, err = newPart(rest); err == nil {
		trapline, err = newPart(named + "|" + rest)
	}
	return strace, trapline, err
}

// without returns a line without the part, except for the text of the groups.
func (p *part) without(line string) string { return p.ReplaceAllString(line, p.groups) }

// divergences are the entries for one version of strace.
type divergences struct {
	all    []*divergence
	byCall map[abiCall][]*divergence // found so far
}

type abiCall struct{ abi, call string }

// divergencesFrom reads the entries for a version of strace.
func divergencesFrom(path, version string) (*divergences, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	ds := &divergences{byCall: make(map[abiCall][]*divergence)}
	number := 0
	for paragraph := range strings.SplitSeq(string(data), "\n\n") {
		d, err := parseDivergence(paragraph)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number+1, err)
		}
		if d != nil && d.aboutVersion(version) {
			d.line = number + 1
			ds.all = append(ds.all, d)
		}
		number += strings.Count(paragraph, "\n") + 2
	}
	return ds, nil
}

// parseDivergence parses one paragraph; it returns nil if there are only
// comments.
func parseDivergence(paragraph string) (*divergence, error) {
	var d divergence
	why := false
	for line := range strings.Lines(paragraph) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		value = strings.TrimLeft(value, " ")
		var err error
		switch key {
		case "why", "sometimes":
			why, d.rare = true, key == "sometimes"
		case "only":
			d.only = append(d.only, strings.Fields(value)...)
		case "calls":
			d.calls = append(d.calls, strings.Fields(value)...)
		case "strace":
			d.strace, err = newPart(value)
		case "trapline":
			d.trapline, err = newPart(value)
		case "flags":
			d.strace, d.trapline, err = flagParts(strings.Fields(value))
		default:
			err = fmt.Errorf("%q is no key", key)
		}
		if err != nil {
			return nil, err
		}
	}
	if !why && d.calls == nil {
		return nil, nil
	}
	if !why || d.calls == nil || d.strace == nil || d.trapline == nil {
		return nil, fmt.Errorf("an entry has why, calls, and either strace and trapline or flags")
	}
	for _, call := range d.calls {
		name, err := regexp.Compile("^(?:" + call + ")$")
		if err != nil {
			return nil, err
		}
		d.names = append(d.names, name)
	}
	d.used = make([]bool, len(d.calls))
	return &d, nil
}

// aboutVersion reports whether the entry applies to a version of strace.
func (d *divergence) aboutVersion(version string) bool {
	isVersion := func(only string) bool { return strings.Contains(only, ".") }
	return !slices.ContainsFunc(d.only, isVersion) || slices.Contains(d.only, version)
}

// aboutABI reports whether the entry applies to an ABI.
func (d *divergence) aboutABI(abi string) bool {
	isABI := func(only string) bool { return !strings.Contains(only, ".") }
	return !slices.ContainsFunc(d.only, isABI) || slices.Contains(d.only, abi)
}

// excuse reports whether the entries explain all differences between strace's
// and trapline's line for a call, and marks those that do as used.
func (ds *divergences) excuse(abi, call, theirs, ours string) bool {
	theirs, ours = alignment.ReplaceAllString(theirs, ") ="), alignment.ReplaceAllString(ours, ") =")
	var apply []*divergence
	for _, d := range ds.about(abi, call) {
		if d.strace.MatchString(theirs) && d.trapline.MatchString(ours) {
			apply = append(apply, d)
		}
	}
	for _, d := range apply {
		if d.strace.without(theirs) == d.trapline.without(ours) {
			d.used[d.call(call)] = true
			return true
		}
	}
	for _, d := range apply {
		theirs, ours = d.strace.without(theirs), d.trapline.without(ours)
	}
	if theirs != ours {
		return false
	}
	for _, d := range apply {
		d.used[d.call(call)] = true
	}
	return true
}

// about returns the entries for a call.
func (ds *divergences) about(abi, call string) []*divergence {
	key := abiCall{abi, call}
	found, ok := ds.byCall[key]
	if !ok {
		for _, d := range ds.all {
			if d.aboutABI(abi) && d.call(call) >= 0 {
				found = append(found, d)
			}
		}
		ds.byCall[key] = found
	}
	return found
}

// call returns the index of the first of d.calls that matches a call, or -1.
func (d *divergence) call(call string) int {
	return slices.IndexFunc(d.names, func(name *regexp.Regexp) bool { return name.MatchString(call) })
}

// checkUsed fails for entries that excused no line.
func (ds *divergences) checkUsed(t *testing.T) {
	t.Helper()
	for _, d := range ds.all {
		for i, used := range d.used {
			if !used && !d.rare {
				t.Errorf("differs.txt:%d: no line of %s differs so", d.line, d.calls[i])
			}
		}
	}
}

func TestDivergences(t *testing.T) {
	d, err := parseDivergence(`# of clocks
why       a reason
only      6.1 i386
calls     clock_\w+ timer
strace    (, )[0-9]+ /\* \w+ \*/
trapline  (, )CLOCK\([a-z]+\)`)
	if err != nil {
		t.Fatal(err)
	}
	if !d.aboutVersion("6.1") || d.aboutVersion("7.2") || !d.aboutABI("i386") || d.aboutABI("x86_64") {
		t.Errorf("only is %q, which is not a valid value", d.only)
	}
	ds := &divergences{all: []*divergence{d}, byCall: make(map[abiCall][]*divergence)}
	const strace = "f(1, 7 /* A */)   = 0"
	for _, tt := range []struct {
		abi, call, trapline string
		want                bool
	}{
		{"x86_64", "clock_get", "f(1, CLOCK(a)) = 0", false},
		{"i386", "clock", "f(1, CLOCK(a)) = 0", false},
		{"i386", "clock_get", "f(1, CLOCK(8)) = 0", false},
		{"i386", "clock_get", "f(2, CLOCK(a)) = 0", false},
		{"i386", "clock_get", "f(1; CLOCK(a)) = 0", false},
		{"i386", "clock_get", "f(1, CLOCK(a)) = 1", false},
		{"i386", "clock_get", "f(1, CLOCK(a)) = 0", true},
	} {
		if got := ds.excuse(tt.abi, tt.call, strace, tt.trapline); got != tt.want {
			t.Errorf("%s: %s is excused: %v", tt.abi, tt.trapline, got)
		}
	}
	if !d.used[0] || d.used[1] {
		t.Errorf("calls %q: used %v", d.calls, d.used)
	}
}
