//go:build linux && amd64

package tracer

import (
	"fmt"
	"math/bits"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// step is one system call of a launcher, in the form that launcher_amd64.s
// reads.
type step struct {
	nr    uint64
	args  [6]uint64
	check uint64
	want  uint64
}

// Values of step.check: what happens after the call. By default the next step
// follows.
const (
	checkNothing = iota
	checkError   // on an error the launcher stops to report the error, and exits
	checkResult  // on a result other than want the launcher exits
	checkWord    // while the word that the first argument points to is 0, repeat the call
	checkSkip    // on success skip want bytes of steps
	checkStop    // the launcher stops for its tracer; want more calls follow before execve
	checkParent  // on a process id other than want the launcher exits; an error or 0 is ignored
)

// A seccomp filter around this process may refuse any call. Steps that the launcher can do
// without have checkNothing, the others checkError or checkResult.

// maxSteps exceeds the needs of any launcher: two steps for each signal, and
// some forty others.
const maxSteps = 192

// program is the memory of a launcher: its steps, and the data that they point to.
//
// It is not part of the Go heap, since the launcher uses it while this process continues, and
// since it may be as large as the arguments that the kernel allows. Both processes share it,
// so this process can write a word to let the launcher continue.
type program struct {
	memory []byte
	used   int // bytes of memory used after the steps
	steps  int
	copies []int // descriptors for the launcher to inherit, see place
}

// newProgram allocates the memory for a launcher with this many bytes of data.
func newProgram(data int) (*program, error) {
	size := maxSteps*int(unsafe.Sizeof(step{})) + data
	memory, err := unix.MmapPtr(-1, 0, nil, uintptr(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("no memory for the command's arguments: mmap: %w", err)
	}
	p := &program{memory: unsafe.Slice((*byte)(memory), size)}
	p.used = maxSteps * int(unsafe.Sizeof(step{}))
	return p, nil
}

// free unmaps the memory, when no launcher uses it any more.
func (p *program) free() {
	p.closeCopies()
	unix.MunmapPtr(unsafe.Pointer(&p.memory[0]), uintptr(len(p.memory)))
	p.memory = nil
}

// closeCopies closes this process's copies of the command's descriptors, once
// the launcher has its own.
func (p *program) closeCopies() {
	for _, fd := range p.copies {
		unix.Close(fd)
	}
	p.copies = nil
}

func (p *program) first() *step { return (*step)(unsafe.Pointer(&p.memory[0])) }

// add adds a step.
func (p *program) add(check int, nr uint64, args ...uint64) *step {
	s := &unsafe.Slice(p.first(), maxSteps)[p.steps]
	p.steps++
	s.nr, s.check = nr, uint64(check)
	copy(s.args[:], args)
	return s
}

// reserve allocates a part of the memory, aligned for words.
func (p *program) reserve(size int) (addr uint64, b []byte) {
	const word = 8
	p.used = (p.used + word - 1) &^ (word - 1)
	b = p.memory[p.used:][:size:size]
	p.used += size
	return uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))), b
}

// text stores a string in the memory, followed by a zero byte.
func (p *program) text(s string) (addr uint64) {
	b := p.memory[p.used:][:len(s)+1]
	p.used += copy(b, s) + 1
	return uint64(uintptr(unsafe.Pointer(&b[0])))
}

// vector stores strings in the memory, and a null-terminated vector of pointers
// to them.
func (p *program) vector(list []string) (addr uint64) {
	addr, b := p.reserve((len(list) + 1) * pointerSize)
	pointers := unsafe.Slice((*uint64)(unsafe.Pointer(&b[0])), len(list)+1)
	for i, s := range list {
		pointers[i] = p.text(s)
	}
	return addr
}

const pointerSize = 8

// vectorSize is the memory that vector needs.
func vectorSize(list []string) int {
	size := (len(list) + 2) * pointerSize
	for _, s := range list {
		size += len(s) + 1
	}
	return size
}

// value stores a value without pointers in the memory.
func value[T any](p *program, v T) (addr uint64) {
	addr, b := p.reserve(int(unsafe.Sizeof(v)))
	*(*T)(unsafe.Pointer(&b[0])) = v
	return addr
}

// awaitWord makes the launcher wait until this process calls goOn with the
// result.
func (p *program) awaitWord() *atomic.Uint32 {
	addr, b := p.reserve(pointerSize)
	p.add(checkWord, unix.SYS_FUTEX, addr, futexWait)
	return (*atomic.Uint32)(unsafe.Pointer(&b[0]))
}

// goOn lets a waiting launcher continue.
func goOn(word *atomic.Uint32) {
	word.Store(1)
	unix.RawSyscall(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, 1)
}

// Operations of futex(2): linux/futex.h.
const (
	futexWait = 0
	futexWake = 1
)

// hide unmaps this program's memory, except the launcher's own, and then allows
// the process to be attached to.
//
// If a user may execute but not read a program, the kernel forbids attaching to
// its processes, so that its memory cannot be read. After the unmapping, only a
// page with the launcher's own code is left of the program.
//
// The returned word becomes nonzero when this is done.
func (p *program) hide() *atomic.Uint32 {
	page := uint64(os.Getpagesize())
	code := uint64(launcherText())
	start, end := code&^(page-1), (code+launcherTextSize+page-1)&^(page-1)
	own := uint64(uintptr(unsafe.Pointer(&p.memory[0])))
	ownEnd := (own + uint64(len(p.memory)) + page - 1) &^ (page - 1)
	if own < start {
		start, end, own, ownEnd = own, ownEnd, start, end
	}
	p.add(checkNothing, unix.SYS_MUNMAP, 0, start)
	p.add(checkNothing, unix.SYS_MUNMAP, end, own-end)
	p.add(checkNothing, unix.SYS_MUNMAP, ownEnd, taskSize-ownEnd)
	p.add(checkNothing, unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1)
	// This call writes a value that is known not to be zero.
	addr, b := p.reserve(pointerSize)
	p.add(checkNothing, unix.SYS_PRCTL, unix.PR_GET_PDEATHSIG, addr)
	p.add(checkNothing, unix.SYS_FUTEX, addr, futexWake, 1)
	return (*atomic.Uint32)(unsafe.Pointer(&b[0]))
}

// awaitHidden waits until the launcher has finished the steps of hide, or has
// ended.
func awaitHidden(word *atomic.Uint32, pid int) {
	for word.Load() == 0 {
		timeout := unix.Timespec{Nsec: 1e6}
		syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, 0, uintptr(unsafe.Pointer(&timeout)), 0, 0)
		var info unix.Siginfo
		if unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil) != nil || info.Signo != 0 {
			return
		}
	}
}

// become sets up the launcher's state for the command, and executes the command.
//
// Signals get the actions that they have after an execve, so that no signal runs a handler of
// this program in the launcher. If the launcher is this process, signals may have been
// pending. They remain pending during the execve.
func (p *program) become(c *Command, filter []byte, pending uint64) {
	ignored := ignoredSignals()
	if c.Surroundings != nil {
		ignored = c.Surroundings.Ignored
	}
	byDefault, ignore := value(p, sigaction{handler: sigDfl}), value(p, sigaction{handler: sigIgn})
	for sig := unix.Signal(1); sig <= lastSignal; sig++ {
		if ignored&signalBit(sig) != 0 {
			p.setAction(sig, ignore)
		} else {
			p.setAction(sig, byDefault)
		}
	}
	pid := uint64(os.Getpid())
	for ; pending != 0; pending &= pending - 1 {
		p.add(checkNothing, unix.SYS_TGKILL, pid, pid, uint64(bits.TrailingZeros64(pending))+1)
	}
	// Another user may need no_new_privs to install a filter.
	if len(filter) > 0 {
		p.install(filter)
	}
	if c.Credential != nil {
		p.assume(c.Credential)
	}
	if s := c.Surroundings; s != nil {
		p.restore(s)
	}
	p.place(c)
	path := p.text(c.Path)
	// This is the name that execve will set. The launcher sets it early so that records of
	// the execve show it as well. The kernel keeps the first 15 bytes.
	name := c.Path[strings.LastIndexByte(c.Path, '/')+1:]
	p.add(checkNothing, unix.SYS_PRCTL, unix.PR_SET_NAME, p.text(name))
	argv, envp := p.vector(c.Argv), p.vector(c.Env)
	// From here on PTRACE_O_EXITKILL replaces the parent-death signal.
	stop := p.add(checkStop, unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, 0)
	if ignored&signalBit(unix.SIGTRAP) != 0 {
		stop.want = 1
		p.setAction(unix.SIGTRAP, ignore) // the stop has reset the action
	}
	p.add(checkNothing, unix.SYS_EXECVE, path, argv, envp)
	p.add(checkResult, unix.SYS_EXIT_GROUP, 1)
}

// becomeSize is the memory that become needs for data.
func becomeSize(c *Command, filter []byte) int {
	size := 2*(len(c.Path)+1) + len(c.Dir) + 1 + vectorSize(c.Argv) + vectorSize(c.Env) + len(filter)
	if c.Credential != nil {
		size += 4 * len(c.Credential.Groups)
	}
	return size + 1024 // small items, and padding for alignment
}

// assume sets the ids of a credential.
func (p *program) assume(c *Credential) {
	list, b := p.reserve(4 * len(c.Groups))
	for i, gid := range c.Groups {
		*(*uint32)(unsafe.Pointer(&b[4*i])) = gid
	}
	p.add(checkError, unix.SYS_SETGROUPS, uint64(len(c.Groups)), list)
	p.add(checkError, unix.SYS_SETREGID, uint64(c.GID), uint64(c.EGID))
	p.add(checkError, unix.SYS_SETREUID, uint64(c.UID), uint64(c.EUID))
}

// setAction sets the action of a signal to a sigaction in the memory.
func (p *program) setAction(sig unix.Signal, action uint64) {
	if sig != unix.SIGKILL && sig != unix.SIGSTOP {
		p.add(checkNothing, unix.SYS_RT_SIGACTION, uint64(sig), action, 0, signalSetSize)
	}
}

// restore restores the state in which this program was started.
func (p *program) restore(s *Surroundings) {
	for closed := s.ClosedFDs; closed != 0; closed &= closed - 1 {
		p.add(checkNothing, unix.SYS_CLOSE, uint64(bits.TrailingZeros64(closed)))
	}
	for _, l := range s.Limits {
		// If a seccomp filter refuses this call, it has also kept this program from changing
		// the limit.
		p.add(checkNothing, unix.SYS_PRLIMIT64, 0, uint64(l.Resource), value(p, l.Rlimit))
	}
}

// place sets the command's directory and descriptors.
func (p *program) place(c *Command) {
	if c.Dir != "" {
		p.add(checkError, unix.SYS_CHDIR, p.text(c.Dir))
	}
	for i, file := range c.Files {
		if file == nil {
			continue
		}
		// Copy it to a number above all three, so that none of them replaces another.
		fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, len(c.Files))
		if err == nil {
			p.copies = append(p.copies, fd)
		}
		p.add(checkError, unix.SYS_DUP2, uint64(fd), uint64(i))
	}
	if c.Terminal {
		p.add(checkError, unix.SYS_SETSID)
		p.add(checkError, unix.SYS_IOCTL, 0, unix.TIOCSCTTY, 0)
	}
}

// install installs a seccomp filter.
func (p *program) install(filter []byte) {
	instructions, b := p.reserve(len(filter))
	copy(b, filter)
	// struct sock_fprog of linux/filter.h
	header := value(p, [2]uint64{uint64(len(filter) / 8), instructions})
	set := [...]uint64{unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, header}
	// Without CAP_SYS_ADMIN, installing a filter requires no_new_privs. Under
	// ptrace execve grants no privileges anyway.
	p.add(checkSkip, unix.SYS_PRCTL, set[:]...).want = 2 * uint64(unsafe.Sizeof(step{}))
	p.add(checkError, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	p.add(checkError, unix.SYS_PRCTL, set[:]...)
}
