package decode

import (
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/tables"
)

// Waiting for processes: kernel/exit.c.

var waitCalls = Calls{
	{"wait4", Args{{"pid", PIDOrGroup}, {"status", waitStatusPtr}, {"options", waitOptions}, {"usage", waitRusage}}, RetTGID},
	{"waitid", Args{
		{"idtype", Enum(tables.WaitidType)}, {"id", waitID{Int}},
		{"siginfo", Out(Siginfo)}, {"options", waitOptions}, {"usage", Out(Rusage)},
	}, RetUnsigned},
}

var waitCallsI386 = Calls{
	{"waitpid", Args{{"pid", PIDOrGroup}, {"status", waitStatusPtr}, {"options", waitOptions}}, RetTGID},
}

var (
	waitOptions = Flags(tables.WaitOptions)
	// Where no child was waited for, nothing has been written.
	waitStatusPtr = OutIf(waited, waitStatus{Int})
	waitRusage    = OutIf(waited, Rusage)
)

func waited(c *Call) bool { return c.Ret > 0 }

// waitStatus is what wait4 says about the child.
type waitStatus struct{ *Number }

// continued is the status of a child that a SIGCONT woke (__W_CONTINUED).
const continued = 0xffff

// Show writes the macros of sys/wait.h that hold for the status.
func (t waitStatus) Show(c *Call, v View) {
	status := uint32(t.Number.Value(c, v))
	w := unix.WaitStatus(status & 0xffff)
	b := c.alloc(128)[:0]
	switch {
	case status&0xff == 0x7f:
		sig := status >> 8 & 0xff
		b = appendSignal(append(b, "{WIFSTOPPED(s) && WSTOPSIG(s) == "...), sig&0x7f)
		if sig&0x80 != 0 {
			b = append(b, " | 0x80"...)
		}
		status &^= 0xffff
	case w.Signaled():
		b = appendSignal(append(b, "{WIFSIGNALED(s) && WTERMSIG(s) == "...), status&0x7f)
		if w.CoreDump() {
			b = append(b, " && WCOREDUMP(s)"...)
		}
		status &^= 0xff
	case status&0x7f == 0:
		b = strconv.AppendUint(append(b, "{WIFEXITED(s) && WEXITSTATUS(s) == "...), uint64(status>>8&0xff), 10)
		status &^= 0xff00
	case status == continued:
		b = append(b, "{WIFCONTINUED(s)"...)
		status = 0
	default:
		c.Out.Number(uint64(status), output.Hex)
		return
	}
	c.Out.TextBytes(append(b, '}'))
	if event := status >> 16; event != 0 {
		c.Out.Or()
		c.Out.Enum(uint64(event), tables.PtraceEvent, output.Hex)
		c.Out.Shift(16, "", output.Unsigned)
		status &= 0xffff
	}
	if status != 0 {
		c.Out.Or()
		c.Out.Number(uint64(status), output.Hex)
	}
}

// appendSignal appends the name of a signal or its number.
func appendSignal(b []byte, sig uint32) []byte {
	if name := tables.SignalName(int(sig)); name != "" {
		return append(b, name...)
	}
	return strconv.AppendUint(b, uint64(sig), 10)
}

// waitID is what waitid waits for.
type waitID struct{ *Number }

func (t waitID) Show(c *Call, v View) {
	switch Len("idtype").num(c) {
	case unix.P_PID:
		PIDOf(ThreadGroup).Show(c, v)
	case unix.P_PIDFD:
		FD.Show(c, v)
	case unix.P_PGID:
		PIDOf(ProcessGroup).Show(c, v)
	default:
		t.Number.Show(c, v)
	}
}
