package process

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
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
	waitStatusPtr = OutIf(waited, WaitStatus{Number: Int})
	waitRusage    = OutIf(waited, Rusage)
)

func waited(c *Call) bool { return c.Ret > 0 }

// waitID is what waitid waits for.
type waitID struct{ *Number }

func (t waitID) Show(c *Call, v View) {
	switch Ref("idtype").Num(c) {
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
