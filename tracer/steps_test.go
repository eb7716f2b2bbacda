//go:build linux && amd64

package tracer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
	"trapline/tracer/buffered"
)

// stepsProgram builds testdata/steps.c.
func stepsProgram(t *testing.T, flags ...string) string {
	t.Helper()
	return buildProgram(t, "steps", flags...)
}

// buildProgram builds a program of testdata.
func buildProgram(t *testing.T, name string, flags ...string) string {
	t.Helper()
	need.All(t, need.GCC64)
	path := filepath.Join(t.TempDir(), name)
	args := append([]string{"-O1", "-o", path, "testdata/" + name + ".c"}, flags...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// stepsCalls returns what is kept of the calls of steps.c.
func stepsCalls(nr uint64) BufferedCall {
	switch nr {
	case unix.SYS_READ:
		return BufferedCall{Buffered: true, Ops: []BufferedOp{
			{Kind: BufferedBytes, When: BufferedIfSucceeded, Arg: 1, Count: buffered.FromResult, Size: 1, Most: 32}}}
	case unix.SYS_OPENAT:
		return BufferedCall{Buffered: true, Ops: []BufferedOp{
			{Kind: BufferedString, When: BufferedAnyTime, Arg: 1, Count: buffered.Unbounded, Size: 1, Most: 4096}}}
	case unix.SYS_POLL:
		fds := BufferedOp{Kind: BufferedBytes, When: BufferedBefore, Arg: 0, Count: 1, Size: 8, Most: 32}
		after := fds
		after.When = BufferedIfSucceeded
		return BufferedCall{Buffered: true, Ops: []BufferedOp{fds, after}}
	case unix.SYS_READV:
		return BufferedCall{Buffered: true, Ops: []BufferedOp{
			{Kind: BufferedBuffers, When: BufferedIfSucceeded, Arg: 1, Count: 2, Size: 8, Most: 4, Total: buffered.FromResult}}}
	case unix.SYS_WRITEV:
		return BufferedCall{Buffered: true, Ops: []BufferedOp{
			{Kind: BufferedBuffers, When: BufferedAnyTime, Arg: 1, Count: 2, Size: 8, Most: 4, Total: buffered.Unbounded}}}
	case unix.SYS_RT_SIGRETURN:
		return BufferedCall{Buffered: true, Ops: []BufferedOp{
			{Kind: BufferedStruct, When: BufferedBefore, Arg: BufferedStack, Count: buffered.Unbounded, Size: buffered.FrameSize, Most: 1}}}
	case unix.SYS_SENDMSG, unix.SYS_RECVMSG:
		const size = 56 // of struct msghdr: msg_name, msg_namelen, msg_iov, msg_iovlen, msg_control, msg_controllen
		first, next := uint8(BufferedFirstWord), BufferedNextWord(size)
		header := BufferedOp{Kind: BufferedStruct, When: BufferedBefore, Arg: 1, Count: buffered.Unbounded, Size: size, Most: 1}
		ops := []BufferedOp{
			{Kind: BufferedOrdinary, When: BufferedBefore, Count: buffered.Unbounded, Most: unix.AF_NETLINK}, header,
			{Kind: BufferedAtMost, When: BufferedBefore, Arg: first + 3, Most: 4},
		}
		if nr == unix.SYS_SENDMSG {
			return BufferedCall{Buffered: true, Ops: append(ops,
				BufferedOp{Kind: BufferedAddress, When: BufferedBefore, Arg: first, Count: first + 1, Low32: true, Total: unix.AF_NETLINK, Size: 1, Most: 16},
				BufferedOp{Kind: BufferedBuffers, When: BufferedAnyTime, Arg: first + 2, Count: first + 3, Size: 8, Most: 4, Total: buffered.Unbounded})}
		}
		header.When = BufferedIfSucceeded
		return BufferedCall{Buffered: true, Ops: append(ops, header,
			BufferedOp{Kind: BufferedLesser, When: BufferedIfSucceeded, Arg: next, Count: next + 1, Total: first + 1, Low32: true, Size: 1, Most: 16},
			BufferedOp{Kind: BufferedBuffers, When: BufferedIfSucceeded, Arg: next + 2, Count: next + 3, Size: 8, Most: 4, Total: buffered.FromResult},
			BufferedOp{Kind: BufferedBytes, When: BufferedIfSucceeded, Arg: next + 4, Count: next + 5, Size: 1, Most: 64})}
	}
	return BufferedCall{}
}

// A signal may arrive at any instruction of the patched place, the trampoline and the
// stub. The handler sees the program before its call or after it, with the registers that
// it would have without a tracer, and the call is made and reported once.
func TestSignalAtEveryInstruction(t *testing.T) {
	program := stepsProgram(t)
	for _, kind := range []string{"read", "fault", "path", "poll", "readv", "writev", "sendmsg", "recvmsg"} {
		t.Run(kind, func(t *testing.T) { signalAtEveryInstruction(t, program, kind, false) })
	}
	t.Run("poll that wakes the tracer", func(t *testing.T) { signalAtEveryInstruction(t, program, "poll", true) })
	returns := stepsProgram(t, "-DRETURNS")
	t.Run("return", func(t *testing.T) { signalAtEveryInstruction(t, returns, "return", false) })
	moves := stepsProgram(t, "-DMOVE")
	t.Run("read with data moved before", func(t *testing.T) { signalAtEveryInstruction(t, moves, "read", false) })
	for kind, nr := range map[string]int{"path": unix.SYS_OPENAT, "poll": unix.SYS_POLL, "read": unix.SYS_READ} {
		loads := stepsProgram(t, fmt.Sprintf("-DLOAD=%d", nr))
		t.Run(kind+" with its number loaded", func(t *testing.T) { signalAtEveryInstruction(t, loads, kind, false) })
	}
}

func signalAtEveryInstruction(t *testing.T, program, kind string, alarm bool) {
	const (
		warmUp = 100 // calls before the process is patched
		marker = 0x5eed
	)
	// More instructions than the call takes, and fewer than the distance to the next call.
	steps := map[string]int{"read": 380, "fault": 300, "path": 430, "poll": 430, "readv": 520, "writev": 520, "sendmsg": 790, "recvmsg": 1010, "return": 300}[kind]
	if alarm {
		steps += 40
	}
	var stdout, stderr bytes.Buffer
	files := [3]*os.File{}
	var done [2]chan struct{}
	for i, to := range []*bytes.Buffer{&stdout, &stderr} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		files[i+1] = w
		done[i] = make(chan struct{})
		go func() { io.Copy(to, r); close(done[i]) }()
	}
	if err := CanBuffer(); err != nil {
		t.Skip(err)
	}
	tracer := newTracer(t, Options{
		Follow: true, Traced: func(tables.ABI, uint64) bool { return true }, Buffered: stepsCalls,
		Colocate: ColocateNever, // openat is buffered from the first call on
	})
	defer tracer.Close()
	command := Command{Path: program, Argv: []string{"steps", fmt.Sprint(warmUp + steps), kind}, Env: os.Environ(), Files: files}
	tracee := launch(t, tracer, command)
	files[1].Close()
	files[2].Close()

	nr := map[string]uint64{"read": unix.SYS_READ, "fault": unix.SYS_READ, "path": unix.SYS_OPENAT, "poll": unix.SYS_POLL, "readv": unix.SYS_READV, "writev": unix.SYS_WRITEV, "sendmsg": unix.SYS_SENDMSG, "recvmsg": unix.SYS_RECVMSG, "return": unix.SYS_RT_SIGRETURN}[kind]
	iterations, entered, left, restarted, inStub, underWay, status := 0, 0, 0, 0, 0, 0, 0
	last := false // the last signal arrived in the stub
	run(t, tracer, func(ev *Event) {
		switch {
		case ev.Kind == Exited:
			status = ev.Status.ExitStatus()
		case ev.Kind == Killed:
			t.Errorf("killed by %v after %d calls", ev.Signal, iterations)
		case ev.Kind == Enter && ev.Call.NR == nr && iterations > 0:
			entered++
		case ev.Kind == Exit && ev.Call.NR == nr && iterations > 0:
			if left++; ev.Call.Ret <= -512 {
				restarted++
			}
		case ev.Kind == Exit && ev.Call.NR == unix.SYS_GETPGID && ev.Call.Args[0] == marker:
			if iterations++; iterations > warmUp {
				if last = singleStep(t, tracee, iterations-warmUp, alarm); last {
					inStub++
				}
				if isUnderWay(t, tracee) {
					underWay++
				}
				unix.Tgkill(tracee.TID, tracee.TID, unix.SIGUSR1)
			}
		}
	})
	<-done[0]
	<-done[1]
	t.Logf("%s%d times in the stub, %d calls restarted", stdout.String(), inStub, restarted)
	if status != 0 || stderr.Len() > 0 {
		t.Errorf("status %d\n%.2000s", status, stderr.String())
	}
	if last {
		t.Errorf("%d instructions are not all", steps)
	}
	if inStub < 60 {
		t.Errorf("only %d signals arrived in the stub", inStub)
	}
	returns := 0
	if kind == "return" {
		returns = steps // of the handler
	} else if underWay < 10 {
		t.Errorf("a call was in progress %d times", underWay)
	}
	if want := warmUp + steps + restarted + returns; entered != left || left != want {
		t.Errorf("%d calls were entered and %d left, not %d", entered, left, want)
	}
}

// singleStep runs n instructions of a stopped tracee. It reports whether the tracee is in
// the stub. With alarm the tracee wakes the tracer before its call and after it.
func singleStep(t *testing.T, tr *Tracee, n int, alarm bool) bool {
	t.Helper()
	const toCall = 12 // instructions from labelReady to the call
	var regs Registers
	th := tr.buffered
	setAt := n
	for ; n > 0; n-- {
		if th != nil && alarm && n == setAt {
			th.area.SetAlarm(true)
		}
		ptrace(unix.PTRACE_SINGLESTEP, tr.TID, 0, 0)
		status, errno := tr.t.waitFor(tr.TID)
		if errno != 0 || unix.WaitStatus(status).StopSignal() != unix.SIGTRAP {
			t.Fatalf("status %#x, %v", status, errno)
		}
		if th != nil {
			th.area.ClearTrapFlag() // pushf sees the flag of single-stepping
		}
		if err := tr.Registers(&regs); err != nil {
			t.Fatal(err)
		}
		if isSeccompStop(status) && tr.isWaking(regs.Rip) && tr.t.buffered.stub.Woke(&regs) {
			tr.SetRegisters(&regs)
			th.area.SetAlarm(false)
			setAt = n - toCall
		}
	}
	// The kernel takes the flag for the program's own after a popf.
	const trap = 0x100
	if regs.Eflags&trap != 0 {
		regs.Eflags &^= trap
		tr.SetRegisters(&regs)
	}
	return tr.t.buffered.stub.Has(regs.Rip) || tr.isWaking(regs.Rip+callSize)
}

// isUnderWay reports whether a call of the stopped tracee is in progress as far as the
// tracer can see. This includes a call that has returned and has changed memory. What the
// tracer would keep of it must be the state before the call.
func isUnderWay(t *testing.T, tr *Tracee) bool {
	t.Helper()
	if tr.buffered == nil {
		return false
	}
	th := thread{tr: tr, area: tr.buffered.area}
	begun, ok := th.area.InFlight(&th.record)
	if !ok {
		return false
	}
	th.begun = begun
	if !tr.t.buffered.capture(&th) {
		t.Error("a call of a stopped tracee has ended")
	}
	const revents = 6 // in struct pollfd
	if th.record.NR == unix.SYS_POLL && (len(th.pieces) != 1 || len(th.pieces[0].B) != 8 || th.pieces[0].B[revents] != 0) {
		t.Errorf("kept of poll: %+v", th.pieces)
	}
	return true
}
