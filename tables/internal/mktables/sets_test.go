package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// testUAPI holds a few constants to resolve sets with.
func testUAPI(t *testing.T) *uapi {
	u := &uapi{consts: make(map[string][]*constant), byName: make(map[string][]*constant)}
	for header, text := range map[string]string{
		"<a.h>": `A_MASK 0x3
A_ZERO 0
A_ONE 0x1
A_TWO 0x2
A_FOUR 0x4
A_ALIAS 0x4
A_SIX 0x6
A_EIGHT 0x8 i386=0x80
A_END 0x10
A_NEG -1`,
		"<b.h>": `B_ONE 0x1
A_ONE 0x1
A_TWO 0x20`,
	} {
		for line := range strings.Lines(text) {
			c, err := parseConstant(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			u.consts[header] = append(u.consts[header], c)
			u.byName[c.name] = append(u.byName[c.name], c)
		}
	}
	return u
}

// resolveText parses sets and resolves the first, giving its members as text.
func resolveText(t *testing.T, text string) (string, error) {
	sets, err := parseSets("x.txt", []byte(text))
	if err != nil {
		return "", err
	}
	r := resolver{uapi: testUAPI(t), sets: make(map[string]*set)}
	for _, s := range sets {
		r.sets[s.name] = s
	}
	if err := r.resolve(sets[0]); err != nil {
		return "", err
	}
	var b strings.Builder
	for _, m := range sets[0].members {
		fmt.Fprintf(&b, "%s=%#x", m.name, m.values[0])
		if m.values[1] != m.values[0] {
			fmt.Fprintf(&b, ",%#x", m.values[1])
		}
		if m.masks[0] != 0 {
			fmt.Fprintf(&b, "/%#x", m.masks[0])
		}
		b.WriteString(" ")
	}
	return strings.TrimSpace(b.String()), nil
}

func TestResolve(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"enum E E_??? <a.h> A_ONE A_TWO", "A_ONE=0x1 A_TWO=0x2"},
		{"enum E E_??? <b.h> A_TWO B_ONE", "A_TWO=0x20 B_ONE=0x1"},
		{"enum E E_??? A_FOUR A_ONE", "A_FOUR=0x4 A_ONE=0x1"}, // no header, or two that agree
		{"enum E E_??? <a.h> A_T* A_F*", "A_TWO=0x2 A_FOUR=0x4"},
		{"enum E E_??? <a.h> A_F* A_ALIAS", "A_FOUR=0x4"}, // the first name of a value
		{"enum E E_??? <a.h> A_*O*", "A_ZERO=0x0 A_ONE=0x1 A_TWO=0x2 A_FOUR=0x4"},
		{"enum E E_??? <a.h> A_ONE...A_ALIAS", "A_ONE=0x1 A_TWO=0x2 A_FOUR=0x4"},
		{"enum E E_??? <a.h> -A_*O A_ONE...A_ALIAS", "A_ONE=0x1 A_FOUR=0x4"},
		{"enum E E_??? <a.h> A_NEG", "A_NEG=0xffffffffffffffff"},
		{"enum E E_??? X=A_FOUR Y=0x77 Z=-2", "X=0x4 Y=0x77 Z=0xfffffffffffffffe"},
		{"enum E E_??? <a.h> A_EIGHT", "A_EIGHT=0x8,0x80"},
		{"enum E E_??? @F B_ONE\nflags F E_??? A_FOUR", "A_FOUR=0x4 B_ONE=0x1"},
		{"enum E E_??? @F -A_F*\nflags F E_??? A_FOUR A_SIX", "A_SIX=0x6"},
		{"flags E E_??? <a.h> A_* -A_MASK -A_NEG -A_EIGHT -A_TWO", "A_ONE=0x1 A_FOUR=0x4 A_SIX=0x6 A_END=0x10"},
		{"flags E E_??? <a.h> A_ZERO A_ONE", "A_ZERO=0x0/0xffffffffffffffff A_ONE=0x1"},
		{"flags E E_??? <a.h> A_MASK{A_ZERO A_TWO} A_FOUR", "A_ZERO=0x0/0x3 A_TWO=0x2/0x3 A_FOUR=0x4"},
		{"flags E E_??? <a.h> 0x30 { A_ZERO } A_ONE", "A_ZERO=0x0/0x30 A_ONE=0x1"},
		{"flags E E_??? X=-0x80000000", "X=0x80000000"},
		{"flags E E_??? <a.h> 1<<A_TWO 1<<A_F*", "1<<A_TWO=0x4 1<<A_FOUR=0x10"},
		{"enum E E_??? A_FOUR # comment\n\n  A_SIX\n# more\n\tB_ONE", "A_FOUR=0x4 A_SIX=0x6 B_ONE=0x1"},
	} {
		got, err := resolveText(t, c.in)
		if err != nil || got != c.want {
			t.Errorf("%q\ngot  %s, %v\nwant %s", c.in, got, err, c.want)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{" A_ONE", "x.txt:1: nothing to continue"},
		{"enum E E_???", "x.txt:1: want enum|enum64|flags <Name> <UNKNOWN_???> <members>"},
		{"\nset E E_??? A", "x.txt:2: want enum|enum64|flags <Name> <UNKNOWN_???> <members>"},
		{"enum E E_??? <c.h> A_ONE", "no constants of <c.h>"},
		{"enum E E_??? C_ONE", "no header defines C_ONE"},
		{"enum E E_??? A_TWO", "headers disagree about A_TWO: name the one to take it from"},
		{"enum E E_??? <a.h> C_*", "nothing in <a.h> is called C_*"},
		{"enum E E_??? <a.h> A_SIX...A_ONE", "<a.h> has no range A_SIX...A_ONE"},
		{"enum E E_??? <a.h> A_SIX...C", "<a.h> has no range A_SIX...C"},
		{"enum E E_??? X=0xg", `strconv.ParseUint: parsing "0xg": invalid syntax`},
		{"enum E E_??? <a.h> A_F* -A_*", "empty"},
		{"enum E E_??? =", "a member without a name"},
		{"enum E E_??? @F", "no set F"},
		{"enum E E_??? @E", "E: set contains itself"},
		{"flags E E_??? A_MASK{ A_ONE", "opening brace without a closing one"},
		{"flags E E_??? A_ONE }", "closing brace without an opening one"},
		{"flags E E_??? A_MASK{ A_MASK{ A_ONE } }", "braces within braces"},
	} {
		got, err := resolveText(t, c.in)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q gives %q, %v, want error %q", c.in, got, err, c.want)
		}
	}
}

func TestParseConstant(t *testing.T) {
	for _, c := range []struct {
		in   string
		want constant
	}{
		{"A 0x10", constant{"A", [2]uint64{16, 16}, [2]bool{true, true}, false}},
		{"A -1", constant{"A", [2]uint64{1<<64 - 1, 1<<64 - 1}, [2]bool{true, true}, false}},
		{"A 0x1 i386=0x2 ioc", constant{"A", [2]uint64{1, 2}, [2]bool{true, true}, true}},
		{"A 0x1 i386=-", constant{"A", [2]uint64{1, 1}, [2]bool{true, false}, false}},
		{"A - i386=0x2", constant{"A", [2]uint64{2, 2}, [2]bool{false, true}, false}},
	} {
		got, err := parseConstant(c.in)
		if err != nil || *got != c.want {
			t.Errorf("%q gives %+v, %v, want %+v", c.in, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "A", "A x", "A 1 i387=2", "A 1 i386="} {
		if got, err := parseConstant(bad); err == nil {
			t.Errorf("%q gives %+v, want an error", bad, got)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"A_*", "A_ONE", true},
		{"A_*", "A_", true},
		{"A_*", "BA_ONE", false},
		{"*_ONE", "A_ONE", true},
		{"*_ONE", "A_ONES", false},
		{"A*B*C", "AxBBxCC", true},
		{"A*B*C", "AxC", false},
		{"A", "A", true},
		{"A", "AB", false},
		{"*", "", true},
	} {
		if got := match(c.pattern, c.name); got != c.want {
			t.Errorf("match(%q, %q) = %v", c.pattern, c.name, got)
		}
	}
}

// TestMembersReachable checks all sets for members that no value can show: a
// name twice, a flag after one that always takes its bits, or one outside its
// own mask.
func TestMembersReachable(t *testing.T) {
	u, err := readUAPI("../..")
	if err != nil {
		t.Fatal(err)
	}
	byFile, err := loadSets(facts{"../..", u})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, sets := range byFile {
		for _, s := range sets {
			n++
			for j, m := range s.members {
				if slices.ContainsFunc(s.members[:j], func(o member) bool { return o.name == m.name }) {
					t.Errorf("%s: %s has %s twice", s.file, s.name, m.name)
				}
				if s.kind != "flags" {
					continue
				}
				if m.values[0]&^mask(m) != 0 {
					t.Errorf("%s: %s is outside of its mask in %s", s.file, m.name, s.name)
				}
				for _, o := range s.members[:j] {
					within := mask(o)&^mask(m) == 0 // o uses no bit that m does not
					if within && m.values[0]&mask(o) == o.values[0] {
						t.Errorf("%s: %s never shows %s: %s stands before it", s.file, s.name, m.name, o.name)
					}
				}
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d sets", n)
	}
}

// mask returns the bits that a flag uses on x86-64.
func mask(m member) uint64 {
	if m.masks[0] != 0 {
		return m.masks[0]
	}
	return m.values[0]
}

// FuzzSets checks that no description crashes the generator, and that sets it
// accepts have members.
func FuzzSets(f *testing.F) {
	f.Add("enum E E_??? <a.h> A_* -A_ONE X=0x3\nflags F F_??? A_MASK{A_ONE} @E 1<<A_TWO A_ONE...A_SIX # c")
	f.Add("flags F - A_MASK { } }")
	f.Add("enum E E_??? @E\n @F")
	f.Fuzz(func(t *testing.T, in string) {
		sets, err := parseSets("x.txt", []byte(in))
		if err != nil {
			return
		}
		r := resolver{uapi: testUAPI(t), sets: make(map[string]*set)}
		for _, s := range sets {
			r.sets[s.name] = s
		}
		for _, s := range sets {
			if err := r.resolve(s); err == nil && len(s.members) == 0 {
				t.Errorf("%q: %s is empty", in, s.name)
			}
		}
	})
}
