//go:build linux && amd64

package tracer

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// Command is a program to launch.
type Command struct {
	Path         string   // passed to execve, without a search in PATH
	Argv         []string // including argv[0]
	Env          []string
	Dir          string        // working directory; "" means the tracer's own
	Files        [3]*os.File   // its first three descriptors; nil means the tracer's own
	Terminal     bool          // the first descriptor becomes the controlling terminal of a new session
	Credential   *Credential   // nil means the tracer's own
	Surroundings *Surroundings // nil means the current state of this process
}

// Credential has the ids of a launched command. The effective ids differ from
// the real ones for a set-user-ID or set-group-ID program, whose bits execve
// ignores under ptrace.
type Credential struct {
	UID, GID   uint32
	EUID, EGID uint32
	Groups     []uint32
}

// LaunchError is a launch that failed before the command's execve.
type LaunchError struct {
	Step  string // the system call that failed
	Errno unix.Errno
}

func (e *LaunchError) Error() string { return e.Step + ": " + e.Errno.Error() }
func (e *LaunchError) Unwrap() error { return e.Errno }

// Launch starts a command under trace. The next event is the entry of its execve.
//
// The process is made by clone and shares this process's memory until its execve. It only
// runs a short list of system calls (launcher.go). If this process dies, so does the
// launcher: first because of PR_SET_PDEATHSIG, later because of PTRACE_O_EXITKILL, which is
// removed when execve has succeeded.
func (t *Tracer) Launch(c Command) (*Tracee, error) {
	filter, err := t.makeFilter()
	if err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	tr, err := t.launch(&c, filter, false)
	if err == errTrapped {
		tr, err = t.launch(&c, filter, true)
	}
	return tr, err
}

// errTrapped means that a seccomp filter killed the launcher by SECCOMP_RET_TRAP before the
// launcher was a tracee. The call would have failed in any case.
var errTrapped = errors.New("a seccomp filter has ended the command's process before its execve: SIGSYS")

// launch is Launch. If careful is set, the launcher makes no optional calls before it is a
// tracee. If this process dies before that, such a launcher waits forever.
func (t *Tracer) launch(c *Command, filter []byte, careful bool) (_ *Tracee, err error) {
	l := &launcher{t: t, careful: careful}
	if l.program, err = newProgram(becomeSize(c, filter)); err != nil {
		return nil, err
	}
	if err := l.start(c, filter); err != nil {
		l.release()
		return nil, err
	}
	return l.launch(filter, func(options uintptr) error {
		if err := l.seize(options); err != nil {
			return err
		}
		goOn(l.word)
		return nil
	})
}

// check rejects strings that cannot be passed to execve.
func (c *Command) check() error {
	for _, list := range [][]string{{c.Path, c.Dir}, c.Argv, c.Env} {
		for _, s := range list {
			if strings.IndexByte(s, 0) >= 0 {
				return &LaunchError{"execve", unix.EINVAL}
			}
		}
	}
	return nil
}

// makeFilter makes the seccomp filter for the command, if the options require one.
func (t *Tracer) makeFilter() ([]byte, error) {
	if t.opts.Traced == nil || !t.opts.Follow {
		return nil, nil
	}
	var passing codeRange
	if t.buffered != nil {
		passing = codeRange{buffered.StubAddr, buffered.StubAddr + buffered.StubSize}
	}
	program, err := newFilter(t.verdict, t.filterData, passing)
	if err != nil {
		return nil, err
	}
	t.debugf("seccomp filter of %d instructions", len(program))
	return encodeFilter(program), nil
}

// launcher is a process that is to become a command.
type launcher struct {
	t       *Tracer
	tid     int
	program *program       // nil if the launcher is another process
	word    *atomic.Uint32 // the word for goOn
	seized  bool
	careful bool // see Tracer.launch
	hides   bool // its change of ids makes the kernel hide the memory that it shares with this process

	options uintptr     // ptrace options for the command
	blocked uint64      // signals to be blocked in the command
	pending unix.Signal // a signal for the command that arrived early
}

// seize makes the launcher a tracee.
func (l *launcher) seize(options uintptr) error {
	if errno := ptrace(unix.PTRACE_SEIZE, l.tid, 0, options); errno != 0 {
		return attachError(l.tid, errno)
	}
	l.seized = true
	return nil
}

// start starts the launcher, which then waits for goOn.
func (l *launcher) start(c *Command, filter []byte) error {
	p := l.program
	if !l.careful {
		p.add(checkNothing, unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uint64(unix.SIGKILL))
		if pid := unix.Getpid(); pid > 0 { // a seccomp filter may refuse getpid
			p.add(checkParent, unix.SYS_GETPPID).want = uint64(pid)
		}
	}
	flags, hidden := uintptr(unix.SIGCHLD|unix.CLONE_VM), (*atomic.Uint32)(nil)
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err == nil && dumpable != 1 {
		flags = uintptr(unix.SIGCHLD)
		hidden = p.hide()
	} else {
		l.hides = c.Credential != nil
	}
	l.word = p.awaitWord()
	p.become(c, filter, 0)

	before, err := blockSignals(0)
	if err != nil {
		return err
	}
	l.tid = cloneLauncher(p.first(), flags)
	unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	p.closeCopies()
	if l.tid < 0 {
		return fmt.Errorf("cannot start a process: %w", &LaunchError{"clone", unix.Errno(-l.tid)})
	}
	if hidden != nil {
		awaitHidden(hidden, l.tid)
	}
	l.blocked = before.Val[0]
	if c.Surroundings != nil {
		l.blocked = c.Surroundings.Blocked
	}
	return nil
}

// blockSignals blocks all signals in this thread except those given, and returns the signals
// that were blocked before.
func blockSignals(except uint64) (before unix.Sigset_t, err error) {
	var all unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	all.Val[0] &^= except
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		return before, fmt.Errorf("rt_sigprocmask: %w", err)
	}
	return before, nil
}

// launch follows the launcher up to its execve. catch seizes the launcher with the given
// options and lets it continue.
func (l *launcher) launch(filter []byte, catch func(options uintptr) error) (*Tracee, error) {
	t := l.t
	l.options = t.options()
	if len(filter) > 0 {
		l.options = t.filteredOptions()
	}
	options := l.options | unix.PTRACE_O_EXITKILL
	err := catch(options)
	if err == nil {
		t.debugf("launcher %d: seized with options %#x", l.tid, options)
		t.debugf("PTRACE_O_EXITKILL works")
		err = l.awaitReady()
	}
	if err != nil {
		if ended := l.end(); ended.Signaled() && ended.Signal() == unix.SIGSYS {
			err = errTrapped
		}
		return nil, err
	}
	tr := t.add(l.tid, stopped)
	tr.launch = launching
	tr.known = true
	tr.filtered = len(filter) > 0
	tr.endsWithTracer = l.options&unix.PTRACE_O_EXITKILL != 0
	t.launched, t.launcher = l.tid, l
	t.colocation.Enable()
	t.resume(tr)
	return tr, nil
}

// end ends the launcher, and returns its wait status if that is known. A launcher that is the
// child of another process and not yet a tracee exits by itself when the socket is closed.
func (l *launcher) end() (ended unix.WaitStatus) {
	if l.seized || l.program != nil {
		unix.Kill(l.tid, unix.SIGKILL)
		if status, errno := l.t.waitFor(l.tid); errno == 0 {
			ended = unix.WaitStatus(status)
		}
	}
	l.release()
	return ended
}

// awaitReady waits until the launcher has stopped before its execve. It keeps signals from
// other processes for the command.
func (l *launcher) awaitReady() error {
	request, left := unix.PTRACE_CONT, 0
	for {
		status, errno := l.t.waitFor(l.tid)
		if errno != 0 {
			return &LaunchError{"wait4", errno}
		}
		if ended := unix.WaitStatus(status); !ended.Stopped() {
			// It may have been about to end when it was seized.
			if ended.Signaled() && ended.Signal() == unix.SIGSYS && !l.careful {
				return errTrapped
			}
			return fmt.Errorf("the command's process has ended before its execve: %s", describeStatus(status))
		}
		switch sig, event := unix.Signal(status>>8&0xff), int(status>>16); {
		case event == unix.PTRACE_EVENT_STOP && sig != unix.SIGTRAP:
			l.pending = sig
		case event != 0:
		case sig == stopSyscall:
			if getSyscallInfo(l.tid, &l.t.info) == 0 && l.t.info.op == unix.PTRACE_SYSCALL_INFO_EXIT {
				left--
			}
			if left == 0 {
				return nil
			}
		case sig == unix.SIGTRAP:
			var err error
			if left, err = l.stopped(); left == 0 || err != nil {
				return err
			}
			request = unix.PTRACE_SYSCALL
		default:
			if err := l.signalled(sig); err != nil {
				return err
			}
		}
		if errno := ptrace(request, l.tid, 0, 0); errno != 0 {
			return &LaunchError{"ptrace", errno}
		}
	}
}

// signalled handles a signal to the launcher, which blocks all signals. A signal that another
// process has sent, such as SIGSTOP, is kept for the command. Any other signal was forced by
// the kernel because of an instruction of the launcher, and the command must not see it.
// After a fault the launcher cannot be resumed, since the fault would repeat.
func (l *launcher) signalled(sig unix.Signal) error {
	var info [SiginfoSize]byte
	errno := ptraceData(unix.PTRACE_GETSIGINFO, l.tid, 0, unsafe.Pointer(&info))
	if code := int32(binary.NativeEndian.Uint32(info[siginfoCode:])); errno != 0 || code <= 0 {
		l.pending = sig
		return nil
	}
	switch sig {
	case unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE:
		return fmt.Errorf("the command's process has failed before its execve: %s", tables.SignalName(int(sig)))
	case unix.SIGSYS:
		return l.refused()
	}
	l.pending = sig
	return nil
}

// refused handles a call of the launcher that a seccomp filter has refused by
// SECCOMP_RET_TRAP. It makes the call fail with ENOSYS, as in a kernel that does not have it,
// because the filter leaves the call's number in the result register.
func (l *launcher) refused() error {
	var regs Registers
	if errno := ptraceData(unix.PTRACE_GETREGS, l.tid, 0, unsafe.Pointer(&regs)); errno != 0 {
		return &LaunchError{"ptrace(PTRACE_GETREGS)", errno}
	}
	setResult(&regs, unix.ENOSYS)
	if errno := ptraceData(unix.PTRACE_SETREGS, l.tid, 0, unsafe.Pointer(&regs)); errno != 0 {
		return &LaunchError{"ptrace(PTRACE_SETREGS)", errno}
	}
	return nil
}

// stopped handles the launcher's breakpoint. Either a step has failed, or the launcher is
// about to call execve; left is the number of other calls that it makes before that.
//
// The breakpoint has sent the SIGTRAP although it is blocked: it has unblocked it and set its
// action to the default (force_sig_info_to_task of kernel/signal.c). If another SIGTRAP was
// pending for the thread, that one has been reported.
func (l *launcher) stopped() (left int, err error) {
	allSignals := ^uint64(0)
	ptraceData(unix.PTRACE_SETSIGMASK, l.tid, signalSetSize, unsafe.Pointer(&allSignals))
	var info [SiginfoSize]byte
	errno := ptraceData(unix.PTRACE_GETSIGINFO, l.tid, 0, unsafe.Pointer(&info))
	if code := binary.NativeEndian.Uint32(info[siginfoCode:]); errno == 0 && code != siKernel {
		signalThread(l.tid, l.tid, unix.SIGTRAP)
	}
	var regs Registers
	if errno := ptraceData(unix.PTRACE_GETREGS, l.tid, 0, unsafe.Pointer(&regs)); errno != 0 {
		return 0, &LaunchError{"ptrace(PTRACE_GETREGS)", errno}
	}
	return callsLeft(&regs), cmp.Or(failedStep(&regs), l.t.checkSupport(l.tid))
}

// executed is called when the launcher has become the command, before the
// command runs.
func (l *launcher) executed() {
	l.unblock()
	if l.options&unix.PTRACE_O_EXITKILL == 0 {
		ptrace(unix.PTRACE_SETOPTIONS, l.tid, 0, l.options)
	}
	l.release()
}

// unblock sets the signal mask of the command.
func (l *launcher) unblock() {
	ptraceData(unix.PTRACE_SETSIGMASK, l.tid, signalSetSize, unsafe.Pointer(&l.blocked))
	if l.pending != 0 {
		signalThread(l.tid, l.tid, l.pending)
		l.pending = 0
	}
}

// release frees the memory that the launcher no longer uses, and makes this process dumpable
// again (PR_SET_DUMPABLE of prctl(2)) if the launcher has changed that.
func (l *launcher) release() {
	if l.program != nil {
		if l.hides {
			unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0)
		}
		l.program.free()
		l.program = nil
	}
}
