//go:build linux && amd64

package tracer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/integration/need"
	"trapline/tables"
)

func init() {
	programs["exit"] = func() {
		code, _ := strconv.Atoi(os.Args[1])
		os.Exit(code)
	}
	programs["kill"] = func() {
		number, _ := strconv.Atoi(os.Args[1])
		unix.Kill(unix.Getpid(), unix.Signal(number))
		time.Sleep(time.Minute)
	}
	programs["handle"] = func() { // exits with the number of SIGUSR1s that arrive before SIGUSR2
		arrived := make(chan os.Signal, 2)
		signal.Notify(arrived, unix.SIGUSR1, unix.SIGUSR2)
		unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGUSR1)
		unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGUSR2)
		if <-arrived == unix.SIGUSR1 {
			os.Exit(1)
		}
	}
	programs["stop"] = func() { // ends after it has been continued
		runtime.LockOSThread() // the thread stops before it can continue
		continued := make(chan os.Signal, 1)
		signal.Notify(continued, unix.SIGCONT)
		unix.Tgkill(unix.Getpid(), unix.Gettid(), unix.SIGSTOP)
		<-continued
	}
	programs["thread-exec"] = func() {
		runtime.LockOSThread() // the leader stays here
		done := make(chan bool)
		go func() {
			runtime.LockOSThread()
			os.Setenv(programEnv, "exit")
			syscall.Exec("/proc/self/exe", []string{"exit", "7"}, os.Environ())
			close(done)
		}()
		<-done
	}
	programs["tree"] = func() { // a process tree of some depth and two branches
		depth, _ := strconv.Atoi(os.Args[1])
		if depth == 0 {
			return
		}
		var children sync.WaitGroup
		for range 2 {
			children.Go(func() {
				child := exec.Command("/proc/self/exe", strconv.Itoa(depth-1))
				if err := child.Run(); err != nil {
					os.Exit(1)
				}
			})
		}
		children.Wait()
	}
	programs["threads"] = func() {
		count, _ := strconv.Atoi(os.Args[1])
		var started sync.WaitGroup
		for range count {
			started.Add(1)
			go func() {
				runtime.LockOSThread()
				started.Done()
				unix.Pause()
			}()
		}
		started.Wait()
		os.Stdout.WriteString("ready\n")
		time.Sleep(time.Minute)
	}
	programs["pause"] = func() {
		runtime.LockOSThread()
		os.Stdout.WriteString("ready\n")
		for {
			unix.Syscall(unix.SYS_PAUSE, 0, 0, 0)
		}
	}
	programs["getppid"] = func() { // one call after the other
		runtime.LockOSThread()
		count, _ := strconv.Atoi(os.Args[1])
		for range count {
			unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
		}
	}
	programs["credentials"] = func() {
		groups, _ := unix.Getgroups()
		if unix.Getuid() != 1234 || unix.Getgid() != 2345 || len(groups) != 2 || groups[0] != 3 || groups[1] != 4 {
			os.Exit(1)
		}
	}
	programs["environment"] = func() {
		if os.Args[0] != "zero" || os.Args[1] != "" || os.Getenv("KEY") != "value" || os.Getenv("GODEBUG") != "" {
			os.Exit(1)
		}
	}
}

func TestLaunch(t *testing.T) {
	tracer := newTracer(t, Options{})
	c := command("exit", "23")
	tracee := launch(t, tracer, c)
	first := true
	var kinds []Kind
	run(t, tracer, func(ev *Event) {
		if ev.Tracee != tracee {
			t.Errorf("%v of %d, not of the command", ev.Kind, ev.Tracee.TID)
		}
		if first {
			first = false
			if ev.Kind != Enter || ev.Call.NR != unix.SYS_EXECVE || ev.Call.ABI != tables.X86_64 {
				t.Errorf("the first event is %v of call %d", ev.Kind, ev.Call.NR)
			}
			path := make([]byte, len(c.Path))
			if n := tracee.ReadMemory(ev.Call.Args[0], path); string(path[:n]) != c.Path {
				t.Errorf("execve's path is %q", path[:n])
			}
		}
		kinds = append(kinds, ev.Kind)
		if ev.Kind == Exited && ev.Status.ExitStatus() != 23 {
			t.Errorf("exit status %d", ev.Status.ExitStatus())
		}
	})
	if len(kinds) < 5 || kinds[1] != Exec || kinds[2] != Exit || kinds[len(kinds)-1] != Exited {
		t.Errorf("events %v", kinds)
	}
}

func TestEnterAndExitAlternate(t *testing.T) {
	tracer := newTracer(t, Options{Follow: true})
	launch(t, tracer, command("tree", "1"))
	inside := map[int]uint64{}
	run(t, tracer, func(ev *Event) {
		tid := ev.Tracee.TID
		switch ev.Kind {
		case Enter:
			if nr, ok := inside[tid]; ok {
				t.Errorf("%d enters call %d in call %d", tid, ev.Call.NR, nr)
			}
			inside[tid] = ev.Call.NR
		case Exit:
			nr, ok := inside[tid]
			if !ok || nr != ev.Call.NR || !ev.Call.EntrySeen {
				t.Errorf("%d leaves call %d, was in call %d (%v)", tid, ev.Call.NR, nr, ok)
			}
			delete(inside, tid)
		case Exec:
			if ev.FormerTID != 0 {
				delete(inside, ev.FormerTID)
				inside[tid] = unix.SYS_EXECVE
			}
		case Exited, Killed:
			delete(inside, tid)
		}
	})
}

// TestExitUnwanted wants exit events of getppid only.
func TestExitUnwanted(t *testing.T) {
	const count = 100
	tracer := newTracer(t, Options{Colocate: ColocateAlways})
	launch(t, tracer, command("getppid", strconv.Itoa(count)))
	wanted, seen := 0, 0
	run(t, tracer, func(ev *Event) {
		switch ev.Kind {
		case Enter:
			ev.ExitUnwanted = ev.Call.NR != unix.SYS_GETPPID
			if !ev.ExitUnwanted {
				wanted++
			}
		case Exit:
			if ev.Call.NR == unix.SYS_GETPPID {
				seen++
			} else if ev.Call.NR != unix.SYS_EXECVE {
				t.Errorf("the end of call %d is reported", ev.Call.NR)
			}
		}
	})
	if wanted != count || seen != count {
		t.Errorf("%d entries and %d ends of %d", wanted, seen, count)
	}
}

func TestDebug(t *testing.T) {
	var lines []string
	tracer := newTracer(t, Options{KillOnExit: true, Debug: func(line string) { lines = append(lines, line) }})
	tracee := launch(t, tracer, command("exit", "23"))
	run(t, tracer, func(ev *Event) {})
	for _, want := range []string{
		"PTRACE_GET_SYSCALL_INFO works",
		"PTRACE_O_EXITKILL works",
		fmt.Sprintf("tracee %d: stopped, 1 in all", tracee.TID),
		fmt.Sprintf("wait: %d, status 0x04057f: PTRACE_EVENT_EXEC, SIGTRAP", tracee.TID),
		fmt.Sprintf("wait: %d, status 0x00857f: syscall-stop", tracee.TID),
		fmt.Sprintf("resume: %d, PTRACE_SYSCALL", tracee.TID),
		fmt.Sprintf("wait: %d, status 0x001700: exited with 23", tracee.TID),
		fmt.Sprintf("tracee %d: gone, 0 left", tracee.TID),
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q in:\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

func TestDescribeStatus(t *testing.T) {
	for status, want := range map[uint32]string{
		0x857f: "syscall-stop", 0x117f: "signal-delivery-stop, SIGCHLD", 0x80137f: "group-stop, SIGSTOP",
		0x80057f: "PTRACE_EVENT_STOP, SIGTRAP", 0x07057f: "PTRACE_EVENT_SECCOMP, SIGTRAP", 0x09: "killed by SIGKILL",
		0xffff: "continued",
	} {
		if got := describeStatus(status); got != want {
			t.Errorf("%#x: %q, want %q", status, got, want)
		}
	}
}

func TestLaunchFails(t *testing.T) {
	tracer := newTracer(t, Options{})
	launch(t, tracer, Command{Path: "/", Argv: []string{"/"}})
	var kinds []Kind
	run(t, tracer, func(ev *Event) {
		kinds = append(kinds, ev.Kind)
		switch ev.Kind {
		case Enter:
			ev.ExitUnwanted = true // the failure is still reported
		case LaunchFailed:
			if ev.Errno != unix.EACCES {
				t.Errorf("launch failed: %v", ev.Errno)
			}
		case Exited:
			if ev.Status.ExitStatus() != 1 {
				t.Errorf("exit status %d", ev.Status.ExitStatus())
			}
		}
	})
	if want := []Kind{Enter, Exit, LaunchFailed, Exited}; !equal(kinds, want) {
		t.Errorf("events %v, want %v", kinds, want)
	}
}

func equal[E comparable](a, b []E) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestEnvironment(t *testing.T) {
	tracer := newTracer(t, Options{})
	launch(t, tracer, Command{Path: "/proc/self/exe", Argv: []string{"zero", ""}, Env: []string{"KEY=value", programEnv + "=environment"}})
	expectExit(t, tracer, 0)
}

func TestCredential(t *testing.T) {
	need.All(t, need.Root, need.SharedMemory)
	tracer := newTracer(t, Options{})
	c := command("credentials")
	c.Credential = &Credential{UID: 1234, EUID: 1234, GID: 2345, EGID: 2345, Groups: []uint32{3, 4}}
	// The test binary may be in a folder that the user may not enter.
	path, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	public, err := os.CreateTemp("/dev/shm", "tracer-test")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(public.Name())
	public.Write(binary)
	public.Chmod(0o755)
	public.Close()
	c.Path = public.Name()
	dumpable := func() int {
		how, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return how
	}
	before := dumpable()
	launch(t, tracer, c)
	expectExit(t, tracer, 0)
	if after := dumpable(); after != before {
		t.Errorf("this process was dumpable: %d, and is now: %d", before, after)
	}
}

func expectExit(t *testing.T, tracer *Tracer, status int) {
	t.Helper()
	ended := false
	run(t, tracer, func(ev *Event) {
		switch ev.Kind {
		case Exited:
			ended = true
			if ev.Status.ExitStatus() != status {
				t.Errorf("exit status %d, want %d", ev.Status.ExitStatus(), status)
			}
		case Killed:
			t.Errorf("killed by %v", ev.Signal)
		}
	})
	if !ended {
		t.Error("no end was reported")
	}
}

func TestKilledBySignal(t *testing.T) {
	for _, number := range []unix.Signal{unix.SIGTERM, unix.SIGKILL} {
		tracer := newTracer(t, Options{})
		tracee := launch(t, tracer, command("kill", strconv.Itoa(int(number))))
		var ended unix.Signal
		run(t, tracer, func(ev *Event) {
			if ev.Kind == Killed && ev.Tracee == tracee {
				ended = ev.Signal
			}
		})
		if ended != number {
			t.Errorf("killed by %v, want %v", ended, number)
		}
	}
}

func TestSignal(t *testing.T) {
	for _, deliver := range []bool{true, false} {
		tracer := newTracer(t, Options{Follow: true})
		tracee := launch(t, tracer, command("handle"))
		seen, status := 0, -1
		run(t, tracer, func(ev *Event) {
			switch {
			case ev.Kind == Signal && ev.Signal == unix.SIGUSR1:
				seen++
				if number := binary.NativeEndian.Uint32(ev.Siginfo[:]); unix.Signal(number) != unix.SIGUSR1 {
					t.Errorf("si_signo is %d", number)
				}
				if pid := binary.NativeEndian.Uint32(ev.Siginfo[16:]); int(pid) != tracee.TID {
					t.Errorf("si_pid is %d, want %d", pid, tracee.TID)
				}
				if !deliver {
					ev.Signal = 0
				}
			case ev.Kind == Exited && ev.Tracee == tracee:
				status = ev.Status.ExitStatus()
			}
		})
		if want := map[bool]int{true: 1, false: 0}[deliver]; seen != 1 || status != want {
			t.Errorf("deliver %v: seen %d times, %d handled", deliver, seen, status)
		}
	}
}

func TestGroupStop(t *testing.T) {
	tracer := newTracer(t, Options{Follow: true})
	tracee := launch(t, tracer, command("stop"))
	var events []string
	run(t, tracer, func(ev *Event) {
		switch {
		case ev.Kind == Signal, (ev.Kind == GroupStop || ev.Kind == Exited) && ev.Tracee == tracee:
			events = append(events, ev.Kind.String()+" "+unix.SignalName(ev.Signal))
		}
		if ev.Kind == GroupStop && ev.Tracee == tracee {
			go func() {
				// It must remain stopped until it is continued.
				time.Sleep(50 * time.Millisecond)
				if state := statusField(tracee.TID, "State"); !strings.HasPrefix(state, "t") {
					t.Errorf("in a group-stop its state is %s", state)
				}
				unix.Kill(tracee.TID, unix.SIGCONT)
			}()
		}
	})
	if want := []string{"signal SIGSTOP", "group-stop SIGSTOP", "signal SIGCONT", "exited "}; !equal(events, want) {
		t.Errorf("events %q, want %q", events, want)
	}
}

func TestKillInAnyStop(t *testing.T) {
	for at := range 40 {
		tracer := newTracer(t, Options{Follow: true})
		tracee := launch(t, tracer, command("tree", "1"))
		count, killed := 0, false
		run(t, tracer, func(ev *Event) {
			if count == at {
				unix.Kill(tracee.TID, unix.SIGKILL)
			}
			count++
			if ev.Kind == Killed && ev.Tracee.TID == tracee.TID {
				killed = ev.Signal == unix.SIGKILL
			}
		})
		if !killed {
			t.Errorf("killed at event %d: not reported", at)
		}
	}
}

func TestThreadExec(t *testing.T) {
	tracer := newTracer(t, Options{Follow: true})
	tracee := launch(t, tracer, command("thread-exec"))
	pid := tracee.TID
	execs, status := 0, -1
	run(t, tracer, func(ev *Event) {
		switch {
		case ev.Kind == Exec && ev.FormerTID != 0:
			execs++
			if ev.FormerTID == pid || ev.Tracee.TID != pid || ev.Superseded != tracee || ev.Tracee == tracee {
				t.Errorf("exec of %d, now %d, superseding %v", ev.FormerTID, ev.Tracee.TID, ev.Superseded)
			}
			if !ev.Tracee.inCall || ev.Call.NR != unix.SYS_EXECVE {
				t.Errorf("exec in call %d", ev.Call.NR)
			}
		case ev.Kind == Exited && ev.Tracee.TID == pid:
			status = ev.Status.ExitStatus()
		}
	})
	if execs != 1 || status != 7 {
		t.Errorf("%d execs by threads, exit status %d", execs, status)
	}
}

func TestForkTree(t *testing.T) {
	tracer := newTracer(t, Options{Follow: true})
	launch(t, tracer, command("tree", "3"))
	live := map[*Tracee]bool{}
	execs := 0
	run(t, tracer, func(ev *Event) {
		switch ev.Kind {
		case Created:
			live[ev.Tracee] = true
		case Exec:
			execs++
		case Exited, Killed:
			delete(live, ev.Tracee)
		}
	})
	if len(live) != 0 {
		t.Errorf("%d tracees without an end", len(live))
	}
	if want := 1 + 2 + 4 + 8; execs != want {
		t.Errorf("%d programs, want %d", execs, want)
	}
}

// start runs a program untraced and waits until it reports that it is ready.
func start(t *testing.T, program string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := selfCommand(program, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line := make([]byte, 6)
	if _, err := out.Read(line); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestAttachAllThreadsAndDetach(t *testing.T) {
	for _, stopFirst := range []bool{false, true} {
		cmd := start(t, "threads", "20")
		pid := cmd.Process.Pid
		if stopFirst {
			unix.Kill(pid, unix.SIGSTOP)
			for !strings.HasPrefix(statusField(pid, "State"), "T") {
				time.Sleep(time.Millisecond)
			}
		}
		tracer := newTracer(t, Options{Follow: true})
		threads, err := tracer.Attach(pid)
		if err != nil {
			t.Fatal(err)
		}
		if threads < 21 {
			t.Errorf("%d threads attached", threads)
		}
		time.AfterFunc(100*time.Millisecond, func() { tracer.Interrupt(unix.SIGINT) })
		detached := 0
		run(t, tracer, func(ev *Event) {
			if ev.Kind == Detached {
				detached++
			}
		})
		if detached < threads {
			t.Errorf("%d of %d threads detached", detached, threads)
		}
		if by := statusField(pid, "TracerPid"); by != "0" {
			t.Errorf("still traced by %s", by)
		}
		// A thread that is detached from a group-stop runs for a moment before
		// it stops again.
		eventually(func() bool { return strings.HasPrefix(statusField(pid, "State"), "T") == stopFirst })
		if state := statusField(pid, "State"); strings.HasPrefix(state, "T") != stopFirst {
			t.Errorf("state after detaching is %s, stopped before: %v", state, stopFirst)
		}
	}
}

func TestAttachInMidCall(t *testing.T) {
	cmd := start(t, "pause")
	pid := cmd.Process.Pid
	asleep.Await(t, pid, unix.SYS_PAUSE)
	tracer := newTracer(t, Options{})
	if _, err := tracer.Attach(pid); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { unix.Kill(pid, unix.SIGURG) })
	first := true
	run(t, tracer, func(ev *Event) {
		if ev.Kind == Exit && first {
			if ev.Call.EntrySeen || !ev.Call.IsError {
				t.Errorf("first exit: %+v", *ev.Call)
			}
		}
		first = false
		if ev.Kind == Signal && ev.Signal == unix.SIGURG {
			unix.Kill(pid, unix.SIGKILL)
		}
	})
	if first {
		t.Error("no event")
	}
}

// An interrupt detaches from all threads, or the command dies of the signal first.
func TestInterrupt(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGWINCH} { // the latter has no effect
		t.Run(unix.SignalName(sig), func(t *testing.T) { testInterrupt(t, sig) })
	}
}

func testInterrupt(t *testing.T, sig unix.Signal) {
	tracer := newTracer(t, Options{Follow: true})
	tracee := launch(t, tracer, command("threads", "3"))
	var once sync.Once
	detached := 0
	var status unix.WaitStatus
	run(t, tracer, func(ev *Event) {
		switch ev.Kind {
		case Enter:
			if ev.Call.NR == unix.SYS_PAUSE {
				once.Do(func() { go tracer.Interrupt(sig) })
			}
		case Detached:
			detached++
		case Killed:
			if ev.Tracee == tracee {
				status = ev.Status // before it could be detached
			}
		}
	})
	if detached == 0 && status == 0 {
		t.Error("no tracee was detached")
	}
	if sig == unix.SIGWINCH {
		unix.Kill(tracee.TID, unix.SIGKILL)
		sig = unix.SIGKILL
	}
	if status == 0 {
		var ok bool
		if status, ok = tracer.AwaitCommand(); !ok {
			return // it died while others were detached
		}
	}
	if status.Signal() != sig {
		t.Errorf("the command ended with %#x", status)
	}
}

func TestAttachErrors(t *testing.T) {
	tracer := newTracer(t, Options{})
	_, err := tracer.Attach(1 << 22)
	if e, ok := err.(*AttachError); !ok || e.Errno != unix.ESRCH {
		t.Errorf("no such process: %v", err)
	}
	cmd := start(t, "pause")
	traced := make(chan bool)
	done := make(chan bool)
	go func() {
		other, err := New(Options{})
		if err == nil {
			_, err = other.Attach(cmd.Process.Pid)
		}
		if err != nil {
			t.Error(err)
		}
		close(traced)
		<-done
	}()
	<-traced
	_, err = tracer.Attach(cmd.Process.Pid)
	close(done)
	e, ok := err.(*AttachError)
	if want := "already being traced by pid " + strconv.Itoa(os.Getpid()); !ok || e.Errno != unix.EPERM || !strings.Contains(e.Hint, want) {
		t.Errorf("already traced: %v, hint %q", err, e.Hint)
	}
}

func TestMemory(t *testing.T) {
	tracer := newTracer(t, Options{})
	tracee := launch(t, tracer, command("getppid", "3"))
	tested := false
	run(t, tracer, func(ev *Event) {
		if ev.Kind != Enter || ev.Call.NR != unix.SYS_GETPPID || tested {
			return
		}
		tested = true
		stack := ev.Call.SP
		want := []byte("written by the tracer, of odd length!")
		old := make([]byte, len(want))
		if n := tracee.ReadMemory(stack, old); n != len(old) {
			t.Fatalf("read %d bytes", n)
		}
		for name, write := range map[string]func(uint64, []byte) int{"process_vm_writev": tracee.WriteMemory, "POKEDATA": tracee.poke} {
			for _, read := range []func(uint64, []byte) int{tracee.ReadMemory, tracee.peek} {
				got := make([]byte, len(want))
				if n := write(stack+3, want); n != len(want) {
					t.Errorf("%s: wrote %d bytes", name, n)
				}
				if n := read(stack+3, got); n != len(want) || !bytes.Equal(got, want) {
					t.Errorf("%s: read %d bytes, %q", name, n, got)
				}
				write(stack, old)
			}
		}
		// The program's code may only be read and executed. Other threads
		// execute it, so it is not changed.
		code := make([]byte, 21)
		if tracee.ReadMemory(ev.Call.IP, code) != len(code) || tracee.WriteMemory(ev.Call.IP, code) != len(code) {
			t.Error("the program's code cannot be written")
		}
		// After the main thread's stack there is no memory.
		end := stackEnd(t, tracee.TID)
		far := make([]byte, 100)
		if n := tracee.ReadMemory(end-10, far); n != 10 {
			t.Errorf("read %d of 10 bytes before the end", n)
		}
		if n := tracee.peek(end-10, far); n != 10 {
			t.Errorf("peeked %d of 10 bytes before the end", n)
		}
		if n := tracee.WriteMemory(end-10, far); n != 10 {
			t.Errorf("wrote %d of 10 bytes before the end", n)
		}
		for _, addr := range []uint64{0, 1 << 63, ^uint64(0), ^uint64(0) - 50} {
			if n := tracee.ReadMemory(addr, far); n != 0 {
				t.Errorf("read %d bytes at %#x", n, addr)
			}
			if n := tracee.WriteMemory(addr, far); n != 0 {
				t.Errorf("wrote %d bytes at %#x", n, addr)
			}
		}
	})
	if !tested {
		t.Error("getppid was not called")
	}
}

// stackEnd is the address after a process's main stack.
func stackEnd(t *testing.T, pid int) uint64 {
	maps, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		if strings.Contains(line, "[stack]") {
			_, end, _ := strings.Cut(strings.Fields(line)[0], "-")
			addr, err := strconv.ParseUint(end, 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			return addr
		}
	}
	t.Fatal("no stack")
	return 0
}

// The ABI is the call's, not the program's: rewrite a syscall instruction of a
// 64-bit program to int $0x80.
func TestABIOfCall(t *testing.T) {
	need.All(t, need.I386)
	tracer := newTracer(t, Options{})
	tracee := launch(t, tracer, command("getppid", "4"))
	const i386Getpid = 20
	state := 0
	run(t, tracer, func(ev *Event) {
		if ev.Kind != Enter && ev.Kind != Exit {
			return
		}
		switch {
		case state == 0 && ev.Kind == Exit && ev.Call.NR == unix.SYS_GETPPID:
			var regs Registers
			if err := tracee.Registers(&regs); err != nil {
				t.Fatal(err)
			}
			if regs.Cs != code64 || regs.Rip != ev.Call.IP || regs.Rsp != ev.Call.SP || regs.Rax != uint64(ev.Call.Ret) {
				t.Errorf("registers %+v, call %+v", regs, *ev.Call)
			}
			regs.Rip -= 2
			regs.Rax = i386Getpid
			if tracee.WriteMemory(regs.Rip, []byte{0xcd, 0x80}) != 2 && tracee.poke(regs.Rip, []byte{0xcd, 0x80}) != 2 {
				t.Fatal("cannot write code")
			}
			if err := tracee.SetRegisters(&regs); err != nil {
				t.Fatal(err)
			}
			state++
		case state == 1:
			if ev.Kind != Enter || ev.Call.ABI != tables.I386 || ev.Call.NR != i386Getpid {
				t.Errorf("%v of call %d, %v", ev.Kind, ev.Call.NR, ev.Call.ABI)
			}
			state++
		case state == 2:
			if ev.Kind != Exit || ev.Call.ABI != tables.I386 || ev.Call.Ret != int64(tracee.TID) {
				t.Errorf("%v of call %d, %v: %d", ev.Kind, ev.Call.NR, ev.Call.ABI, ev.Call.Ret)
			}
			var regs Registers
			tracee.Registers(&regs)
			tracee.poke(regs.Rip-2, []byte{0x0f, 0x05})
			state++
		}
	})
	if state != 3 {
		t.Errorf("got to state %d", state)
	}
}

func TestABIOf(t *testing.T) {
	for _, test := range []struct {
		arch uint32
		nr   uint64
		abi  tables.ABI
		want uint64
	}{
		{unix.AUDIT_ARCH_X86_64, 1, tables.X86_64, 1},
		{unix.AUDIT_ARCH_X86_64, ^uint64(0), tables.X86_64, ^uint64(0)},
		{unix.AUDIT_ARCH_X86_64, 1<<30 | 512, tables.X32, 512},
		{unix.AUDIT_ARCH_X86_64, 0xbfffffff, tables.X86_64, 0xbfffffff},
		{unix.AUDIT_ARCH_I386, 1<<30 | 5, tables.I386, 1<<30 | 5},
	} {
		if abi, nr := abiOf(test.arch, test.nr); abi != test.abi || nr != test.want {
			t.Errorf("%#x of %#x: %v %#x", test.nr, test.arch, abi, nr)
		}
	}
}

func TestRegisterSets(t *testing.T) {
	tracer := newTracer(t, Options{})
	tracee := launch(t, tracer, command("getppid", "1"))
	first := true
	run(t, tracer, func(ev *Event) {
		if !first || ev.Kind != Exit {
			return
		}
		first = false
		var b [16384]byte
		if n, err := tracee.RegisterSet(NotePRFPREG, b[:]); n != 512 || err != nil {
			t.Errorf("FPREGS: %d bytes, %v", n, err)
		}
		if n, err := tracee.RegisterSet(NoteX86Xstate, b[:]); n < 576 || err != nil {
			t.Errorf("XSTATE: %d bytes, %v", n, err)
		}
	})
}

func TestDetachOnExec(t *testing.T) {
	tracer := newTracer(t, Options{DetachOnExec: true})
	launch(t, tracer, Command{Path: "/bin/sh", Argv: []string{"sh", "-c", "exec true"}})
	var last Kind
	var call Syscall
	run(t, tracer, func(ev *Event) { last, call = ev.Kind, *ev.Call })
	if last != Detached || call.NR != unix.SYS_EXECVE {
		t.Errorf("the last event is %v in call %d", last, call.NR)
	}
}

func TestDelay(t *testing.T) {
	tracer := newTracer(t, Options{Follow: true})
	launch(t, tracer, command("getppid", "3"))
	const delay = 20 * time.Millisecond
	var entered time.Time
	delayed := 0
	run(t, tracer, func(ev *Event) {
		switch {
		case ev.Call.NR != unix.SYS_GETPPID:
		case ev.Kind == Enter:
			entered = time.Now()
			ev.Delay = delay
		case ev.Kind == Exit:
			delayed++
			if took := time.Since(entered); took < delay {
				t.Errorf("delayed for %v only", took)
			}
		}
	})
	if delayed != 3 {
		t.Errorf("%d calls", delayed)
	}
}

func TestQueue(t *testing.T) {
	var q queue
	next, taken := 0, 0
	for round := range 50 {
		for range round {
			usage := unix.Rusage{Minflt: int64(next)}
			q.push(stop{tid: next}, &usage)
			next++
		}
		for range round / 2 {
			var usage unix.Rusage
			if s, ok := q.pop(&usage); !ok || s.tid != taken || usage.Minflt != int64(taken) {
				t.Fatalf("popped %d with the usage of %d, %v, want %d", s.tid, usage.Minflt, ok, taken)
			}
			taken++
		}
	}
	for ; taken < next; taken++ {
		if s, ok := q.pop(nil); !ok || s.tid != taken {
			t.Fatalf("popped %d, %v, want %d", s.tid, ok, taken)
		}
	}
	if _, ok := q.pop(nil); ok {
		t.Error("popped from an empty queue")
	}
}

// A stop that is put back is returned next, however many others there are.
func TestQueuePutBack(t *testing.T) {
	for others := range 130 {
		var q queue
		for i := range others {
			q.push(stop{tid: i + 1}, &unix.Rusage{Minflt: int64(i + 1)})
		}
		q.putBack(stop{tid: 0}, &unix.Rusage{Minflt: 0})
		for want := range others + 1 {
			usage := unix.Rusage{Minflt: -1}
			if s, ok := q.pop(&usage); !ok || s.tid != want || usage.Minflt != int64(want) {
				t.Fatalf("%d others: popped %d with the usage of %d, %v, want %d", others, s.tid, usage.Minflt, ok, want)
			}
		}
		if !q.empty() {
			t.Errorf("%d others: stops are left", others)
		}
	}
}

// One iteration is one stop.
func BenchmarkStop(b *testing.B) {
	for _, mode := range []struct {
		name string
		Colocation
	}{{"auto", ColocateAuto}, {"never", ColocateNever}} {
		b.Run(mode.name, func(b *testing.B) {
			tracer := newTracer(b, Options{Colocate: mode.Colocation})
			launch(b, tracer, command("getppid", "1000000000"))
			for calls := 0; calls < 10; {
				ev, err := tracer.Next()
				if err != nil {
					b.Fatal(err)
				}
				if ev.Call.NR == unix.SYS_GETPPID {
					calls++
				}
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := tracer.Next(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			tracer.interrupt.Store(int32(unix.SIGKILL))
			run(b, tracer, nil)
		})
	}
}

func init() {
	programs["busy-threads"] = func() { // that many threads, each of which makes that many calls, all at the same time
		threads, _ := strconv.Atoi(os.Args[1])
		calls, _ := strconv.Atoi(os.Args[2])
		runtime.GOMAXPROCS(threads)
		var started, done sync.WaitGroup
		started.Add(threads)
		for range threads {
			done.Go(func() {
				runtime.LockOSThread()
				started.Done()
				started.Wait()
				for range calls {
					unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
				}
			})
		}
		done.Wait()
	}
	programs["busy-processes"] = func() {
		for range 3 {
			cmd := selfCommand("getppid", "1000000000")
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			go cmd.Run()
		}
		time.Sleep(10 * time.Minute) // it is killed before
	}
}

func TestManyThreads(t *testing.T) {
	const threads, calls = 1000, 20
	tracer := newTracer(t, Options{Follow: true})
	launch(t, tracer, command("busy-threads", strconv.Itoa(threads), strconv.Itoa(calls)))
	entered, left, manyStopped := 0, 0, 0
	created, ended := map[*Tracee]bool{}, map[*Tracee]int{}
	run(t, tracer, func(ev *Event) {
		if tracer.manyStopped {
			manyStopped++
		}
		switch {
		case ev.Kind == Created:
			created[ev.Tracee] = true
		case ev.Kind == Exited:
			ended[ev.Tracee]++
		case ev.Call.NR != unix.SYS_GETPPID:
		case ev.Kind == Enter:
			entered++
		case ev.Kind == Exit:
			left++
		}
	})
	if entered != threads*calls || left != entered {
		t.Errorf("%d calls entered, %d left, want %d", entered, left, threads*calls)
	}
	if manyStopped == 0 {
		t.Error("the threads were never found to be many")
	}
	if len(created) < threads {
		t.Errorf("%d threads", len(created))
	}
	// If a thread exits with its process before its first stop, its only event is its end.
	for tracee := range created {
		if ended[tracee] == 0 {
			t.Errorf("thread %d has no end", tracee.TID)
		}
	}
	for tracee, n := range ended {
		if n != 1 {
			t.Errorf("thread %d has ended %d times", tracee.TID, n)
		}
	}
}

// None of several tracees that make calls continuously starves.
func TestNoStarvation(t *testing.T) {
	const most = 15_000 // the number of other tracees' calls while one tracee waits
	for _, colocate := range []Colocation{ColocateAlways, ColocateNever} {
		tracer := newTracer(t, Options{Follow: true, Colocate: colocate})
		tracee := launch(t, tracer, command("busy-processes"))
		calls := map[*Tracee]int{}
		total, longest := 0, 0
		last := map[*Tracee]int{}
		run(t, tracer, func(ev *Event) {
			if ev.Kind != Enter || ev.Call.NR != unix.SYS_GETPPID {
				return
			}
			if calls[ev.Tracee]++; calls[ev.Tracee] == 1 {
				last[ev.Tracee] = total
			}
			if len(calls) < 3 {
				return
			}
			longest = max(longest, total-last[ev.Tracee])
			last[ev.Tracee] = total
			for other, at := range last {
				// A tracee that does not wait for the tracer may wait for a processor,
				// which other processes use.
				if total-at == most/2 && !strings.HasPrefix(statusField(other.TID, "State"), "t") {
					last[other] = total
				}
			}
			if total++; total == 30_000 {
				tracer.DetachAll()
				unix.Kill(tracee.TID, unix.SIGKILL)
			}
		})
		if total < 30_000 || longest > most {
			t.Errorf("%d calls, of which one tracee saw %d pass", total, longest)
		}
	}
}
