//go:build linux && amd64

package trace

import (
	"slices"
	"testing"

	"trapline/decode"
	"trapline/output"
	"trapline/tables"
)

// bytesAt is the memory of a tracee that has some bytes at wordsAt.
type bytesAt string

func (m bytesAt) ReadMemory(addr uint64, b []byte) int {
	if addr < wordsAt || addr >= wordsAt+uint64(len(m)) {
		return 0
	}
	return copy(b, m[addr-wordsAt:])
}

// values decodes a call into Values.
func values(t *testing.T, mem decode.Memory, name string, ret int64, args ...uint64) *builder {
	t.Helper()
	row := tables.ByName(tables.X86_64, name)
	if row == nil {
		t.Fatalf("no call %s", name)
	}
	b := new(builder)
	b.start()
	d := decode.NewDecoder(decode.Options{StringLimit: 32}, nil)
	c := decode.Call{Decoder: d, Out: b, Outcome: b, Mem: mem, TID: 1, ABI: tables.X86_64, NR: uint64(row.NR), Sig: d.Lookup(tables.X86_64, uint64(row.NR))}
	copy(c.Args[:], args)
	c.Begin()
	c.Enter()
	c.Ret = ret
	if ret < 0 {
		c.Errno = int(-ret)
	}
	c.Exit()
	c.Result()
	return b
}

func TestValues(t *testing.T) {
	const at, minus100 = wordsAt, 1<<64 - 100
	for _, tt := range []struct {
		call string
		mem  string
		ret  int64
		args []uint64
		want string // of all arguments, and the result
	}{
		{"openat", "/etc/passwd\x00", 3, []uint64{minus100, at, 0x80000}, `{dirfd=AT_FDCWD, pathname="/etc/passwd", flags=O_RDONLY|O_CLOEXEC} 3`},
		{"openat", "", -14, []uint64{minus100, at, 0x41, 0o644}, `{dirfd=AT_FDCWD, pathname=0x1000, flags=O_WRONLY|O_CREAT, mode=420} -1`},
		{"close", "", 0, []uint64{1<<64 - 1}, `{fd=-1} 0`},
		{"read", "some text that is much longer than the limit", 44, []uint64{3, at, 100}, `{fd=3, buf="some text that is much longer th"..., count=100} 44`},
		{"connect", "\x02\x00\x00\x50\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", 0, []uint64{3, at, 16},
			`{sockfd=3, addr={sa_family=AF_INET, sin_port=80, sin_addr=127.0.0.1}, addrlen=16} 0`},
		{"connect", "\x01\x00\x00name", 0, []uint64{3, at, 7}, `{sockfd=3, addr={sa_family=AF_UNIX, sun_path="\x00name"}, addrlen=7} 0`},
		{"mknod", "dev\x00", 0, []uint64{at, 0o20644, 0x103}, `{pathname="dev", mode=S_IFCHR, dev=makedev(1, 3)} 0`},
		{"rt_sigprocmask", "\x02\x00\x00\x00\x00\x00\x00\x00", 0, []uint64{0, at, 0, 8}, `{how=SIG_BLOCK, set=[INT], oldset=NULL, sigsetsize=8} 0`},
		{"clone", "", 7, []uint64{0x11, 0}, `{child_stack=NULL, flags=SIGCHLD} 7`},
		{"pipe", "\x03\x00\x00\x00\x04\x00\x00\x00", 0, []uint64{at}, `{pipefd=[3, 4]} 0`},
		{"poll", "\x03\x00\x00\x00\x01\x00\x01\x00", 1, []uint64{at, 1, 1<<64 - 1}, `{fds=[{fd=3, events=POLLIN}], nfds=1, timeout=-1} 1`},
	} {
		b := values(t, bytesAt(tt.mem), tt.call, tt.ret, tt.args...)
		got := Value{Kind: Struct, Elems: b.args}.String() + " " + b.result.String()
		if got != tt.want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.call, got, tt.want)
		}
	}
}

// Parts of values that String omits.
func TestValueParts(t *testing.T) {
	b := values(t, bytesAt("/etc/passwd\x00"), "openat", 3, 1<<64-100, wordsAt, 0x80001)
	flags := named(b.args, "flags")
	if flags.Num != 0x80001 || !flags.Has("O_CLOEXEC") || flags.Has("O_CREAT") {
		t.Errorf("flags %+v", flags)
	}
	if fd := named(b.args, "dirfd"); fd.Int() != -100 || !fd.Has("AT_FDCWD") {
		t.Errorf("dirfd %+v", fd)
	}
	if none := named(b.args, "nothing"); none.Kind != None {
		t.Errorf("a missing argument: %+v", none)
	}
	b = values(t, bytesAt("0123456789012345678901234567890123456789"), "write", 40, 1, wordsAt, 40)
	if buf := named(b.args, "buf"); buf.Kind != String || !buf.More || buf.Size != 40 || len(buf.Str) != 32 {
		t.Errorf("buf %+v", buf)
	}
	b = values(t, bytesAt("\x03\x00\x00\x00\x01\x00\x01\x00"), "poll", 1, wordsAt, 1, 5)
	if len(b.remarks) == 0 {
		t.Error("poll has no remarks")
	}
	b = values(t, bytesAt("/dev/null\x00"), "mknod", 0, wordsAt, 0o20644, 0x103)
	if mode := named(b.args, "mode"); mode.Num != 0o20644 || !mode.Has("S_IFCHR") {
		t.Errorf("mode %+v", mode)
	}
}

// SELinux contexts are notes of the value to which they belong.
func TestContextNotes(t *testing.T) {
	b := new(builder)
	b.start()
	b.Arg("pathname", output.NameOptional)
	b.Str(output.Path, []byte("/etc/passwd"), false)
	b.Context([]byte("etc_t"), nil)
	b.Arg("fd", output.NameOptional)
	b.Number(3, output.Unsigned)
	b.Context([]byte("usr_t"), []byte("etc_t"))
	for name, want := range map[string][]Note{
		"pathname": {{"secontext", "etc_t"}},
		"fd":       {{"secontext", "usr_t"}, {"secontext_expected", "etc_t"}},
	} {
		if got := named(b.args, name).Notes; !slices.Equal(got, want) {
			t.Errorf("%s: notes %q, want %q", name, got, want)
		}
	}
}

// FuzzValues checks that Values of any call can be made and written.
func FuzzValues(f *testing.F) {
	f.Add(uint64(0), uint64(3), uint64(wordsAt), uint64(16), []byte("text"))
	f.Add(uint64(16), uint64(3), uint64(0x5401), uint64(wordsAt), make([]byte, 64))
	f.Add(uint64(42), uint64(3), uint64(wordsAt), uint64(16), []byte{10, 0, 0, 80, 0, 0, 0, 0, 1})
	f.Add(uint64(46), uint64(3), uint64(wordsAt), uint64(wordsAt), make([]byte, 128))
	d := decode.NewDecoder(decode.Options{StringLimit: 32}, nil)
	f.Fuzz(func(t *testing.T, nr, first, second, third uint64, mem []byte) {
		for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
			b := new(builder)
			b.start()
			c := decode.Call{Decoder: d, Out: b, Outcome: b, Mem: bytesAt(mem), TID: 1, ABI: abi, NR: nr, Sig: d.Lookup(abi, nr)}
			c.Args = [6]uint64{first, second, third, second, third, first}
			c.Begin()
			c.Enter()
			c.Ret = int64(first)
			c.Exit()
			c.Result()
			for i := range b.args {
				_ = b.args[i].String()
			}
		}
	})
}
