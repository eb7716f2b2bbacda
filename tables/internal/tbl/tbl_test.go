package tbl

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	rows, err := Parse(strings.NewReader(`# a comment
0	common	read	sys_read

  17	i386	break
60 64 exit sys_exit - noreturn
 221	i386	fcntl64		sys_fcntl64	compat_sys_fcntl64
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{Line: 2, Number: 0, ABI: "common", Name: "read", Entry: "sys_read"},
		{Line: 4, Number: 17, ABI: "i386", Name: "break"},
		{Line: 5, Number: 60, ABI: "64", Name: "exit", Entry: "sys_exit", NoReturn: true},
		{Line: 6, Number: 221, ABI: "i386", Name: "fcntl64", Entry: "sys_fcntl64", Compat: "compat_sys_fcntl64"},
	}
	if !slices.Equal(rows, want) {
		t.Errorf("got  %+v\nwant %+v", rows, want)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"0 common", "line 1: 2 fields, want 3 to 6"},
		{"\n0 64 a b c noreturn g", "line 2: 7 fields, want 3 to 6"},
		{"-1 64 read", `line 1: bad number "-1"`},
		{"4096 64 read", `line 1: bad number "4096"`},
		{"0x10 64 read", `line 1: bad number "0x10"`},
		{"0 arm read", `line 1: unknown abi "arm"`},
		{"0 64 re-ad", `line 1: bad name "re-ad"`},
		{"0 64 2read", `line 1: bad name "2read"`},
		{"0 64 read sys/read", `line 1: bad entry point "sys/read"`},
		{"0 64 read - compat_sys_read", `line 1: compat entry point "compat_sys_read" without an entry point`},
		{"0 64 read sys_read - often", `line 1: bad attribute "often"`},
		{"0 64 read\n0 common write", "line 2: number 0 is in line 1 already"},
	} {
		rows, err := Parse(strings.NewReader(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("Parse(%q) = %v, %v; want error %q", c.in, rows, err, c.want)
		}
	}
}

// FuzzParse checks that no input crashes the parser and that what it accepts
// survives being written in canonical form and read again.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"../../syscall_64.tbl", "../../syscall_32.tbl"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data[:min(len(data), 2000)]))
	}
	f.Add("60 64 exit sys_exit - noreturn\n")
	f.Add("1 i386 exit - -\n")
	f.Fuzz(func(t *testing.T, in string) {
		rows, err := Parse(strings.NewReader(in))
		if err != nil {
			return
		}
		var b strings.Builder
		for _, r := range rows {
			entry, compat, attr := r.Entry, r.Compat, ""
			if entry == "" {
				entry = "-"
			}
			if compat == "" {
				compat = "-"
			}
			if r.NoReturn {
				attr = "noreturn"
			}
			fmt.Fprintln(&b, r.Number, r.ABI, r.Name, entry, compat, attr)
		}
		again, err := Parse(strings.NewReader(b.String()))
		if err != nil {
			t.Fatalf("canonical form of %q: %v", in, err)
		}
		for i := range rows {
			rows[i].Line = i + 1
		}
		if !slices.Equal(rows, again) {
			t.Errorf("got %+v, want %+v", again, rows)
		}
	})
}
