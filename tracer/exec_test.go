//go:build linux && amd64

package tracer

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func init() {
	// Reports the id of a thread other than the leader, which calls execve when
	// standard input ends.
	programs["thread-exec-later"] = func() {
		runtime.LockOSThread() // the leader stays here
		go func() {
			runtime.LockOSThread()
			fmt.Println(unix.Gettid())
			unix.Read(0, make([]byte, 1))
			os.Setenv(programEnv, "exit")
			syscall.Exec("/proc/self/exe", []string{"exit", "7"}, os.Environ())
		}()
		unix.Pause()
	}
}

// Only one thread of a process is traced. It is not the leader, and it calls execve.
func TestExecOfAttachedThread(t *testing.T) {
	cmd := selfCommand("thread-exec-later")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	var tid int
	if _, err := fmt.Fscan(out, &tid); err != nil {
		t.Fatal(err)
	}
	tracer := newTracer(t, Options{})
	if _, err := tracer.Attach(tid); err != nil {
		t.Fatal(err)
	}
	in.Close()
	execs, ended := 0, false
	run(t, tracer, func(ev *Event) {
		switch ev.Kind {
		case Exec:
			execs++
			if ev.FormerTID != tid || ev.Superseded != nil || ev.Tracee.TID != cmd.Process.Pid || len(tracer.tracees) != 1 {
				t.Errorf("execve of %d, formerly %d, superseded %v, %d tracees", ev.Tracee.TID, ev.FormerTID, ev.Superseded, len(tracer.tracees))
			}
		case Stray:
			t.Errorf("%d is a stray", ev.Tracee.TID)
		case Exited:
			ended = ev.Status.ExitStatus() == 7
		}
	})
	if execs != 1 || !ended {
		t.Errorf("%d execves, exited with 7: %v", execs, ended)
	}
}

// The trace ends even if the leader of a process, which is traced, has ended before the
// other threads, which are not.
func TestInterruptDeadLeader(t *testing.T) {
	cmd := selfCommand("dead-leader")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	pid := cmd.Process.Pid
	if _, err := fmt.Fscan(out, new(string)); err != nil {
		t.Fatal(err)
	}
	tracer := newTracer(t, Options{})
	if _, err := tracer.Attach(pid); err != nil {
		t.Fatal(err)
	}
	in.Close()
	go func() {
		for !isZombie(pid) {
			time.Sleep(time.Millisecond)
		}
		tracer.Interrupt(unix.SIGTERM)
	}()
	detached := false
	run(t, tracer, func(ev *Event) { detached = detached || ev.Kind == Detached })
	if !detached {
		t.Error("the leader was not let go")
	}
}

// isZombie reports whether the first thread of a process has ended.
func isZombie(pid int) bool {
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return bytes.Contains(stat, []byte(") Z "))
}

func init() {
	programs["dead-leader"] = func() { // its first thread ends when standard input does
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() { // the runtime has moved this goroutine: try again
			syscall.Exec("/proc/self/exe", os.Args, os.Environ())
		}
		fmt.Println("ready")
		go func() {
			runtime.LockOSThread()
			for {
				unix.Pause()
			}
		}()
		unix.Read(0, make([]byte, 1))
		unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
	}
}
