package decode_test

import (
	"os"
	"strings"
	"testing"

	"trapline/decode"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	. "trapline/decode/kernel"
	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/tables"
)

// contextHost has the SELinux contexts of files by name, and of descriptors by the name of
// their file.
type contextHost struct {
	FakeHost
	contexts map[string][2]string // the context of a file, and the expected one
	dirs     map[int]string
}

func (h *contextHost) give(b []byte, name string, expect bool) (context, expected []byte) {
	c, ok := h.contexts[name]
	if !ok {
		return nil, nil
	}
	if expect && c[1] != "" {
		expected = []byte(c[1])
	}
	return append(b[:0], c[0]...), expected
}

func (h *contextHost) DescriptorContext(b []byte, process, fd int, expect bool) (context, expected []byte) {
	if process != os.Getpid() {
		return nil, nil
	}
	return h.give(b, h.dirs[fd], expect)
}

func (h *contextHost) PathContext(b []byte, process, dir int, path []byte, expect bool) (context, expected []byte) {
	name := string(path)
	if dir != tables.AT_FDCWD && name[0] != '/' {
		name = h.dirs[dir] + "/" + name
	}
	return h.give(b, name, expect)
}

func TestContexts(t *testing.T) {
	const at, to = 0x1000, 0x2000
	h := &contextHost{
		contexts: map[string][2]string{
			"file":   {"u:r:file_t:s0-s0:c0.c1023", "u:object_r:file_t:s0"},
			"/dir":   {"u:r:dir_t:s0\n", "u:r:other_t:s0"},
			"/dir/f": {"[odd!]", ""},
		},
		dirs: map[int]string{3: "/dir"},
	}
	mem := func(first, second string) FakeMemory {
		return FakeMemory{at: []byte(first + "\x00"), to: []byte(second + "\x00")}
	}
	all := ContextShown | ContextFull | ContextMismatch
	for _, tt := range []struct {
		name     string
		contexts Contexts
		call     string
		args     []uint64
		mem      FakeMemory
		ret      int64
		want     string
	}{
		{"none", 0, "chdir", []uint64{at}, mem("file", ""), 0, `chdir("file") = 0`},
		{"type", ContextShown, "chdir", []uint64{at}, mem("file", ""), 0, `chdir("file" [file_t]) = 0`},
		{"full", ContextShown | ContextFull, "chdir", []uint64{at}, mem("file", ""), 0, `chdir("file" [u:r:file_t:s0-s0:c0.c1023]) = 0`},
		{"the same type", ContextShown | ContextMismatch, "chdir", []uint64{at}, mem("file", ""), 0, `chdir("file" [file_t]) = 0`},
		{"another type", ContextShown | ContextMismatch, "chdir", []uint64{at}, mem("/dir", ""), 0, `chdir("/dir" [dir_t!!other_t]) = 0`},
		{"all", all, "chdir", []uint64{at}, mem("file", ""), 0, `chdir("file" [u:r:file_t:s0-s0:c0.c1023!!u:object_r:file_t:s0]) = 0`},
		{"no context", all, "chdir", []uint64{at}, mem("nothing", ""), 0, `chdir("nothing") = 0`},
		{"descriptors", ContextShown, "openat", []uint64{3, at, 0}, mem("f", ""), 3,
			`openat(3 [dir_t], "f" [\133odd\41\135], O_RDONLY) = 3 [dir_t]`},
		{"two directories", ContextShown, "renameat", []uint64{3, at, uint64(0xffffff9c), to}, mem("f", "file"), 0,
			`renameat(3 [dir_t], "f" [\133odd\41\135], AT_FDCWD, "file" [file_t]) = 0`},
		{"link", ContextShown, "symlinkat", []uint64{at, 3, to}, mem("file", "f"), 0,
			`symlinkat("file" [file_t], 3 [dir_t], "f" [\133odd\41\135]) = 0`},
	} {
		s := Named(t, tables.X86_64, tt.call, tt.args...)
		s.Mem, s.Ret, s.Host, s.Traits = tt.mem, tt.ret, h, decode.Options{Contexts: tt.contexts}
		if got := s.Text(t); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
	s := Named(t, tables.X86_64, "chdir", at)
	s.Mem, s.Host, s.Traits = mem("/dir", ""), h, decode.Options{Contexts: all}
	want := `{"name":"path","value":"/dir","secontext":"u:r:dir_t:s0","secontext_expected":"u:r:other_t:s0"}`
	if got := s.Record(t, output.Options{Format: jsonformat.Format}); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPartOfContext(t *testing.T) {
	for context, want := range map[string]string{
		"u:r:t:s0-s0:c0.c1023": "t", "u:r:t": "t", "u:r:": "", "u:r": "u:r", "unconfined\n": "unconfined", "": "", "::": "", ":::": "",
	} {
		if got := string(ContextShown.Part([]byte(context))); got != want {
			t.Errorf("%q: %q, want %q", context, got, want)
		}
	}
}
