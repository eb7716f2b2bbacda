//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"errors"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// remote makes system calls on behalf of a tracee, at a seccomp stop, in place of the call
// that stopped. At the end the tracee makes its own call again.
//
// Only the first of these calls uses an instruction of the program. It maps the page with the
// stub. The filter lets calls from that page pass. After the calls the tracee makes one from
// another page to stop there; this call is not executed.
type remote struct {
	t       *Tracer
	tr      *Tracee
	own     Registers // the tracee's registers at its own call
	blocked uint64    // its signal mask
	kept    uint64    // the result of the last call with buffered.RemoteKeep

	group  bool // the tracee's process was stopped by a signal meanwhile
	sigs   []unix.Signal
	ended  bool
	failed error
}

var (
	errEnded = errors.New("it has ended")
	errFault = errors.New("it has changed the stub's memory")
)

// beginRemote begins to make calls at the seccomp stop of a tracee.
func (t *Tracer) beginRemote(tr *Tracee) *remote {
	r := &remote{t: t, tr: tr}
	if tr.Registers(&r.own) != nil ||
		ptraceData(unix.PTRACE_GETSIGMASK, tr.TID, signalSetSize, unsafe.Pointer(&r.blocked)) != 0 {
		r.ended, r.failed = true, errEnded
		return r
	}
	all := ^uint64(0)
	ptraceData(unix.PTRACE_SETSIGMASK, tr.TID, signalSetSize, unsafe.Pointer(&all))
	return r
}

// mapFirst maps memory by the program's own instruction.
func (r *remote) mapFirst(addr, size uint64, prot, flags int) error {
	if r.failed != nil {
		return r.failed
	}
	regs := r.own
	regs.Orig_rax = unix.SYS_MMAP
	regs.Rdi, regs.Rsi, regs.Rdx, regs.R10, regs.R8, regs.R9 = addr, size, uint64(prot), uint64(flags), ^uint64(0), 0
	if r.tr.SetRegisters(&regs) != nil || !r.resume(unix.PTRACE_SYSCALL, isSyscallStop) || r.tr.Registers(&regs) != nil {
		return r.end()
	}
	return remoteError(int64(regs.Rax))
}

// restore sets the registers so that the tracee makes its own call again.
func (r *remote) restore(regs *Registers) {
	*regs = r.own
	regs.Rax, regs.Orig_rax = r.own.Orig_rax, ^uint64(0)
	regs.Rip -= 2
}

// call makes a call from the stub's page.
func (r *remote) call(nr uint64, args ...uint64) (uint64, error) {
	var one remoteCall
	one[0] = nr
	copy(one[1:], args)
	_, results, err := r.calls(one)
	return results[0], err
}

// remoteCall is the number of a call, its arguments, and its flags such as
// buffered.RemoteKeep.
type remoteCall [8]uint64

// calls makes calls from the stub's page, all in one stop, until one fails. It returns how
// many have succeeded, the results of the last two, the last one first, and the error of the
// one that failed.
func (r *remote) calls(list ...remoteCall) (done int, results [2]uint64, err error) {
	if r.failed != nil {
		return 0, results, r.failed
	}
	var code []byte
	for i := range list {
		for _, word := range list[i] {
			code = binary.LittleEndian.AppendUint64(code, word)
		}
	}
	if err := r.t.writeCode(r.tr, buffered.RemoteAddr, code); err != nil {
		return 0, results, err
	}
	regs := r.own
	regs.Orig_rax = ^uint64(0)
	regs.R12, regs.R13 = buffered.RemoteAddr, uint64(len(list))
	regs.Rip = buffered.StubAddr + r.t.buffered.stub.Remote()
	regs.R15 = buffered.StopAddr
	if r.tr.SetRegisters(&regs) != nil || !r.resume(unix.PTRACE_CONT, isSeccompStop) || r.tr.Registers(&regs) != nil {
		return 0, results, r.end()
	}
	r.kept = regs.Rbp
	done, results, err = len(list)-int(regs.R13), [2]uint64{regs.R14, regs.Rbx}, remoteError(int64(regs.R14))
	if err != nil {
		done--
	}
	return done, results, err
}

func remoteError(result int64) error {
	if result < 0 && result > -4096 {
		return unix.Errno(-result)
	}
	return nil
}

// end handles a tracee that did not reach the stop that was wanted.
func (r *remote) end() error {
	if r.failed == nil {
		r.ended, r.failed = true, errEnded
	}
	return r.failed
}

// finish makes the tracee repeat its own call, which stops again unless it is buffered by
// now. It returns false if the tracee has ended.
func (r *remote) finish() bool {
	if r.ended {
		return false
	}
	var regs Registers
	r.restore(&regs)
	r.tr.SetRegisters(&regs)
	ptraceData(unix.PTRACE_SETSIGMASK, r.tr.TID, signalSetSize, unsafe.Pointer(&r.blocked))
	r.sendHeld()
	r.tr.inCall = false
	r.t.resume(r.tr)
	return true
}

// sendHeld makes the tracee stop for the signals that came meanwhile.
func (r *remote) sendHeld() {
	for _, sig := range r.sigs {
		unix.Tgkill(r.t.processOf(r.tr), r.tr.TID, sig)
	}
	if r.group {
		ptrace(unix.PTRACE_INTERRUPT, r.tr.TID, 0, 0) // the tracee will stop again
	}
}

// wait waits for the tracee. The kernel reports the end of a process's first thread only once
// the ends of all others have been waited for, and an execve waits for them as well. So in a
// process with threads the stops of other tracees must be waited for, too. They are queued.
func (r *remote) wait() (status uint32, errno unix.Errno) {
	if !r.tr.space.threaded {
		return r.t.waitFor(r.tr.TID)
	}
	for {
		s, errno := r.t.wait(0)
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return 0, errno
		case s.tid == r.tr.TID:
			return s.status, 0
		default:
			r.t.queue.push(s, r.t.usage)
		}
	}
}

func isSyscallStop(status uint32) bool { return unix.Signal(status>>8&0xff) == stopSyscall }
func isSeccompStop(status uint32) bool { return status>>16 == unix.PTRACE_EVENT_SECCOMP }

// resume resumes the tracee until it reaches the stop that is wanted. It returns false if the
// tracee has ended, was replaced by an execve, or cannot run the stub.
func (r *remote) resume(request int, wanted func(status uint32) bool) bool {
	for {
		if errno := ptrace(request, r.tr.TID, 0, 0); errno != 0 && errno != unix.ESRCH {
			return false
		}
		status, errno := r.wait()
		if errno != 0 {
			return false
		}
		event, sig := status>>16, unix.Signal(status>>8&0xff)
		switch s := unix.WaitStatus(status); {
		case s.Exited(), s.Signaled(), event == unix.PTRACE_EVENT_EXEC:
			r.t.queue.push(stop{tid: r.tr.TID, status: status}, r.t.usage)
			return false
		case wanted(status):
			return true
		case event == unix.PTRACE_EVENT_STOP:
			r.group = r.group || sig != unix.SIGTRAP
		case event == 0 && r.isFault(sig):
			r.failed = errFault
			return false
		case event == 0 && !isSyscallStop(status) && !slices.Contains(r.sigs, sig):
			r.sigs = append(r.sigs, sig) // a signal that cannot be blocked
		}
	}
}

// isFault reports whether the signal of a stop is a fault in the stub. Signal masks do not
// block faults, and the fault would repeat.
func (r *remote) isFault(sig unix.Signal) bool {
	var info [SiginfoSize]byte
	return (sig == unix.SIGSEGV || sig == unix.SIGBUS) &&
		ptraceData(unix.PTRACE_GETSIGINFO, r.tr.TID, 0, unsafe.Pointer(&info)) == 0 &&
		int32(binary.NativeEndian.Uint32(info[siginfoCode:])) > 0
}
