//go:build linux && amd64

package condition

import (
	"errors"
	"strings"
	"testing"

	"trapline/tables"
)

// fakeSchema has the operands of a call like openat.
type fakeSchema struct{}

var operandsOfTest = map[string]*Operand{
	"name":          {Name: "name", Kinds: String, ID: 0},
	"flags":         {Name: "flags", Kinds: Number, Sets: []*tables.Set{&tables.OpenFlags}, ID: 1},
	"path":          {Name: "path", Kinds: String, ID: 2},
	"ret":           {Name: "ret", Kinds: Number, ID: 3},
	"dur":           {Name: "dur", Kinds: Duration, ID: 4},
	"errno":         {Name: "errno", Kinds: Number, ID: 5},
	"addr.sin_port": {Name: "addr.sin_port", Kinds: Number, ID: 6},
	"addr":          {Name: "addr", Kinds: Group, ID: 7},
	"buf":           {Name: "buf", Kinds: Number | String, ID: 8},
	"dirfd":         {Name: "dirfd", Kinds: Number, ID: 9},
	"addr.sin_addr": {Name: "addr.sin_addr", Kinds: String, ID: 10},
	"argv.0":        {Name: "argv[0]", Kinds: String, ID: 11},
}

func (fakeSchema) Operand(path []string) (*Operand, error) {
	if o := operandsOfTest[strings.Join(path, ".")]; o != nil {
		return o, nil
	}
	var known []string
	for name := range operandsOfTest {
		known = append(known, name)
	}
	return nil, &UnknownError{"no call has an operand '" + strings.Join(path, ".") + "'", strings.Join(path, "."), known}
}

func (fakeSchema) Constant(name string, sets []*tables.Set) (values [tables.NumABI]uint64, err error) {
	for _, set := range sets {
		for _, c := range set.Consts {
			if c.Name == name {
				return [tables.NumABI]uint64{c.Value, c.Value, c.Value}, nil
			}
		}
	}
	if n, ok := tables.ErrnoByName(name); ok {
		return [tables.NumABI]uint64{uint64(n), uint64(n), uint64(n)}, nil
	}
	if name == "AT_FDCWD" {
		minus100 := ^uint64(99)
		return [tables.NumABI]uint64{minus100, minus100, minus100}, nil
	}
	return values, &UnknownError{"no constant is called '" + name + "'", name, []string{"O_CREAT", "EACCES"}}
}

// fakeRecord is an openat that failed.
type fakeRecord struct{ entry bool }

func str(s ...string) (all []Value) {
	for _, s := range s {
		all = append(all, Value{Kind: String, Str: []byte(s)})
	}
	return all
}

func num(n int64) []Value { return []Value{{Kind: Number, Num: Signed(n)}} }

var recordOfTest = [...][]Value{
	0:  str("openat"),
	1:  num(0x80040), // O_CREAT|O_CLOEXEC
	2:  str("/etc", "/etc/passwd"),
	3:  num(-1),
	4:  {{Kind: Duration, Num: Signed(5_000_000)}},
	5:  num(13),
	6:  nil, // there is none
	7:  {{Kind: Group}},
	8:  str("data"),
	9:  {{Kind: Number, Num: Unsigned(0xffffff9c)}},
	10: str("127.0.0.1"),
	11: str("ls"),
}

func (fakeRecord) ABI() tables.ABI { return tables.X86_64 }

func (r fakeRecord) Values(o *Operand) ([]Value, bool) {
	if r.entry && o.ID >= 3 && o.ID <= 5 {
		return nil, false
	}
	return recordOfTest[o.ID], true
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		text          string
		entry, atExit Verdict
	}{
		{`name == "openat"`, True, True},
		{`name == 'openat'`, True, True},
		{`name != "openat"`, False, False},
		{`name == "read"`, False, False},
		{`name in ["open", "openat"]`, True, True},
		{`name not in ["open", "openat",]`, False, False},
		{`flags & O_CREAT`, True, True},
		{`flags & O_TRUNC`, False, False},
		{`not (flags & O_TRUNC)`, True, True},
		{`not flags & O_TRUNC`, True, True},
		{`! flags & O_TRUNC && true_ == 1`, 9, 9},
		{`flags & O_ACCMODE == O_RDONLY`, True, True},
		{`flags & (O_CREAT|O_TRUNC) == O_CREAT`, True, True},
		{`flags & O_CREAT|O_TRUNC == 0x240`, True, True}, // (flags&O_CREAT)|O_TRUNC
		{`flags == O_CREAT|O_CLOEXEC`, True, True},
		{`flags == 0x80040`, True, True},
		{`path == "/etc/passwd"`, True, True},
		{`path == "/etc"`, True, True},
		{`path != "/etc"`, False, False},
		{`path != "/tmp"`, True, True},
		{`path startsWith "/etc/"`, True, True},
		{`path endsWith "wd"`, True, True},
		{`path contains "pass"`, True, True},
		{`path matches "^/etc/p.*d$"`, True, True},
		{`path matches "^passwd"`, False, False},
		{`ret == -1`, Unknown, True},
		{`ret < 0`, Unknown, True},
		{`ret == 0xffffffff`, Unknown, True}, // as C has it
		{`ret > 0xffffffff`, Unknown, False},
		{`errno == EACCES`, Unknown, True},
		{`errno == eacces`, 9, 9},
		{`errno in [ENOENT, EACCES]`, Unknown, True},
		{`errno == ENOENT`, Unknown, False},
		{`dur > 4ms`, Unknown, True},
		{`dur >= 5ms and dur <= 0.005s`, Unknown, True},
		{`dur < 4999us + 1us`, Unknown, False},
		{`name == "read" and errno == EACCES`, False, False}, // decided at the entry
		{`errno == EACCES and name == "read"`, False, False},
		{`name == "openat" or errno == EACCES`, True, True},
		{`errno == EACCES or name == "openat"`, True, True},
		{`name == "openat" and errno == EACCES`, Unknown, True},
		{`not (errno == EACCES)`, Unknown, False},
		{`name == "read" and name == "x" or name == "openat"`, True, True}, // and before or
		{`name == "openat" or name == "read" and name == "x"`, True, True},
		{`(name == "openat" or name == "read") and name == "x"`, False, False},
		{`addr.sin_port == 443`, False, False}, // there is none
		{`addr.sin_port != 443`, False, False},
		{`addr.sin_port not in [443]`, False, False},
		{`not (addr.sin_port == htons(443))`, True, True},
		{`dirfd == AT_FDCWD`, True, True},
		{`dirfd == -100`, True, True},
		{`buf == "data"`, True, True},
		{`buf == 5`, False, False},
		{`buf == NULL`, False, False},
		{`addr == NULL`, False, False},
		{`buf != NULL`, True, True},
		{`addr.sin_addr == inet_addr("127.0.0.1")`, True, True},
		{`addr.sin_addr == inet_pton(2, "127.0.0.1")`, True, True},
		{`addr.sin_addr startsWith "127."`, True, True},
		{`argv[0] == "ls"`, True, True},
		{`1 + 2 * 3 == 7 and 1 << 4 | 1 == 17 and ~0 == -1 and - - 1 == 1 and 10 - 2 - 3 == 5 and 64K == 65536`, True, True},
		{`0x10 == 16 and 010 == 8 and 1.5K == 1536 and -1 < 0 and 0xffffffffffffffff > -1 and -5 >> 1 == -3`, True, True},
	} {
		condition, err := Parse(c.text, fakeSchema{})
		if c.entry == 9 {
			if err == nil {
				t.Errorf("%s: no error", c.text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := condition.Holds(&Evaluation{Record: fakeRecord{entry: true}}); got != c.entry {
			t.Errorf("%s: %d at the entry, want %d", c.text, got, c.entry)
		}
		if got := condition.Holds(&Evaluation{Record: fakeRecord{}}); got != c.atExit {
			t.Errorf("%s: %d at the exit, want %d", c.text, got, c.atExit)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		text   string
		column int
		want   string
	}{
		{``, 1, "it ends too early"},
		{`name ==`, 8, "it ends too early"},
		{`name == "x" and`, 16, "it ends too early"},
		{`name == "x" name`, 13, "unexpected 'name'"},
		{`name == "x`, 9, "the string has no end"},
		{`name == #`, 9, "unexpected character"},
		{`(name == "x"`, 13, "it ends too early"},
		{`name = "x"`, 1, "use '=='"},
		{`flag & O_CREAT`, 1, "did you mean 'flags'?"},
		{`name == "openat" and flag & O_CREAT`, 22, "no call has an operand 'flag': did you mean 'flags'?"},
		{`name == openat`, 9, "no call has an operand 'openat': a string has quotes"},
		{`path contains flag`, 15, "no call has an operand 'flag': a string has quotes"},
		{`path == /etc/passwd`, 9, "unexpected '/': a string has quotes"},
		{`errno == eacces`, 10, "'eacces' is no operand: did you mean 'EACCES'?"},
		{`flags & O_CREATE`, 9, "did you mean 'O_CREAT'?"},
		{`xyzzy == 1`, 1, "no call has an operand 'xyzzy'"},
		{`addr.sin_prot == 1`, 1, "did you mean 'addr.sin_port'?"},
		{`addr == 1`, 9, "'addr' is a struct: ask for a member of it"},
		{`addr in [1]`, 10, "is a struct"},
		{`addr matches "x"`, 1, "is a struct"},
		{`name == 3`, 9, "a string is compared with a number"},
		{`ret == "x"`, 8, "a number is compared with a string"},
		{`dur > 10`, 7, "a time is compared with a number (a time has a unit: 10ms)"},
		{`ret > 10ms`, 7, "a number is compared with a time"},
		{`ret`, 1, "a number is not a condition"},
		{`flags | O_CREAT`, 1, "a number is not a condition"},
		{`name & 1`, 1, "'&' is for numbers, and this is a string"},
		{`flags & "x"`, 9, "'&' is for numbers, and this is a string"},
		{`-name == 1`, 2, "'-' is for numbers"},
		{`name < "x"`, 1, "'<' compares numbers and times"},
		{`flags startsWith "x"`, 1, "'startsWith' is for strings"},
		{`name matches "("`, 14, "error parsing regexp"},
		{`name matches name`, 14, "must be given as a string"},
		{`ret in []`, 8, "the list is empty"},
		{`ret in ["x"]`, 9, "a number is compared with a string"},
		{`ret == 10x`, 8, "'x' is not a unit"},
		{`ret == 1.5`, 8, "not an integer"},
		{`ret == 099`, 8, "octal"},
		{`ret == 99999999999999999999`, 8, "more than 64 bits"},
		{`ret == 0x1ffffffffffffffff`, 8, "more than 64 bits"},
		{`dur == 0.1ns`, 8, "nanoseconds"},
		{`ret == htns(1)`, 8, "did you mean 'htons'?"},
		{`ret == htons(1, 2)`, 8, "takes 1 arguments"},
		{`ret == htons("x")`, 14, "htons takes a number here, not a string"},
		{`name == inet_addr("x")`, 9, "not an address"},
		{`(name == "x") & 1`, 1, "a condition stands here in place of a value"},
		{`name == "\q"`, 9, "wrong escape"},
		{`é`, 1, "unexpected character"},
		{`name == "é" and é`, 17, "unexpected character"},
		{strings.Repeat("(", 20000), maxText, "at most"},
	} {
		_, err := Parse(c.text, fakeSchema{})
		var e *Error
		switch {
		case err == nil:
			t.Errorf("%s: no error", c.text)
		case !errors.As(err, &e) || e.Column != c.column || !strings.Contains(e.Problem, c.want):
			t.Errorf("%s: %v, want column %d, %s", c.text, err, c.column, c.want)
		}
	}
}

// A condition with deeply nested parentheses can be read.
func TestDeepParentheses(t *testing.T) {
	text := strings.Repeat("(", 4000) + `ret == 1` + strings.Repeat(")", 4000)
	if _, err := Parse(text, fakeSchema{}); err != nil {
		t.Fatal(err)
	}
}

// FuzzParse looks for conditions that crash the parser or the evaluation, or whose verdict
// at the entry contradicts the one at the exit.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`name == "openat" and flags & O_CREAT and path startsWith "/etc"`, `dur > 10ms or ret in [1, -2, 64K]`,
		`not (path matches "a.*")`, `addr.sin_port == htons(443)`, `argv[0] == 'x\n'`, `1.5G << 2 >> 3 | ~4 == 0x10`, `((`, `"\xff"`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text, fakeSchema{})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Column < 1 || e.Column > max(len(text)+1, maxText) || e.Problem == "" || strings.Contains(e.Problem, "\n") && !strings.Contains(text, "\n") {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		entry := c.Holds(&Evaluation{Record: fakeRecord{entry: true}})
		atExit := c.Holds(&Evaluation{Record: fakeRecord{}})
		if atExit == Unknown || entry != Unknown && entry != atExit {
			t.Fatalf("%q: %d at the entry, %d at the exit", text, entry, atExit)
		}
	})
}

func TestHoldsDoesNotAllocate(t *testing.T) {
	c, err := Parse(`name in ["open", "openat"] and flags & ~O_CREAT and path startsWith "/etc" and path matches "p.s" and dur > 1ms`, fakeSchema{})
	if err != nil {
		t.Fatal(err)
	}
	e := &Evaluation{Record: fakeRecord{}}
	if n := testing.AllocsPerRun(100, func() { c.Holds(e) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHolds(b *testing.B) {
	c, err := Parse(`name == "openat" and flags & O_CREAT and path startsWith "/usr"`, fakeSchema{})
	if err != nil {
		b.Fatal(err)
	}
	e := &Evaluation{Record: fakeRecord{}}
	b.ReportAllocs()
	for b.Loop() {
		c.Holds(e)
	}
}
