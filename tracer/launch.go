package tracer

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/colocate"
)

// Command is a program to launch.
type Command struct {
	Path       string   // as execve takes it; there is no search
	Argv       []string // with argv[0]
	Env        []string
	Credential *Credential // nil: the tracer's own
}

// Credential is who a launched command runs as. The effective ids differ from
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

// Launch starts a command under trace. The next event is the entry of its
// execve.
//
// The process is this program again, executed with the command's arguments and
// environment and stopped before its first instruction. None of its code ever
// runs: the tracer makes it take on the command's credential and filter, and
// then call execve, with the vectors that the kernel has put on its stack.
func (t *Tracer) Launch(c Command) (*Tracee, error) {
	// A signal would stop the child before its execve, for which ForkExec
	// waits: until it is ours it has all signals blocked but SIGTRAP, by which
	// it stops then.
	l := &launcher{t: t, masked: true, inherited: findInheritedSignals()}
	var all unix.Sigset_t
	all.Val[0] = ^uint64(1 << (unix.SIGTRAP - 1))
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &l.mask); err != nil {
		return nil, fmt.Errorf("rt_sigprocmask: %w", err)
	}
	pid, err := syscall.ForkExec("/proc/self/exe", c.Argv, &syscall.ProcAttr{
		Env: c.Env,
		// Other descriptors that this program was started with stay open too.
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Ptrace: true},
	})
	unix.PthreadSigmask(unix.SIG_SETMASK, &l.mask, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot start the launcher: %w", err)
	}
	l.tid = pid
	return l.launch(c, l.catchChild)
}

// launch makes a launcher the command, once catch has caught it.
func (l *launcher) launch(c Command, catch func(options uintptr) error) (*Tracee, error) {
	t := l.t
	tr, err := l.begin(c, catch)
	if err != nil {
		unix.Kill(l.tid, unix.SIGKILL)
		t.waitFor(l.tid)
		return nil, err
	}
	t.launched, t.launcher = l.tid, l
	t.colocation.Enable()
	t.resume(tr)
	return tr, nil
}

func (l *launcher) begin(c Command, catch func(options uintptr) error) (*Tracee, error) {
	t := l.t
	var filter []byte
	options := t.options()
	if t.opts.Traced != nil && t.opts.Follow {
		program, err := newFilter(t.filtered)
		if err != nil {
			return nil, err
		}
		filter = encodeFilter(program)
		t.debugf("launcher %d: seccomp filter of %d instructions", l.tid, len(program))
		options = t.filteredOptions()
	}
	if err := catch(options); err != nil {
		return nil, err
	}
	t.debugf("launcher %d: seized with options %#x", l.tid, options)
	if options&unix.PTRACE_O_EXITKILL != 0 {
		t.debugf("PTRACE_O_EXITKILL works")
	}
	if err := t.checkSupport(l.tid); err != nil {
		return nil, err
	}
	if c.Credential != nil {
		if err := l.assume(c.Credential); err != nil {
			return nil, err
		}
	}
	if len(filter) > 0 {
		if err := l.install(filter); err != nil {
			return nil, err
		}
	}
	if err := l.ignoreSignals(); err != nil {
		return nil, err
	}
	if err := l.execve(c.Path); err != nil {
		return nil, err
	}
	if l.masked {
		if l.inherited.known {
			l.mask.Val[0] = l.inherited.blocked
		}
		if errno := ptraceData(unix.PTRACE_SETSIGMASK, l.tid, signalSetSize, unsafe.Pointer(&l.mask)); errno != 0 {
			return nil, &LaunchError{"ptrace(PTRACE_SETSIGMASK)", errno}
		}
	}
	tr := t.add(l.tid, stopped)
	tr.launch = launching
	tr.pending = l.pending
	tr.known = true
	tr.filtered = len(filter) > 0
	return tr, nil
}

// filtered tells which calls a filter has to stop.
func (t *Tracer) filtered(abi tables.ABI, nr uint64) bool {
	if t.opts.Colocate != ColocateNever && colocate.ShowsMask(abi, nr) {
		return true
	}
	return t.opts.Traced(abi, nr)
}

// launcher is a process that is to become a command. It is stopped, and does
// what it is made to do.
type launcher struct {
	t     *Tracer
	tid   int
	start Registers // at its entry point
	space uint64    // memory of its stack that nobody uses

	masked  bool // all its signals are blocked, where mask has what it is to have
	mask    unix.Sigset_t
	pending unix.Signal // a signal that came meanwhile

	inherited inheritedSignals // for the command
}

// launcherCode is put at the launcher's entry point.
var launcherCode = []byte{
	0x0f, 0x05, // syscall
	0xeb, 0xfe, // jmp to itself
}

const (
	launcherCall = 0 // where in launcherCode a system call is made
	launcherIdle = 2 // where it waits
)

// launcherSpace is how many bytes at the end of the launcher's stack are used
// to pass data. The kernel gives a new program 128 KiB of stack to begin with.
const launcherSpace = 64 << 10

// catchChild catches the launcher as a child that stopped as a tracee of
// PTRACE_TRACEME, and makes it one of PTRACE_SEIZE.
func (l *launcher) catchChild(options uintptr) error {
	if err := l.await(unix.PTRACE_CONT, 0, unix.SIGTRAP); err != nil {
		return err
	}
	if err := l.occupy(); err != nil {
		return err
	}
	if err := l.ptrace("PTRACE_DETACH", unix.PTRACE_DETACH, 0); err != nil {
		return err
	}
	if err := l.ptrace("PTRACE_SEIZE", unix.PTRACE_SEIZE, options); err != nil {
		return err
	}
	return l.stop()
}

// occupy takes possession of the launcher, stopped as execve has ended: when
// it is resumed, it runs in circles.
func (l *launcher) occupy() error {
	if errno := ptraceData(unix.PTRACE_GETREGS, l.tid, 0, unsafe.Pointer(&l.start)); errno != 0 {
		return &LaunchError{"ptrace(PTRACE_GETREGS)", errno}
	}
	l.space = (l.start.Rsp - launcherSpace) &^ 15
	if l.memory().poke(l.start.Rip, launcherCode) != len(launcherCode) {
		// The kernel guards the memory of a program that may be executed but
		// not read.
		return &LaunchError{"the tracer's own executable cannot be read", unix.EACCES}
	}
	idle := l.start
	idle.Rip += launcherIdle
	if errno := ptraceData(unix.PTRACE_SETREGS, l.tid, 0, unsafe.Pointer(&idle)); errno != 0 {
		return &LaunchError{"ptrace(PTRACE_SETREGS)", errno}
	}
	return nil
}

// stop stops the launcher, which is occupied and runs.
func (l *launcher) stop() error {
	if err := l.ptrace("PTRACE_INTERRUPT", unix.PTRACE_INTERRUPT, 0); err != nil {
		return err
	}
	return l.await(unix.PTRACE_CONT, unix.PTRACE_EVENT_STOP, unix.SIGTRAP)
}

// await waits for a certain stop of the launcher. From others it is resumed by
// a request; a signal is kept for the command.
func (l *launcher) await(request, event int, sig unix.Signal) error {
	for {
		status, errno := l.t.waitFor(l.tid)
		if errno != 0 || !unix.WaitStatus(status).Stopped() {
			return &LaunchError{"wait4", cmp.Or(errno, unix.ESRCH)}
		}
		gotEvent, gotSig := int(status>>16), unix.Signal(status>>8&0xff)
		if gotEvent == event && gotSig == sig {
			return nil
		}
		if gotEvent == 0 && gotSig != stopSyscall {
			l.pending = gotSig
		}
		if errno := ptrace(request, l.tid, 0, 0); errno != 0 {
			return &LaunchError{"ptrace", errno}
		}
	}
}

func (l *launcher) ptrace(name string, request int, data uintptr) error {
	if errno := ptrace(request, l.tid, 0, data); errno != 0 {
		return &LaunchError{"ptrace(" + name + ")", errno}
	}
	return nil
}

// memory gives access to the launcher's memory.
func (l *launcher) memory() *Tracee { return &Tracee{TID: l.tid, t: l.t} }

// set makes the launcher, when it is resumed, begin a system call.
func (l *launcher) set(nr uint64, args ...uint64) unix.Errno {
	regs := l.start
	regs.Rip += launcherCall
	regs.Rax = nr
	regs.Orig_rax = ^uint64(0) // no call is to be restarted
	for i, to := range []*uint64{&regs.Rdi, &regs.Rsi, &regs.Rdx, &regs.R10, &regs.R8, &regs.R9}[:len(args)] {
		*to = args[i]
	}
	return ptraceData(unix.PTRACE_SETREGS, l.tid, 0, unsafe.Pointer(&regs))
}

// call makes the launcher do a system call.
func (l *launcher) call(name string, nr uint64, args ...uint64) error {
	if errno := l.set(nr, args...); errno != 0 {
		return &LaunchError{"ptrace(PTRACE_SETREGS)", errno}
	}
	for range 2 { // entry and exit
		if err := l.ptrace("PTRACE_SYSCALL", unix.PTRACE_SYSCALL, 0); err != nil {
			return err
		}
		if err := l.await(unix.PTRACE_SYSCALL, 0, stopSyscall); err != nil {
			return err
		}
	}
	var regs Registers
	if errno := ptraceData(unix.PTRACE_GETREGS, l.tid, 0, unsafe.Pointer(&regs)); errno != 0 {
		return &LaunchError{"ptrace(PTRACE_GETREGS)", errno}
	}
	if result := int64(regs.Rax); result < 0 {
		return &LaunchError{name, unix.Errno(-result)}
	}
	return nil
}

// pass puts data into the launcher's space.
func (l *launcher) pass(data []byte) (addr uint64, err error) {
	if l.memory().WriteMemory(l.space, data) != len(data) {
		return 0, &LaunchError{"process_vm_writev", unix.EFAULT}
	}
	return l.space, nil
}

// assume makes the launcher take on a credential.
func (l *launcher) assume(c *Credential) error {
	var groups []byte
	for _, gid := range c.Groups {
		groups = binary.NativeEndian.AppendUint32(groups, gid)
	}
	list, err := l.pass(groups)
	if err != nil {
		return err
	}
	if err := l.call("setgroups", unix.SYS_SETGROUPS, uint64(len(c.Groups)), list); err != nil {
		return err
	}
	if err := l.call("setregid", unix.SYS_SETREGID, uint64(c.GID), uint64(c.EGID)); err != nil {
		return err
	}
	return l.call("setreuid", unix.SYS_SETREUID, uint64(c.UID), uint64(c.EUID))
}

// ignoreSignals makes the launcher ignore the signals that this program was
// started with ignored.
func (l *launcher) ignoreSignals() error {
	if l.inherited.ignored == 0 {
		return nil
	}
	action, err := l.pass(unsafe.Slice((*byte)(unsafe.Pointer(&ignoring)), unsafe.Sizeof(ignoring)))
	if err != nil {
		return err
	}
	for sig := range uint64(64) {
		if l.inherited.ignored&(1<<sig) == 0 {
			continue
		}
		if err := l.call("rt_sigaction", unix.SYS_RT_SIGACTION, sig+1, action, 0, signalSetSize); err != nil {
			return err
		}
	}
	return nil
}

// install makes the launcher install a seccomp filter.
func (l *launcher) install(filter []byte) error {
	const headerSize = 16 // struct sock_fprog of linux/filter.h
	header := binary.NativeEndian.AppendUint64(nil, uint64(len(filter)/8))
	header = binary.NativeEndian.AppendUint64(header, l.space+headerSize)
	program, err := l.pass(append(header, filter...))
	if err != nil {
		return err
	}
	set := func() error {
		return l.call("prctl(PR_SET_SECCOMP)", unix.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, program, 0, 0)
	}
	err = set()
	if e, ok := err.(*LaunchError); ok && e.Errno == unix.EACCES {
		// Without CAP_SYS_ADMIN only who forgoes new privileges may filter.
		// Under ptrace execve grants none anyway.
		if err := l.call("prctl(PR_SET_NO_NEW_PRIVS)", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
		err = set()
	}
	return err
}

// execve makes the launcher call execve when it is resumed.
func (l *launcher) execve(path string) error {
	if len(path) >= unix.PathMax {
		return &LaunchError{"execve", unix.ENAMETOOLONG}
	}
	name, err := l.pass(append([]byte(path), 0))
	if err != nil {
		return err
	}
	// At the entry point the stack pointer points to argc; argv follows, and
	// behind its null pointer envp.
	var word [8]byte
	if l.memory().ReadMemory(l.start.Rsp, word[:]) != len(word) {
		return &LaunchError{"process_vm_readv", unix.EFAULT}
	}
	argc := binary.NativeEndian.Uint64(word[:])
	argv := l.start.Rsp + 8
	envp := argv + 8*(argc+1)
	if errno := l.set(unix.SYS_EXECVE, name, argv, envp); errno != 0 {
		return &LaunchError{"ptrace(PTRACE_SETREGS)", errno}
	}
	return nil
}

// exit makes the launcher exit with status 1 when it is resumed.
func (l *launcher) exit() { l.set(unix.SYS_EXIT_GROUP, 1) }
