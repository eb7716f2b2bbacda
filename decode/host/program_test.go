package host

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReadProgram(t *testing.T) {
	for head, want := range map[string]Program{
		"":                      {Kind: ProgramEmpty},
		"#!/bin/sh\n":           {Kind: ProgramScript, Interpreter: "/bin/sh"},
		"#! \t/bin/sh -x\nrest": {Kind: ProgramScript, Interpreter: "/bin/sh"},
		"#!/bin/sh\r\n":         {Kind: ProgramScript, Interpreter: "/bin/sh\r"},
		"#!/bin/sh":             {Kind: ProgramScript, Interpreter: "/bin/sh"},
		"echo":                  {Kind: ProgramOther},
	} {
		if got, ok := readProgram(strings.NewReader(head)); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", head, got, ok, want)
		}
	}
	for _, head := range []string{"#!\n", "#!", "#!/" + strings.Repeat("x", 300), "\x7fELF", "\x7fELF" + strings.Repeat("x", 300)} {
		if got, ok := readProgram(strings.NewReader(head)); ok {
			t.Errorf("%.20q: %+v", head, got)
		}
	}
	self, err := os.Open("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	if got, ok := readProgram(self); !ok || got.Kind != ProgramELF || !got.Native || !strings.HasPrefix(got.Interpreter, "/lib") {
		t.Errorf("/bin/sh: %+v, %v", got, ok)
	}
}

func FuzzReadProgram(f *testing.F) {
	f.Add([]byte("#!/bin/sh\n"))
	sh, _ := os.ReadFile("/bin/sh")
	f.Add(sh[:min(len(sh), 4096)])
	f.Fuzz(func(t *testing.T, file []byte) { readProgram(bytes.NewReader(file)) })
}

func TestParseMount(t *testing.T) {
	const line = `36 35 98:0 /mnt1 /mnt\0402 rw,noexec,nodev master:1 - ext3 /dev/root ro,errors=continue`
	want := Mount{Point: "/mnt 2", Kind: "ext3", Source: "/dev/root", Device: unix.Mkdev(98, 0), ReadOnly: true, NoExec: true, NoDev: true}
	if got, ok := parseMount([]byte(line), []byte("36")); !ok || got != want {
		t.Errorf("%+v, %v, want %+v", got, ok, want)
	}
	for _, bad := range []string{line[1:], "36", "36 - ext3", "36 35 98:0 /mnt1 /mnt - ext3 /dev/root ro"} {
		if got, ok := parseMount([]byte(bad), []byte("36")); ok {
			t.Errorf("%q: %+v", bad, got)
		}
	}
	if got := unescapeMount(`a\040b\134\12`); got != `a b\`+`\12` {
		t.Errorf("%q", got)
	}
}

func TestMay(t *testing.T) {
	file := func(mode uint32) *File { return &File{Mode: mode, UID: 1, GID: 2, Local: true, Kind: "ext4"} }
	for _, tt := range []struct {
		c    Credentials
		f    *File
		what uint32
		want Answer
	}{
		{Credentials{UID: 1}, file(0o100400), Read, Yes},
		{Credentials{UID: 1}, file(0o100077), Read, No}, // only the owner's bits count
		{Credentials{UID: 5, GID: 2}, file(0o100707), Read, No},
		{Credentials{UID: 5, Groups: []uint32{9, 2}}, file(0o100040), Read, Yes},
		{Credentials{UID: 5}, file(0o100004), Read, Yes},
		{Credentials{UID: 5}, file(0o100004), Read | Write, No},
		{Credentials{UID: 5, Override: true}, file(0o100000), Read | Write, Yes},
		{Credentials{UID: 5, Override: true}, file(0o100000), Execute, No},
		{Credentials{UID: 5, Override: true}, file(0o040000), Execute, Yes},
		{Credentials{UID: 5, Search: true}, file(0o100000), Read, Yes},
		{Credentials{UID: 5, Search: true}, file(0o100000), Write, No},
		{Credentials{UID: 5, Search: true}, file(0o040000), Read | Execute, Yes},
		{Credentials{UID: 5, Override: true, Foreign: true}, file(0o100000), Read, Unsure},
		{Credentials{UID: 5}, &File{Mode: 0o100644, UID: 1, Local: true, Kind: "ext4", ACL: true}, Write, Unsure},
		{Credentials{UID: 5}, &File{Mode: 0o100600, UID: 1, Kind: "fuse"}, Read, Unsure},
	} {
		if got := tt.c.May(tt.f, tt.what); got != tt.want {
			t.Errorf("%+v, %o, %d: %d, want %d", tt.c, tt.f.Mode, tt.what, got, tt.want)
		}
	}
}
