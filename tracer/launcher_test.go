//go:build linux && amd64

package tracer

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"trapline/tables"
)

// TestProgramMemory fills a launcher's memory for commands of different shapes.
func TestProgramMemory(t *testing.T) {
	long := strings.Repeat("x", 100000)
	var many []string
	for i := range 5000 {
		many = append(many, long[:i%300])
	}
	full := &Surroundings{Ignored: ^uint64(0), Blocked: ^uint64(0), Pending: ^uint64(0), ClosedFDs: 7}
	for resource := range 16 {
		full.Limits = append(full.Limits, Limit{Resource: resource})
	}
	for _, c := range []Command{
		{},
		{Path: "/bin/true", Argv: []string{"true"}},
		{Path: "/bin/true", Dir: long, Files: [3]*os.File{os.Stdin, os.Stderr, os.Stderr}, Surroundings: full},
		{Path: "a", Argv: []string{""}, Env: []string{"", "b", ""}},
		{Path: long, Argv: []string{long, long}, Env: []string{long}},
		{Path: "/", Argv: many, Env: many, Surroundings: full},
		{Path: "/", Argv: many[:7], Credential: &Credential{Groups: make([]uint32, 65536)}},
		{Path: "/", Argv: many[:8], Surroundings: full, Credential: &Credential{Groups: make([]uint32, 3)}},
	} {
		for _, filter := range [][]byte{nil, make([]byte, 8), make([]byte, 8*maxFilter)} {
			p, err := newProgram(becomeSize(&c, filter))
			if err != nil {
				t.Fatal(err)
			}
			p.hide()
			p.awaitWord()
			p.become(&c, filter, ^uint64(0))
			execve := unsafe.Slice(p.first(), maxSteps)[p.steps-2]
			if execve.nr != unix.SYS_EXECVE {
				t.Fatalf("%.50q: the second last step is call %d", c.Path, execve.nr)
			}
			path := unix.BytePtrToString((*byte)(pointerTo(execve.args[0])))
			if path != c.Path || !equal(stringsAt(execve.args[1]), c.Argv) || !equal(stringsAt(execve.args[2]), c.Env) {
				t.Errorf("%.50q, %d arguments: execve has others", c.Path, len(c.Argv))
			}
			p.free()
		}
	}
}

// pointerTo returns a pointer to memory outside the Go heap.
func pointerTo(addr uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) }

// stringsAt reads a null-terminated vector.
func stringsAt(addr uint64) (list []string) {
	for ; ; addr += pointerSize {
		text := *(*uint64)(pointerTo(addr))
		if text == 0 {
			return list
		}
		list = append(list, unix.BytePtrToString((*byte)(pointerTo(text))))
	}
}

func TestLaunchErrors(t *testing.T) {
	command := Command{Path: "/bin/true", Argv: []string{"true"}}
	groups, zero := command, command
	groups.Credential = &Credential{Groups: make([]uint32, 65537)} // one more than NGROUPS_MAX
	zero.Env = []string{"A\x00B"}
	nowhere, closed := command, command
	nowhere.Dir = "/dev/null/nowhere"
	file, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	closed.Files[1] = file
	for want, c := range map[string]Command{"setgroups": groups, "execve": zero, "chdir": nowhere, "dup2": closed} {
		tracer := newTracer(t, Options{})
		_, err := tracer.Launch(c)
		var launch *LaunchError
		if !errors.As(err, &launch) || launch.Step != want {
			t.Errorf("error %v, want one of %s", err, want)
		}
		run(t, tracer, func(ev *Event) { t.Errorf("an event: %v", ev.Kind) })
	}
}

// TestFiles gives a command descriptors whose numbers in this process are each other's
// targets.
func TestFiles(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c := Command{Path: "/bin/sh", Argv: []string{"sh", "-c", "pwd; readlink /proc/self/fd/0 /proc/self/fd/2"}, Dir: "/dev"}
	c.Files = [3]*os.File{os.Stderr, w, os.Stdin}
	tracer := newTracer(t, Options{})
	launch(t, tracer, c)
	if copies := tracer.launcher.program.copies; len(copies) != 0 {
		t.Errorf("descriptors %v are left open", copies)
	}
	w.Close()
	run(t, tracer, nil)
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want := "/dev\n"
	for _, link := range []string{"/proc/self/fd/2", "/proc/self/fd/0"} {
		target, err := os.Readlink(link)
		if err != nil {
			t.Fatal(err)
		}
		want += target + "\n"
	}
	if string(got) != want {
		t.Errorf("the command has found\n%swant\n%s", got, want)
	}
}

// TestDetachBeforeExecve ends the trace when the command's execve has begun. The command
// has its own signal mask.
func TestDetachBeforeExecve(t *testing.T) {
	all := func(tables.ABI, uint64) bool { return true }
	for _, opts := range []Options{{}, {Follow: true}, {Follow: true, Traced: all}} {
		tracer := newTracer(t, opts)
		launch(t, tracer, Command{Path: "/bin/sh", Argv: []string{"sh", "-c", "kill -TERM $$; exit 3"}})
		if ev := next(t, tracer); ev.Kind != Enter {
			t.Fatalf("event %v", ev.Kind)
		}
		tracer.DetachAll()
		run(t, tracer, nil)
		if status, ok := tracer.AwaitCommand(); !ok || !status.Signaled() || status.Signal() != unix.SIGTERM {
			t.Errorf("filter %v: ended with %#x", opts.Traced != nil, status)
		}
	}
}

// TestSignalBeforeExecve sends signals when the command's execve has begun: the
// command receives them.
func TestSignalBeforeExecve(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGUSR1, unix.SIGQUIT, unix.SIGURG} {
		tracer := newTracer(t, Options{})
		tracee := launch(t, tracer, Command{Path: "/bin/true", Argv: []string{"true"}})
		unix.Tgkill(tracee.TID, tracee.TID, sig)
		executed, arrived := false, false
		run(t, tracer, func(ev *Event) {
			switch ev.Kind {
			case Exec:
				executed = true
			case Signal:
				arrived = ev.Signal == sig && executed
				ev.Signal = 0
			case Exited:
				if ev.Status.ExitStatus() != 0 {
					t.Errorf("%v: exit status %d", sig, ev.Status.ExitStatus())
				}
			}
		})
		if !arrived {
			t.Errorf("%v has not arrived after the execve", sig)
		}
	}
}

// TestLauncherSignals launches processes to which the kernel sends a signal before their
// execve: a fault ends the launch, and a call that a filter traps counts as failed.
func TestLauncherSignals(t *testing.T) {
	trap, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetNR, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.SYS_CHDIR, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_TRAP},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		want string
		add  func(p *program)
	}{
		{"the command's process has failed before its execve: SIGSEGV", func(p *program) {
			p.add(checkNothing, unix.SYS_MUNMAP, uint64(uintptr(unsafe.Pointer(p.first()))), uint64(len(p.memory)))
		}},
		{"chdir: function not implemented", func(p *program) {
			p.install(encodeFilter(trap))
			p.add(checkError, unix.SYS_CHDIR, p.text("/"))
		}},
		{"dup2: bad file descriptor", func(p *program) { // the trapped call is one that may fail
			p.install(encodeFilter(trap))
			p.add(checkNothing, unix.SYS_CHDIR, p.text("/"))
			p.add(checkError, unix.SYS_DUP2, ^uint64(0), 0)
		}},
	} {
		tracer := newTracer(t, Options{})
		l, err := startSteps(tracer, tt.add)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.launch(nil, func(options uintptr) error {
			err := l.seize(options)
			goOn(l.word)
			return err
		})
		if err == nil || err.Error() != tt.want {
			t.Errorf("error %v, want %s", err, tt.want)
		}
		if err := unix.Kill(l.tid, 0); err != unix.ESRCH {
			t.Errorf("%s: the launcher is left (%v)", tt.want, err)
		}
		run(t, tracer, func(ev *Event) { t.Errorf("%s: an event: %v", tt.want, ev.Kind) })
	}
}

// startSteps starts a launcher that waits and then makes the added calls. It has its own
// memory.
func startSteps(tracer *Tracer, add func(p *program)) (*launcher, error) {
	const data = 1024
	p, err := newProgram(data)
	if err != nil {
		return nil, err
	}
	l := &launcher{t: tracer, program: p}
	p.add(checkNothing, unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL))
	l.word = p.awaitWord()
	add(p)
	before, err := blockSignals(0)
	if err != nil {
		return nil, err
	}
	l.tid = cloneLauncher(p.first(), uintptr(unix.SIGCHLD))
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); err != nil {
		return nil, err
	}
	if l.tid < 0 {
		return nil, unix.Errno(-l.tid)
	}
	return l, nil
}
