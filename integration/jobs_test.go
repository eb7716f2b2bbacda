package integration

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"trapline/integration/need"
)

// job is a trapline in the background, in its own process group.
type job struct {
	t     *testing.T
	cmd   *exec.Cmd
	input io.WriteCloser // the command's standard input
	log   string
}

func startJob(t *testing.T, args ...string) *job {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(trapline(t), append([]string{"-o", log}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	return &job{t, cmd, input, log}
}

func (j *job) written() string {
	b, _ := os.ReadFile(j.log)
	return string(b)
}

// await waits until the log contains a text.
func (j *job) await(text string) {
	j.t.Helper()
	eventually(j.t, func() bool { return strings.Contains(j.written(), text) })
}

// state returns the state letter of a process or thread (proc_pid_status(5)).
func state(tid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	_, after, _ := strings.Cut(string(b), "\nState:\t")
	return after[:min(1, len(after))]
}

// child returns the only child of a process's first thread.
func child(t *testing.T, pid int) (child int) {
	t.Helper()
	eventually(t, func() bool {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		n, _ := fmt.Sscan(string(b), &child)
		return n == 1
	})
	return child
}

// threads returns the threads of a process.
func threads(pid int) (tids []int) {
	entries, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, e := range entries {
		var tid int
		fmt.Sscan(e.Name(), &tid)
		tids = append(tids, tid)
	}
	return tids
}

// TestStop stops a tracee and continues it: it is stopped as any process would
// be, and only until then.
func TestStop(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	j := startJob(t, "-e", "trace=read", "cat")
	j.await("read(0")
	pid := child(t, j.cmd.Process.Pid)
	syscall.Kill(pid, syscall.SIGSTOP)
	j.await("--- stopped by SIGSTOP ---\n")
	if s := state(pid); s != "t" && s != "T" {
		t.Errorf("state %q, want a stop", s)
	}
	syscall.Kill(pid, syscall.SIGCONT)
	j.await("--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, ")
	j.input.Close()
	if err := j.cmd.Wait(); err != nil {
		t.Error(err)
	}
	var signals []string
	for line := range strings.Lines(j.written()) {
		if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") {
			signals = append(signals, strings.Fields(line)[1]+" "+strings.Fields(line)[2])
		}
	}
	if got, want := fmt.Sprintf("%q", signals), `["SIGSTOP {si_signo=SIGSTOP," "stopped by" "SIGCONT {si_signo=SIGCONT," "exited with"]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTerminalStop does what a terminal does at ^Z, and a shell at fg. Trapline
// also stops, so it may never see the tracees' SIGTSTP, which SIGCONT cancels.
func TestTerminalStop(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	j := startJob(t, "-f", "sh", "-c", "cat; exit 3")
	j.await("read(0")
	group := j.cmd.Process.Pid
	syscall.Kill(-group, syscall.SIGTSTP)
	eventually(t, func() bool { return state(group) == "T" })
	syscall.Kill(-group, syscall.SIGCONT)
	j.await("--- SIGCONT {")
	j.input.Close()
	j.cmd.Wait()
	if code := j.cmd.ProcessState.ExitCode(); code != 3 {
		t.Errorf("%v, want exit status 3\n%s", j.cmd.ProcessState, j.written())
	}
	for _, want := range []string{"--- SIGCONT {", "+++ exited with 0 +++\n", "+++ exited with 3 +++\n"} {
		if !strings.Contains(j.written(), want) {
			t.Errorf("no %q in\n%s", want, j.written())
		}
	}
}

// TestDetach attaches to a working process with threads and leaves it, in every
// way that ends a tracer.
func TestDetach(t *testing.T) {
	need.All(t, need.Live) // the test checks who traces
	need.All(t, need.X86)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGKILL} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			done := filepath.Join(t.TempDir(), "done")
			work := exec.Command(program(t, "edges", "amd64"), "10m", done)
			if err := work.Start(); err != nil {
				t.Fatal(err)
			}
			pid := work.Process.Pid
			defer work.Process.Kill()
			// Without -I, SIGHUP opens the file again if there is no terminal.
			j := startJob(t, "-I", "anywhere", "-f", "-p", fmt.Sprint(pid))
			j.await("sendmsg(")
			for _, tid := range threads(pid) {
				if got, want := tracerOf(tid), fmt.Sprint(j.cmd.Process.Pid); got != want {
					t.Errorf("thread %d of %d has tracer %s, want %s", tid, pid, got, want)
				}
			}
			j.cmd.Process.Signal(sig)
			j.cmd.Wait()
			if status := j.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != sig {
				t.Errorf("trapline: %v, want %v", j.cmd.ProcessState, sig)
			}
			for _, tid := range threads(pid) {
				if tracer := tracerOf(tid); tracer != "0" {
					t.Errorf("thread %d of %d still has tracer %s", tid, pid, tracer)
				}
				if s := state(tid); s == "T" || s == "t" {
					t.Errorf("thread %d of %d is left stopped", tid, pid)
				}
			}
			if err := os.WriteFile(done, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := work.Wait(); err != nil {
				t.Errorf("the process: %v", err)
			}
		})
	}
}

func tracerOf(tid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	_, after, _ := strings.Cut(string(b), "\nTracerPid:\t")
	tracer, _, _ := strings.Cut(after, "\n")
	return tracer
}

// TestTracerKilled kills trapline while it runs a command: the command
// continues, with its original affinity.
func TestTracerKilled(t *testing.T) {
	need.All(t, need.Unbuffered) // a process with a filter cannot outlive trapline
	done, restored := filepath.Join(t.TempDir(), "done"), filepath.Join(t.TempDir(), "restored")
	allowed := func(pid string) string {
		b, _ := os.ReadFile("/proc/" + pid + "/status")
		_, after, _ := strings.Cut(string(b), "\nCpus_allowed:\t")
		mask, _, _ := strings.Cut(after, "\n")
		return mask
	}
	const script = `echo $$ >$1.pid; i=0; while [ $i -lt 300 ]; do i=$((i+1)); : </dev/null; done
		until [ -e $1 ]; do sleep 0.1; done; grep Cpus_allowed: /proc/$$/status >$0.new; mv $0.new $0`
	j := startJob(t, "sh", "-c", script, done, restored)
	j.await("openat(")
	j.cmd.Process.Kill()
	j.cmd.Wait()
	eventually(t, func() bool {
		pid, _ := os.ReadFile(restored + ".pid")
		return len(pid) > 0 && allowed(strings.TrimSpace(string(pid))) == allowed("self")
	})
	if err := os.WriteFile(restored, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { _, err := os.Stat(done); return err == nil })
	b, _ := os.ReadFile(done)
	if got, want := strings.Fields(string(b)), allowed("self"); len(got) != 2 || got[1] != want {
		t.Errorf("the command ends with %q, want the processors %s", got, want)
	}
}

// TestInterrupt sends trapline the signals of an impatient user. With -o only
// the command decides what ^C does; otherwise both end.
func TestInterrupt(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		var stderr lockedBuilder
		cmd := exec.Command(trapline(t), "sleep", "1000")
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return strings.Contains(stderr.String(), "nanosleep(") })
		pid := child(t, cmd.Process.Pid)
		cmd.Process.Signal(sig)
		cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != sig {
			t.Errorf("%v: trapline: %v", sig, cmd.ProcessState)
		}
		want := fmt.Sprintf(" <detached ...>\n%s: Process %d detached\n", trapline(t), pid)
		if !strings.HasSuffix(stderr.String(), want) {
			t.Errorf("%v: at the end of %q no %q", sig, stderr.String(), want)
		}
		eventually(t, func() bool { return state(pid) == "" || state(pid) == "Z" })
	}
	j := startJob(t, "sleep", "0.7")
	j.await("nanosleep(")
	j.cmd.Process.Signal(syscall.SIGINT)
	if err := j.cmd.Wait(); err != nil || !strings.HasSuffix(j.written(), "+++ exited with 0 +++\n") {
		t.Errorf("with -o: %v\n%s", err, j.written())
	}
}

// TestKillOnExit ends trapline, by a signal that it catches and by one that it
// cannot: with --kill-on-exit tracees that ignore signals also end.
func TestKillOnExit(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		j := startJob(t, "-I2", "-f", "--kill-on-exit", "--no-seccomp-bpf", "sh", "-c", "trap '' TERM; sleep 1000; :")
		j.await("nanosleep(")
		shell := child(t, j.cmd.Process.Pid)
		sleep := child(t, shell)
		j.cmd.Process.Signal(sig)
		j.cmd.Wait()
		if status := j.cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != sig {
			t.Errorf("%v: trapline: %v", sig, j.cmd.ProcessState)
		}
		for _, pid := range []int{shell, sleep} {
			eventually(t, func() bool { return state(pid) == "" || state(pid) == "Z" })
		}
	}
}
