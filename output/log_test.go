package output_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/output/outputtest"
	"trapline/output/text"
	"trapline/socketcall"
	"trapline/tables"
)

// record runs f with a Log that writes text, and returns its output.
func record(t *testing.T, o output.Options, f func(l *output.Log)) string {
	t.Helper()
	o.Format = text.Format
	return outputtest.Record(t, o, f)
}

// recordJSON is record for JSON. It returns the lines.
func recordJSON(t *testing.T, o output.Options, f func(l *output.Log)) []string {
	t.Helper()
	o.Format = jsonformat.Format
	return outputtest.Lines(t, outputtest.Record(t, o, f))
}

// TestInterleaved writes records of several tracees to one file.
func TestInterleaved(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options output.Options
		write   func(l *output.Log, a, b *output.Record) // tracees 1 and 2
		want    string
	}{
		{"one after the other", output.Options{}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "f")
			outputtest.Finish(a, 1)
			outputtest.Call(b, "g")
			outputtest.Finish(b, 2)
		}, `
1     f() = 1
2     g() = 2
`},
		{"in between", output.Options{}, func(l *output.Log, a, b *output.Record) {
			a.BeginCall(&output.Header{Name: "f"})
			a.Arg("x", output.NameOptional)
			a.BeginArray()
			a.Elem()
			a.Number(1, output.Signed)
			a.Entered()
			outputtest.Call(b, "g")
			a.Resume(outputtest.Start)
			a.Elem()
			a.Number(2, output.Signed)
			a.EndArray()
			a.Return()
			a.Number(0, output.Signed)
			a.EndCall(&output.Result{})
			outputtest.Finish(b, 2)
		}, `
1     f([1 <unfinished ...>
2     g( <unfinished ...>
1     <... f resumed>, 2]) = 0
2     <... g resumed>) = 2
`},
		{"death in a call", output.Options{}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "f")
			outputtest.Call(b, "g")
			a.Killed(outputtest.Start, "SIGKILL", false, nil)
			b.Killed(outputtest.Start, "SIGKILL", false, nil)
		}, `
1     f( <unfinished ...>
2     g( <unfinished ...>
1     +++ killed by SIGKILL +++
2     +++ killed by SIGKILL +++
`},
		{"death in the last call", output.Options{}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "f")
			a.Killed(outputtest.Start, "SIGSEGV", true, nil)
			outputtest.Call(b, "exit")
			b.Unreturned(outputtest.Start, true)
			b.Exited(outputtest.Start, 0, nil)
			outputtest.Call(a, "nanosleep")
			a.Unreturned(outputtest.Start, false)
		}, `
1     f( <unfinished ...>
1     +++ killed by SIGSEGV (core dumped) +++
2     exit() = ?
2     +++ exited with 0 +++
1     nanosleep( <unfinished ...>) = ?
`},
		{"detached", output.Options{}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "f")
			outputtest.Call(b, "g")
			b.Close()
			a.Close()
		}, `
1     f( <unfinished ...>
2     g( <detached ...>
`},
		{"execve of a thread, its line the last", output.Options{}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "pause")
			outputtest.Call(b, "execve")
			b.Superseded(outputtest.Start, a, false)
			outputtest.Finish(b, 0)
			outputtest.Call(b, "f")
		}, `
1     pause( <unfinished ...>
2     execve( <pid changed to 1 ...>
1     +++ superseded by execve in pid 2 +++
1     <... execve resumed>) = 0
1     f( <unfinished ...>
`},
		{"execve of a thread, its line interrupted", output.Options{}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "nanosleep")
			outputtest.Call(b, "execve")
			a.Unreturned(outputtest.Start, false)
			b.Superseded(outputtest.Start, a, true)
			outputtest.Finish(b, 0)
		}, `
1     nanosleep( <unfinished ...>
2     execve( <unfinished ...>
1     <... nanosleep resumed> <unfinished ...>) = ?
1     <... execve resumed>) = 0
`},
		{"personality, signal", output.Options{}, func(l *output.Log, a, b *output.Record) {
			a.Personality(outputtest.Start, tables.I386)
			b.Personality(outputtest.Start, tables.X32)
			a.BeginSignal(outputtest.Start, "SIGCHLD")
			a.BeginStruct()
			a.Field("si_signo")
			a.Symbol(17, "SIGCHLD", output.Unsigned)
			a.More()
			a.EndStruct()
			a.EndSignal()
		}, `
1     [ Process PID=1 runs in 32 bit mode. ]
2     [ Process PID=2 runs in x32 mode. ]
1     --- SIGCHLD {si_signo=SIGCHLD, ...} ---
`},
		{"only successful calls", output.Options{Statuses: output.Successful}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "f")
			outputtest.Call(b, "g")
			outputtest.Finish(b, 0)
			a.Return()
			a.Number(1<<64-1, output.Signed)
			a.Failure(2, "ENOENT", "none")
			a.EndCall(&output.Result{})
			outputtest.Call(a, "h")
			a.Killed(outputtest.Start, "SIGKILL", false, nil)
			outputtest.Call(b, "detached")
		}, `
2     g() = 0
1     +++ killed by SIGKILL +++
`},
		{"only unfinished calls", output.Options{Statuses: output.Unfinished}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "f")
			outputtest.Call(b, "g")
			outputtest.Finish(b, 0)
			outputtest.Call(b, "exit")
			b.Unreturned(outputtest.Start, true)
			a.Killed(outputtest.Start, "SIGKILL", false, nil)
		}, `
2     exit() = ?
1     f( <unfinished ...>
1     +++ killed by SIGKILL +++
`},
		{"only detached calls", output.Options{Statuses: output.Detached}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "nanosleep")
			outputtest.Call(b, "execve")
			a.Unreturned(outputtest.Start, false)
			b.Superseded(outputtest.Start, a, false)
			outputtest.Finish(b, 0)
			outputtest.Call(b, "pause")
			b.Close()
		}, `
2     execve( <pid changed to 1 ...>
1     +++ superseded by execve in pid 2 +++
1     pause( <detached ...>
`},
		{"detached in the execve of a thread", output.Options{Statuses: output.Detached}, func(l *output.Log, a, b *output.Record) {
			outputtest.Call(a, "nanosleep")
			outputtest.Call(b, "execve")
			b.Superseded(outputtest.Start, a, false)
			b.Close() // its line has ended
		}, `
2     execve( <pid changed to 1 ...>
1     +++ superseded by execve in pid 2 +++
`},
		{"commands", output.Options{}, func(l *output.Log, a, b *output.Record) {
			a.SetComm([]byte("sh"))
			outputtest.Call(a, "f")
			outputtest.Finish(a, 0)
			a.SetComm([]byte("a <b>\n"))
			outputtest.Call(a, "f")
			outputtest.Finish(a, 0)
		}, `
1<sh> f() = 0
1<a \74b\76\n> f() = 0
`},
		{"multiplexer and entry points", output.Options{Multiplexer: true, EntryPoints: true}, func(l *output.Log, a, b *output.Record) {
			via := &socketcall.Via{Name: "socketcall", Call: 3, Symbol: "SYS_CONNECT", ArgsAddr: 0xffffd2c0, Raw: []uint64{3, 0xffffd2e0, 16}, Entry: "__sys_connect"}
			a.BeginCall(&output.Header{Name: "connect", Entry: "__ia32_compat_sys_socketcall", Via: via})
			outputtest.Finish(a, 0)
			a.BeginCall(&output.Header{Name: "shmdt", Via: &socketcall.Via{Name: "ipc", Call: 22, Raw: []uint64{0, 0, 0, 0x10000}}})
			outputtest.Finish(a, 0)
		}, `
1     [__ia32_compat_sys_socketcall __sys_connect] socketcall(SYS_CONNECT, 0xffffd2c0 -> [3, 0xffffd2e0, 16]): connect() = 0
1     ipc(22, 0, 0, 0, 0x10000): shmdt() = 0
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.PID = output.PIDColumn
			if tt.options.Statuses == 0 {
				tt.options.Statuses = output.AllStatuses
			}
			got := record(t, tt.options, func(l *output.Log) {
				tt.write(l, outputtest.NewRecord(t, l, 1), outputtest.NewRecord(t, l, 2))
			})
			if got != tt.want[1:] {
				t.Errorf("got\n%swant%s", got, tt.want)
			}
		})
	}
}

// TestPIDMany checks that lines show their tracee only while there are several.
func TestPIDMany(t *testing.T) {
	got := record(t, output.Options{PID: output.PIDMany, Statuses: output.AllStatuses}, func(l *output.Log) {
		a := outputtest.NewRecord(t, l, 1)
		outputtest.Call(a, "f")
		outputtest.Finish(a, 0)
		b := outputtest.NewRecord(t, l, 2)
		outputtest.Call(b, "g")
		outputtest.Finish(b, 0)
		b.SetComm([]byte("sh"))
		b.Exited(outputtest.Start, 0, nil)
		b.Close()
		a.Exited(outputtest.Start, 0, nil)
		a.Close()
	})
	want := "f() = 0\n[pid     2] g() = 0\n[pid     2<sh>] +++ exited with 0 +++\n+++ exited with 0 +++\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestSeparate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	l, err := output.OpenLog(output.Destination{Name: name, Separate: true}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := outputtest.NewRecord(t, l, 1), outputtest.NewRecord(t, l, 2), outputtest.NewRecord(t, l, 3)
	outputtest.Call(a, "pause")
	outputtest.Call(b, "execve")
	outputtest.Call(c, "f")
	outputtest.Finish(c, 3)
	b.Superseded(outputtest.Start, a, false)
	outputtest.Finish(b, 0)
	b.Exited(outputtest.Start, 0, nil)
	b.Close()
	c.Exited(outputtest.Start, 3, nil)
	c.Close()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		name + ".1": "pause( <unfinished ...>\n+++ superseded by execve in pid 2 +++\n<... execve resumed>) = 0\n+++ exited with 0 +++\n",
		name + ".2": "execve( <pid changed to 1 ...>\n",
		name + ".3": "f() = 3\n+++ exited with 3 +++\n",
	} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s: %v, got\n%swant\n%s", filepath.Base(file), err, got, want)
		}
	}
}

func TestAppend(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	for _, tt := range []struct {
		add  bool
		want string
	}{{true, "f() = 0\n"}, {true, "f() = 0\nf() = 0\n"}, {false, "f() = 0\n"}} {
		l, err := output.OpenLog(output.Destination{Name: name, Append: tt.add}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
		if err != nil {
			t.Fatal(err)
		}
		a := outputtest.NewRecord(t, l, 1)
		outputtest.Call(a, "f")
		outputtest.Finish(a, 0)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != tt.want {
			t.Errorf("%v, got\n%swant\n%s", err, got, tt.want)
		}
	}
}

func TestPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "out put")
	for _, prefix := range []string{"|", "!"} {
		l, err := output.OpenLog(output.Destination{Name: prefix + "tr f g >'" + name + "'"}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
		if err != nil {
			t.Fatal(err)
		}
		if l.PipePID() <= 0 {
			t.Errorf("pid %d", l.PipePID())
		}
		a := outputtest.NewRecord(t, l, 1)
		outputtest.Call(a, "f")
		outputtest.Finish(a, 0)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != "g() = 0\n" {
			t.Errorf("%v, got %s", err, got)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := output.OpenLog(output.Destination{Name: filepath.Join(dir, "none", "trace")}, output.Options{Format: text.Format}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such directory: %v", err)
	}
	if _, err := output.OpenLog(output.Destination{Name: dir}, output.Options{Format: text.Format}); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("a directory: %v", err)
	}
	for _, tt := range []struct {
		name string
		want error
	}{{"/dev/full", syscall.ENOSPC}, {"|exec <&-; exec sleep 0.1", syscall.EPIPE}} {
		l, err := output.OpenLog(output.Destination{Name: tt.name}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
		if err != nil {
			t.Fatal(err)
		}
		a := outputtest.NewRecord(t, l, 1)
		for deadline := time.Now().Add(time.Minute); l.Err() == nil && time.Now().Before(deadline); {
			outputtest.Call(a, "f")
			outputtest.Finish(a, 0)
			time.Sleep(time.Millisecond)
		}
		if err := l.Err(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err := l.Close(); !errors.Is(err, tt.want) {
			t.Errorf("%s: closing says %v", tt.name, err)
		}
	}
}

// TestNonblocking writes to a pipe that a tracee has made non-blocking and that
// is sometimes full.
func TestNonblocking(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fd := int(w.Fd())
	defer w.Close()
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("line\n", 100_000)
	got := make(chan string)
	go func() {
		time.Sleep(10 * time.Millisecond)
		b, _ := io.ReadAll(r)
		got <- string(b)
	}()
	if err := output.WriteAll(fd, []byte(want)); err != nil {
		t.Error(err)
	}
	w.Close()
	if got := <-got; got != want {
		t.Errorf("%d bytes came through, want %d", len(got), len(want))
	}
}

// TestFlushDelay writes a call that blocks, and looks for it in the file.
func TestFlushDelay(t *testing.T) {
	name := filepath.Join(t.TempDir(), "trace")
	l, err := output.OpenLog(output.Destination{Name: name}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a := outputtest.NewRecord(t, l, 1)
	for i, want := range []string{"f(", "f() = 0\nf("} {
		if i > 0 {
			outputtest.Finish(a, 0)
		}
		outputtest.Call(a, "f")
		var got []byte
		for deadline := time.Now().Add(time.Minute); string(got) != want && time.Now().Before(deadline); {
			time.Sleep(output.FlushDelay / 10)
			got, err = os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
		}
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestFlushLarge writes more than the buffer holds and checks the order.
func TestFlushLarge(t *testing.T) {
	const lines = 3 * output.BufferSize / 10
	got := record(t, output.Options{Statuses: output.AllStatuses}, func(l *output.Log) {
		a := outputtest.NewRecord(t, l, 1)
		for i := range uint64(lines) {
			outputtest.Call(a, "f")
			outputtest.Finish(a, i)
		}
	})
	for i, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
		if want := string(output.AppendNumber([]byte("f() = "), uint64(i), output.Unsigned)); line != want {
			t.Fatalf("got %s, want %s", line, want)
		}
	}
	if n := strings.Count(got, "\n"); n != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
}

// TestStandardError checks the order of messages, a tracee's own output and the
// trace. It runs itself as a process to capture its standard error.
func TestStandardError(t *testing.T) {
	if os.Getenv("TRAPLINE_TEST_STDERR") != "" {
		l, err := output.OpenLog(output.Destination{}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
		if err != nil {
			t.Fatal(err)
		}
		a := outputtest.NewRecord(t, l, 1)
		outputtest.Call(a, "f")
		l.Message("trapline", "message", time.Now())
		outputtest.Finish(a, 0)
		outputtest.Call(a, "write")
		os.Stderr.WriteString("tracee\n")
		outputtest.Finish(a, 0)
		l.Close()
		os.Exit(0)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestStandardError$")
	cmd.Env = append(os.Environ(), "TRAPLINE_TEST_STDERR=1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	want := "f( <unfinished ...>\ntrapline: message\n<... f resumed>) = 0\nwrite(tracee\n) = 0\n"
	if got := stderr.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// openTerminal opens a pseudo-terminal and returns both ends.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	need.All(t, need.Terminals)
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(string(output.AppendNumber([]byte("/dev/pts/"), uint64(n), output.Unsigned)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// TestTerminal checks that a call is shown on a terminal before it returns: the thread that
// reports the call writes it. The kernel may pass it to the other end later.
func TestTerminal(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	master, slave := openTerminal(t)
	l, err := output.OpenLog(output.Destination{Name: slave.Name()}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !l.Terminal() {
		t.Error("no terminal")
	}
	a := outputtest.NewRecord(t, l, 1)
	before := writesOfThread(t)
	outputtest.Call(a, "f")
	if writes := writesOfThread(t) - before; writes != 1 {
		t.Fatalf("not shown at once: %d writes", writes)
	}
	b := make([]byte, 100)
	if n, err := master.Read(b); string(b[:n]) != "f(" {
		t.Errorf("got %q, %v", b[:n], err)
	}
}

// writesOfThread returns how many calls of write this thread has made.
func writesOfThread(t *testing.T) (n int) {
	t.Helper()
	counts, err := os.ReadFile("/proc/thread-self/io")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(counts), "\nsyscw: ")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatalf("%v in %q", err, counts)
	}
	return n
}

// failing is a Writer that always fails.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no room") }

// A Writer gets all records before Close returns; Close returns its error.
func TestWriter(t *testing.T) {
	const line, lines = "+++ exited with 0 +++\n", 50_000 // more than a pipe holds
	written := func(w io.Writer) error {
		log, err := output.OpenLog(output.Destination{Writer: w}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
		if err != nil {
			t.Fatal(err)
		}
		r, err := log.Record(1)
		if err != nil {
			t.Fatal(err)
		}
		for range lines {
			r.Exited(time.Time{}, 0, nil)
		}
		r.Close()
		return log.Close()
	}
	var b strings.Builder
	if err := written(&b); err != nil || b.String() != strings.Repeat(line, lines) {
		t.Errorf("the writer has got %d bytes, want %d: %v", b.Len(), lines*len(line), err)
	}
	if err := written(failing{}); err == nil || err.Error() != "no room" {
		t.Errorf("the writer's error is returned as %v", err)
	}
}

// A signal drops a call that has not ended, and a later report of its end has no effect.
// Only a program that forges records of its calls can cause this.
func TestGivenUp(t *testing.T) {
	write := func(l *output.Log) {
		r := outputtest.NewRecord(t, l, 1)
		r.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
		r.Entered()
		if !r.InCall() {
			t.Error("the call has not begun")
		}
		r.Stopped(outputtest.Start, "SIGSTOP")
		if r.InCall() {
			t.Error("the call is still open")
		}
		r.Unreturned(outputtest.Start, true)
		r.Killed(outputtest.Start, "SIGSEGV", false, nil)
		r.Close()
	}
	all := output.Options{Statuses: output.AllStatuses}
	const want = "f( <unfinished ...>\n--- stopped by SIGSTOP ---\n+++ killed by SIGSEGV +++\n"
	if got := record(t, all, write); got != want {
		t.Errorf("text:\n%swant\n%s", got, want)
	}
	lines := recordJSON(t, all, write)
	for i, want := range []string{`"unfinished":true`, `"SIGSTOP"`, `"SIGSEGV"`} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Errorf("JSON %d:\n%q\nwithout %s", i, lines, want)
		}
	}
}
