//go:build linux && amd64

package trace

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"trapline/decode"
	"trapline/output"
	"trapline/tables"
	"trapline/trace/condition"
	"trapline/tracer"
)

func TestParseCondition(t *testing.T) {
	for _, c := range []struct {
		calls, text string
		column      int // 0 for none
		want        string
	}{
		{"all", `name == "openat" and flags & O_CREAT and path startsWith "/etc"`, 0, ""},
		{"all", `addr.sin_port == htons(443)`, 0, ""},
		{"all", `addr.sin6_addr == "::1" or addr.sun_path == "/x" or addr.nl_pid > 1`, 0, ""},
		{"all", `statbuf.st_size > 64K and statbuf.st_mode & S_IFREG`, 0, ""},
		{"all", `domain == AF_INET6 and type & SOCK_CLOEXEC`, 0, ""},
		{"all", `arg.l_type == F_WRLCK`, 0, ""},
		{"all", `argv[1] == "-l" and envp == NULL`, 0, ""},
		{"all", `fds.events & POLLIN`, 0, ""},
		{"all", `args.pid == 1 and pid == 2 and arg1 == 3`, 0, ""},
		{"all", `event.events & EPOLLIN`, 0, ""}, // the argument, not the record
		{"all", `dirfd == AT_FDCWD or fd == AT_FDCWD`, 0, ""},
		{"all", `argp.c_cflag > 0`, 0, ""},
		{"all", `iov.iov_len > 4K`, 0, ""},
		{"read", `count > 1`, 0, ""},
		{"read", `flags > 1`, 1, "no call that is traced has an operand 'flags'"},
		{"read", `event.events & 1`, 1, "has an operand 'event'"},
		{"none", `count > 1`, 1, "'count'"},
		{"none", `ret > 1`, 0, ""},
		{"openat", `flags & O_CREATE`, 9, "did you mean 'O_CREAT'?"},
		{"openat", `pathname > 1`, 12, "a string is compared with a number"},
		{"openat", `pathname.x == 1`, 1, "'pathname' has no member 'x'"},
		{"openat", `flags == "x"`, 10, "a number is compared with a string"},
		{"connect", `addr == 1`, 9, "'addr' is a struct"},
		{"connect", `addr != NULL`, 0, ""},
		{"connect", `addr.sin_prot == 1`, 1, "did you mean 'sin_port'?"},
		{"%file", `statbuf.st_siz == 1`, 1, "did you mean 'st_size'?"},
		{"all", `event == "signl"`, 10, "no record has the event 'signl': did you mean 'signal'?"},
		{"all", `event in ["exit", "exec", "x"]`, 27, "no record has the event 'x'"},
		{"all", `event != "syscall"`, 0, ""},
		{"all", `"opennat" == name`, 1, "no record has the name 'opennat': did you mean 'openat'?"},
		{"read", `name not in ["futex", "accept", "syscall_0x1c1"]`, 0, ""},
		{"all", `name startsWith "opn" or name matches "^opn"`, 0, ""},
		{"all", `abi == "i387"`, 8, "did you mean 'i386'?"},
		{"all", `comm == "no such command"`, 0, ""},
		{"connect@32", `addr.sin_port == 1`, 0, ""},
		{"send@32", `buf contains "x"`, 0, ""},
		{"select@32", `nfds == 1`, 0, ""},
	} {
		calls, err := ParseCalls(c.calls)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseCondition(c.text, calls)
		var e *ConditionError
		switch {
		case c.column == 0 && err != nil:
			t.Errorf("%s: %v", c.calls, err)
		case c.column == 0:
		case !errors.As(err, &e) || e.Column != c.column || !strings.Contains(e.Problem, c.want):
			t.Errorf("%s, %s: %v, want column %d, %s", c.calls, c.text, err, c.column, c.want)
		}
	}
}

// Before the trace it is known which operands are unknown until a call ends.
func TestConditionAtEntry(t *testing.T) {
	for text, late := range map[string]string{
		`flags & O_CREAT and path == "/" and fd == 1 and pid == 2`: "",
		`ret == 0`:                     "'ret'",
		`flags == 1 or errno == 2`:     "'errno'",
		`dur > 1ms`:                    "'dur'",
		`statbuf.st_size > 1`:          "'statbuf.st_size'",
		`addr.sin_port == 1`:           "", // connect's
		`count > 1 and args.pid == 12`: "",
	} {
		c, err := ParseCondition(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		switch err := c.AtEntry(); {
		case late == "" && err != nil:
			t.Error(err)
		case late != "" && (err == nil || !strings.Contains(err.Error(), late)):
			t.Errorf("%s: %v, want %s", text, err, late)
		}
	}
	accept, err := ParseCondition("addr.sin_port == 1", Calls("getpeername"))
	if err != nil || accept.AtEntry() == nil {
		t.Errorf("of getpeername: %v, %v", err, accept.AtEntry())
	}
}

func TestSplitActions(t *testing.T) {
	for text, want := range map[string][]string{
		"":                                   nil,
		"error=EIO":                          {"error=EIO"},
		"error=EIO:when=1":                   {"error=EIO", "when=1"},
		`if=path == "a:b":error=EIO`:         {`if=path == "a:b"`, "error=EIO"},
		`if=path == "a\":b" or x == ':':p=1`: {`if=path == "a\":b" or x == ':'`, "p=1"},
		`poke_enter=@arg1="00:if=x`:          {`poke_enter=@arg1="00`, "if=x"},
		`if=x == "a:b`:                       {`if=x == "a:b`},
		":a":                                 {"", "a"},
	} {
		if got := slices.Collect(splitActions(text)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func FuzzSplitActions(f *testing.F) {
	f.Add(`if=path == "a\":b" or x == ':':p=1`)
	f.Fuzz(func(t *testing.T, text string) {
		parts := slices.Collect(splitActions(text))
		if joined := strings.Join(parts, ":"); joined != text && joined+":" != text {
			t.Errorf("%q: %q", text, parts)
		}
	})
}

func TestParseStatusesErrors(t *testing.T) {
	for _, c := range []struct {
		text   string
		set    StatusSet
		errnos string
	}{
		{"ENOENT", output.Failed, "2"},
		{"ENOENT,EACCES", output.Failed, "2 13"},
		{"successful,ENOENT", output.Failed | output.Successful, "2"},
		{"failed,ENOENT", output.Failed, ""},
		{"failed,!ENOENT", output.Failed, "not 2"},
		{"!ENOENT", output.AllStatuses, "not 2"},
		{"!failed", output.AllStatuses &^ output.Failed, ""},
		{"!ENOENT,failed", output.AllStatuses &^ output.Failed, ""},
		{"ENOENT,!ENOENT", 0, ""},
		{"failed", output.Failed, ""},
		{"all", output.AllStatuses, ""},
		{"none", 0, ""},
	} {
		set, errnos, err := ParseStatuses(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		var words []string
		if errnos != nil {
			if errnos.Negated {
				words = append(words, "not")
			}
			for _, e := range errnos.Listed {
				words = append(words, map[int]string{2: "2", 13: "13"}[e])
			}
		}
		if got := strings.Join(words, " "); *set != c.set || got != c.errnos {
			t.Errorf("%s: %b, errors %q, want %b, %q", c.text, *set, got, c.set, c.errnos)
		}
	}
	if _, _, err := ParseStatuses("ENOSUCH"); err == nil {
		t.Error("no error for ENOSUCH")
	}
}

// fakeMemory is memory at addresses from base on.
type fakeMemory []byte

const fakeBase = 0x10000

func (m fakeMemory) ReadMemory(addr uint64, b []byte) int {
	if addr < fakeBase || addr >= fakeBase+uint64(len(m)) {
		return 0
	}
	return copy(b, m[addr-fakeBase:])
}

// askedFor prepares the evaluation of a condition on a call with those arguments.
func askedFor(t testing.TB, text, name string, mem fakeMemory, args ...uint64) (*asked, *bound) {
	t.Helper()
	c, err := ParseCondition(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := newAsker(nil, new(Options))
	b := a.bind(c)
	q := a.newAsked(mem, 1)
	nr := uint64(tables.ByName(tables.X86_64, name).NR)
	from := &decode.Call{Decoder: a.decoder, Mem: mem, TID: 1, NR: nr, Sig: a.decoder.Lookup(tables.X86_64, nr)}
	copy(from.Args[:], args)
	from.Begin()
	q.from, q.raw = from, &tracer.Syscall{ABI: tables.X86_64, NR: nr, Args: from.Args}
	return q, b
}

// evaluate returns the verdicts at the entry and at the exit of the call.
func evaluate(q *asked, b *bound, ret int64, write func()) (entry, exit condition.Verdict) {
	q.at(q.from, q.raw, nil)
	entry = q.holds(b)
	q.await()
	if write != nil {
		write()
	}
	q.from.Ret = ret
	if ret < 0 {
		q.from.Errno = int(-ret)
	}
	q.leave()
	return entry, q.holds(b)
}

func TestAskedValues(t *testing.T) {
	path := append([]byte("/tmp/file\x00"), make([]byte, 300)...)
	sockaddr := append([]byte{2, 0, 1, 187, 127, 0, 0, 1}, make([]byte, 300)...)
	const yes, no, later = condition.True, condition.False, condition.Unknown
	for _, c := range []struct {
		text, name  string
		mem         []byte
		args        []uint64
		ret         int64
		entry, exit condition.Verdict
	}{
		{`pathname == "/tmp/file"`, "openat", path, []uint64{1, fakeBase}, 3, yes, yes},
		{`pathname == "/tmp/fil"`, "openat", path, []uint64{1, fakeBase}, 3, no, no},
		{`pathname == NULL`, "openat", path, []uint64{1, 0}, 3, yes, yes},
		{`pathname == NULL`, "openat", path, []uint64{1, fakeBase}, 3, no, no},
		{`flags & O_CREAT`, "openat", path, []uint64{1, fakeBase, 0x41}, 3, yes, yes},
		{`flags & O_CREAT`, "openat", path, []uint64{1, fakeBase, 0x1}, 3, no, no},
		{`flags & O_CREAT`, "read", path, []uint64{1, fakeBase, 0x41}, 3, no, no},
		{`dirfd == AT_FDCWD`, "openat", path, []uint64{0xffffff9c, fakeBase}, 3, yes, yes},
		{`addr.sin_port == htons(443)`, "connect", sockaddr, []uint64{3, fakeBase, 16}, 0, yes, yes},
		{`addr.sin_addr == "127.0.0.1"`, "connect", sockaddr, []uint64{3, fakeBase, 16}, 0, yes, yes},
		{`addr.sa_family == AF_INET`, "connect", sockaddr, []uint64{3, fakeBase, 16}, 0, yes, yes},
		{`addr.sa_family == AF_UNIX`, "connect", sockaddr, []uint64{3, fakeBase, 16}, 0, no, no},
		{`addr != NULL and addr.sin6_port != 1`, "connect", sockaddr, []uint64{3, fakeBase, 16}, 0, no, no},
		{`addr.sin_port == 443`, "connect", sockaddr, []uint64{3, 1, 16}, 0, no, no}, // cannot be read
		{`buf contains "file"`, "read", path, []uint64{3, fakeBase, 20}, 9, later, yes},
		{`buf contains "file"`, "read", path, []uint64{3, fakeBase, 20}, 5, later, no},
		{`buf contains "file"`, "read", path, []uint64{3, fakeBase, 20}, -9, later, no},
		{`buf contains "file"`, "write", path, []uint64{3, fakeBase, 20}, 5, yes, yes},
		{`count == 20 and ret == 9`, "read", path, []uint64{3, fakeBase, 20}, 9, later, yes},
		{`count == 20 and ret == 9`, "read", path, []uint64{3, fakeBase, 19}, 9, no, no},
		{`errno == EBADF and ret == -1`, "read", path, []uint64{3, fakeBase, 20}, -9, later, yes},
		{`errno == 0`, "read", path, []uint64{3, fakeBase, 20}, 0, later, yes},
		{`ret == -1`, "read", path, []uint64{3, fakeBase, 20}, -512, later, no}, // to be restarted
		{`arg3 == 20 and name == "read"`, "read", path, []uint64{3, fakeBase, 20}, 0, yes, yes},
		{`iov.iov_len == 0x656c69662f706d74`, "writev", path, []uint64{1, fakeBase - 0 + 1, 1}, 0, no, no},
		{`offset > 4G`, "pread64", path, []uint64{3, fakeBase, 1, 5 << 30}, 0, yes, yes},
		{`type & SOCK_CLOEXEC`, "socket", nil, []uint64{2, 0x80001}, 0, yes, yes},
		{`type & 15 == SOCK_STREAM`, "socket", nil, []uint64{2, 0x80001}, 0, yes, yes},
	} {
		q, b := askedFor(t, c.text, c.name, c.mem, c.args...)
		if entry, exit := evaluate(q, b, c.ret, nil); entry != c.entry || exit != c.exit {
			t.Errorf("%s of %s: %d at the entry, %d at the exit, want %d, %d", c.text, c.name, entry, exit, c.entry, c.exit)
		}
	}
}

// What is known at the entry does not change until the exit; what the kernel
// changes has its last value.
func TestAskedLater(t *testing.T) {
	mem := append([]byte("before\x00"), make([]byte, 300)...)
	q, b := askedFor(t, `pathname == "before" and ret == 0`, "openat", mem, 1, fakeBase)
	if entry, exit := evaluate(q, b, 0, func() { copy(mem, "behind") }); entry != condition.Unknown || exit != condition.True {
		t.Errorf("%d, %d", entry, exit)
	}
	offset := make([]byte, 300)
	offset[0] = 16
	q, b = askedFor(t, `offset == 8`, "sendfile", offset, 1, 2, fakeBase, 10)
	if entry, exit := evaluate(q, b, 3, func() { offset[0] = 8 }); entry != condition.Unknown || exit != condition.True {
		t.Errorf("of sendfile: %d, %d", entry, exit)
	}
}

func TestAskedDoesNotAllocate(t *testing.T) {
	q, b := askedFor(t, `name == "openat" and flags & O_CREAT and pathname startsWith "/etc" and ret > 0`, "openat",
		append([]byte("/etc/x\x00"), make([]byte, 300)...), 1, fakeBase, 0x41)
	evaluate(q, b, 3, nil)
	if n := testing.AllocsPerRun(100, func() { q.entered = false; q.from.Errno = 0; evaluate(q, b, 3, nil) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkWhere is the evaluation of conditions that are false at the entry.
func BenchmarkWhere(b *testing.B) {
	mem := append([]byte("/usr/x\x00"), make([]byte, 300)...)
	for name, text := range map[string]string{
		"name":   `name == "read"`,
		"flags":  `name == "openat" and flags & O_TRUNC`,
		"string": `flags & O_CREAT and pathname startsWith "/etc"`,
		"result": `name == "read" and errno == EACCES`,
	} {
		b.Run(name, func(b *testing.B) {
			q, bound := askedFor(b, text, "openat", mem, 1, fakeBase, 0x41)
			b.ReportAllocs()
			for b.Loop() {
				q.entered = false
				if q.at(q.from, q.raw, nil).holds(bound) != condition.False {
					b.Fatal("it holds")
				}
			}
		})
	}
}
