//go:build linux && amd64

// Command replay stands in for trapline in tests of recordings: it is called in the
// same way, records the trace, and shows what was asked for from the recording. It
// ends as the recorder has ended, that is, like the command.
//
// The folder "live" beside this program holds trapline itself, under the same name. What
// cannot be recorded is run there as it was called. Each run adds a line to the file
// "runs" beside this program: "replayed", or "live" and the option that is the reason.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/early"
)

func main() {
	runtime.LockOSThread() // it has the signal mask
	self, err := os.Executable()
	if err != nil {
		fail(err)
	}
	dir := filepath.Dir(self)
	r := runner{tracer: filepath.Join(dir, "live", filepath.Base(self)), name: os.Args[0]}
	p := plan(os.Args[1:])
	if p.live == "" && !r.accepts(p.show) {
		p.live = "refused options"
	}
	note(filepath.Join(dir, "runs"), &p)
	r.restoreSignals()
	if p.live != "" {
		fail(syscall.Exec(r.tracer, os.Args, os.Environ()))
	}
	folder, err := os.MkdirTemp("", "replay")
	if err != nil { // of another user
		folder, err = os.MkdirTemp("/tmp", "replay")
	}
	if err != nil {
		fail(err)
	}
	file := filepath.Join(folder, "recording")
	ended := r.run(append([]string{"--record=" + file}, p.record...))
	if _, err := os.Stat(file); err == nil {
		if shown := r.run(append([]string{"--from=" + file}, p.show...)); shown != 0 {
			ended = shown
		}
	}
	os.RemoveAll(folder)
	end(ended)
}

// note adds a line about this run to a file. Where the file cannot be written, it adds
// none: the tests may run as another user.
func note(file string, p *planned) {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return
	}
	defer f.Close()
	how := "replayed"
	if p.live != "" {
		how = "live " + p.live
	}
	fmt.Fprintf(f, "%s\t%q\n", how, os.Args[1:])
}

// runner runs the tracer.
type runner struct {
	tracer, name string // its file, and its argv[0]
}

// forwarded are the signals that are passed on to the tracer, while it runs.
var forwarded = []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGUSR1, unix.SIGUSR2}

// accepts reports whether the tracer accepts options. It runs the tracer with a command
// that does not exist, which the tracer reports after its options and before it opens its
// output.
func (r *runner) accepts(options []string) bool {
	const nowhere = "/dev/null/nowhere"
	cmd := exec.Command(r.tracer, slices.Concat(options, []string{"--", nowhere})...)
	said, _ := cmd.CombinedOutput()
	return strings.Contains(string(said), nowhere)
}

// restoreSignals gives this process the signal mask and the ignored signals that it was
// started with, for the tracer to inherit.
func (r *runner) restoreSignals() {
	s := early.Surroundings()
	for sig := unix.Signal(1); sig < 64; sig++ {
		if s.Ignored&(1<<(sig-1)) != 0 {
			signal.Ignore(sig)
		}
	}
	var mask unix.Sigset_t
	mask.Val[0] = s.Blocked
	unix.PthreadSigmask(unix.SIG_SETMASK, &mask, nil)
}

// run runs the tracer with arguments and returns its wait status. It does not use
// SysProcAttr.Pdeathsig: with that, package syscall kills what getpid returns. Where a
// filter refuses getpid that is -1, which means all processes.
func (r *runner) run(args []string) syscall.WaitStatus {
	tracer, err := syscall.ForkExec(r.tracer, append([]string{r.name}, args...), &syscall.ProcAttr{
		Env: os.Environ(), Files: standardFiles(),
	})
	if err != nil {
		fail(err)
	}
	signals := make(chan os.Signal, 8)
	for _, sig := range forwarded {
		if !early.Blocked(sig) { // Notify would unblock it
			signal.Notify(signals, sig)
			early.Catch(sig)
		}
	}
	go func() {
		for sig := range signals {
			if tracer > 0 {
				unix.Kill(tracer, sig.(unix.Signal))
			}
		}
	}()
	status := await(tracer)
	signal.Stop(signals)
	close(signals)
	r.restoreSignals()
	return status
}

// await waits for a child. Others end as well if this is the first process of a PID
// namespace.
func await(child int) (status syscall.WaitStatus) {
	for {
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err != nil && err != unix.EINTR {
			fail(err)
		}
		if pid == child {
			return status
		}
	}
}

// standardFiles are the standard descriptors, without those that were closed.
func standardFiles() []uintptr {
	files := []uintptr{0, 1, 2}
	closed := early.Surroundings().ClosedFDs
	for fd := range files {
		if closed&(1<<fd) != 0 {
			files[fd] = ^uintptr(0)
		}
	}
	return files
}

// end ends this process as the tracer has ended, without a core dump.
func end(status syscall.WaitStatus) {
	if !status.Signaled() {
		os.Exit(status.ExitStatus())
	}
	sig := status.Signal()
	unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	var action [4]uint64 // SIG_DFL, without the runtime's knowledge, whose handlers print tracebacks
	unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
	mask := unix.Sigset_t{Val: [16]uint64{1 << (sig - 1)}}
	unix.PthreadSigmask(unix.SIG_UNBLOCK, &mask, nil)
	unix.Tgkill(os.Getpid(), unix.Gettid(), sig)
	os.Exit(128 + int(sig))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "replay:", err)
	os.Exit(1)
}
