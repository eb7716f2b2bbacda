// Package outputtest has what the tests of all formats use.
package outputtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trapline/integration/jsonlines"
	"trapline/output"
	"trapline/tables"
)

// Start is the time of the first record in tests.
var Start = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.Local)

// Sets of names, of different kinds.
var (
	Families = &tables.Set{
		Consts:  []tables.Const{{Value: 0, Name: "AF_UNSPEC"}, {Value: 2, Name: "AF_INET"}},
		Unknown: "AF_???",
	}
	OpenFlags = &tables.Set{
		Consts: []tables.Const{
			{Value: 0, Mask: 3, Name: "O_RDONLY"},
			{Value: 1, Mask: 3, Name: "O_WRONLY"},
			{Value: 2, Mask: 3, Name: "O_RDWR"},
			{Value: 0x40, Name: "O_CREAT"},
			{Value: 0x80000, Name: "O_CLOEXEC"},
		},
		Unknown: "O_???",
	}
	Protections = &tables.Set{
		Consts:  []tables.Const{{Value: 0, Name: "PROT_NONE"}, {Value: 1, Name: "PROT_READ"}, {Value: 2, Name: "PROT_WRITE"}},
		Unknown: "PROT_???",
	}
	FileModes = &tables.Set{
		Consts: []tables.Const{{Value: 0o100000, Mask: 0o170000, Name: "S_IFREG"}, {Value: 0o4000, Name: "S_ISUID"}},
	}
	NoNames = &tables.Set{Unknown: "X_???"}
)

// Record runs f with a Log that writes a file, and gives back what it wrote.
func Record(t testing.TB, o output.Options, f func(l *output.Log)) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "trace")
	l, err := output.OpenLog(output.Destination{Name: name}, o)
	if err != nil {
		t.Fatal(err)
	}
	f(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// NewRecord starts the record of a tracee.
func NewRecord(t testing.TB, l *output.Log, pid int) *output.Record {
	t.Helper()
	r, err := l.Record(pid)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Call records the entry to a call.
func Call(r *output.Record, name string) {
	r.BeginCall(&output.Header{Time: Start, Name: name})
	r.Entered()
}

// Finish records its end.
func Finish(r *output.Record, result uint64) {
	r.Resume(Start)
	r.Return()
	r.Number(result, output.Signed)
	r.EndCall(&output.Result{})
}

// Lines splits what a Log wrote, in JSON, and checks each line.
func Lines(t testing.TB, log string) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(log, "\n"), "\n")
	for _, line := range lines {
		if err := jsonlines.Check(line); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	return lines
}

// Device writes a value with a symbolic form, a macro.
func Device(e output.Encoder) {
	e.BeginNamed()
	e.Number(0x801, output.Hex)
	e.Named(output.InComment)
	e.BeginMacro("makedev")
	e.Elem()
	e.Number(8, output.Hex)
	e.Elem()
	e.Number(1, output.Hex)
	e.EndMacro()
	e.EndNamed()
}

// Port writes a value whose plain form is bytes.
func Port(e output.Encoder) {
	e.Native([]byte{0, 80})
	e.BeginMacro("htons")
	e.Elem()
	e.Number(80, output.Unsigned)
	e.EndMacro()
	e.EndNamed()
}

// Verb calls one of a Writer's verbs that write values, chosen by op, for fuzz tests. i is
// its position in the program.
func Verb(e output.Writer, i int, op byte) {
	switch op % 24 {
	case 0:
		e.Number(1, output.Signed)
	case 1:
		e.Addr(1)
	case 2:
		e.Flags(0xff, Protections, output.Hex)
	case 3:
		e.Str(output.Plain, []byte{op}, op > 128)
	case 4:
		e.Enum(2, Families, output.Hex)
	case 5:
		e.Comment(output.Note, "c")
	case 6:
		e.Changed()
	case 7:
		e.Join(output.Or)
	case 8:
		e.BeginStruct()
	case 9:
		e.EndStruct()
	case 10:
		e.Field(fmt.Sprint("f", i)) // descriptions use each name once
	case 11:
		e.BeginArray()
	case 12:
		e.EndArray()
	case 13:
		e.Elem()
	case 14:
		e.More()
	case 15:
		e.BeginSet(true)
	case 16:
		e.EndSet()
	case 17:
		Device(e)
	case 18:
		Port(e)
	case 19:
		e.Annotate("path", []byte{op})
	case 20:
		e.Arg(fmt.Sprint("b", i), output.NameOptional)
	case 21:
		e.Return()
	case 22:
		e.Failure(1, "EPERM", "m")
	case 23:
		e.BeginRemark(output.Aside)
	}
}
