package tracer

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"trapline/tables"
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
	Step  string // what failed: the launcher's start or one of its calls
	Errno unix.Errno
}

func (e *LaunchError) Error() string { return e.Step + ": " + e.Errno.Error() }
func (e *LaunchError) Unwrap() error { return e.Errno }

// Launch starts a command under trace. The next event is the entry of its
// execve.
//
// The process is this program again, as a launcher: it prepares itself, says
// so through a socket, and calls execve when the tracer, which has seized it
// by then, sends the word.
func (t *Tracer) Launch(c Command) (*Tracee, error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	t.startColocation()
	ours, theirs := ends[0], ends[1]
	pid, err := startLauncher(c, theirs)
	unix.Close(theirs)
	if err != nil {
		unix.Close(ours)
		return nil, err
	}
	return t.adopt(pid, ours)
}

// Adopt is Launch for a launcher that is there already: another process that
// calls Become with the other end of the socket. It closes the socket, and
// kills the launcher if it fails.
func (t *Tracer) Adopt(pid, socket int) (*Tracee, error) {
	t.startColocation()
	return t.adopt(pid, socket)
}

func (t *Tracer) adopt(pid, socket int) (*Tracee, error) {
	defer unix.Close(socket)
	tr, err := t.seizeLauncher(pid, socket)
	if err != nil {
		unix.Kill(pid, unix.SIGKILL)
		t.waitFor(pid)
	}
	return tr, err
}

func (t *Tracer) seizeLauncher(pid, socket int) (*Tracee, error) {
	word, options := []byte{launcherGo}, t.options()
	if t.opts.Traced != nil && t.opts.Follow {
		filter, err := newFilter(t.filtered)
		if err != nil {
			return nil, err
		}
		word = append(word, encodeFilter(filter)...)
		options = t.filteredOptions()
	}
	if err := awaitLauncher(socket); err != nil {
		return nil, err
	}

	// The launcher sits in a read now, and only this one of its threads
	// matters.
	if errno := ptrace(unix.PTRACE_SEIZE, pid, 0, options); errno != 0 {
		return nil, attachError(pid, errno)
	}
	if errno := ptrace(unix.PTRACE_INTERRUPT, pid, 0, 0); errno != 0 {
		return nil, attachError(pid, errno)
	}
	if _, errno := t.waitFor(pid); errno != 0 {
		return nil, fmt.Errorf("wait4: %w", errno)
	}
	if err := t.checkSupport(pid); err != nil {
		return nil, err
	}
	tr := t.add(pid, stopped)
	tr.launch = launching
	tr.known = true
	tr.filtered = len(word) > 1
	t.launched = pid
	t.resume(tr)
	if _, err := unix.Write(socket, word); err != nil {
		t.forget(tr)
		return nil, fmt.Errorf("launcher: %w", err)
	}
	return tr, nil
}

// filtered tells which calls a filter has to stop.
func (t *Tracer) filtered(abi tables.ABI, nr uint64) bool {
	if t.opts.Colocate != ColocateNever && usesAffinity(&Syscall{ABI: abi, NR: nr}) != usesNone {
		return true
	}
	return t.opts.Traced(abi, nr)
}

// launcherEnv is the launcher's own environment: a preemption signal that met
// the execve would reach the command.
var launcherEnv = []string{"GODEBUG=asyncpreemptoff=1"}

// launcherArgs are the launcher's arguments. Its end of the socket is
// inherited, as are all other descriptors that this program was started with:
// those are for the command too.
func launcherArgs(c Command, socket int) []string {
	unix.FcntlInt(uintptr(socket), unix.F_SETFD, 0)
	argv := append([]string{launcherName, strconv.Itoa(socket), c.Credential.encode(), c.Path, strconv.Itoa(len(c.Argv))}, c.Argv...)
	return append(argv, c.Env...)
}

func startLauncher(c Command, socket int) (int, error) {
	argv := launcherArgs(c, socket)
	pid, err := syscall.ForkExec("/proc/self/exe", argv, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}, Env: launcherEnv})
	if err != nil {
		return 0, fmt.Errorf("cannot start the launcher: %w", err)
	}
	return pid, nil
}

// Become makes this process the launcher of a command and so, when the
// process at the other end of the socket adopts it, the command itself. It
// returns only if that fails.
func Become(c Command, socket int) error {
	err := syscall.Exec("/proc/self/exe", launcherArgs(c, socket), launcherEnv)
	return fmt.Errorf("cannot become the launcher: %w", err)
}

// awaitLauncher waits until the launcher is ready or says what went wrong.
func awaitLauncher(socket int) error {
	var message [256]byte
	n, err := readPacket(socket, message[:])
	switch {
	case err != nil:
		return fmt.Errorf("launcher: %w", err)
	case n == 0:
		return fmt.Errorf("launcher: %w", os.ErrProcessDone)
	case n == 1:
		return nil
	}
	return &LaunchError{Step: string(message[1:n]), Errno: unix.Errno(message[0])}
}

func readPacket(fd int, b []byte) (int, error) {
	for {
		n, err := unix.Read(fd, b)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// encode writes a credential as one argument of the launcher.
func (c *Credential) encode() string {
	if c == nil {
		return ""
	}
	ids := []string{}
	for _, id := range append([]uint32{c.UID, c.GID, c.EUID, c.EGID}, c.Groups...) {
		ids = append(ids, strconv.FormatUint(uint64(id), 10))
	}
	return strings.Join(ids, ",")
}
