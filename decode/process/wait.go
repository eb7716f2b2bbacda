package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Waiting for processes: kernel/exit.c.

var waitCalls = Calls{
	{"wait4", Args{{"pid", PIDOrGroup}, {"status", waitStatusPtr}, {"options", waitOptions}, {"usage", waitRusage}}, RetTGID},
	{"waitid", Args{
		{"idtype", &Enum{Set: &tables.WaitidType}}, {"id", waitID{Int}},
		{"siginfo", &Out{To: Siginfo}}, {"options", waitOptions}, {"usage", &Out{To: &Rusage}},
	}, RetUnsigned},
}

var waitCallsI386 = Calls{
	{"waitpid", Args{{"pid", PIDOrGroup}, {"status", waitStatusPtr}, {"options", waitOptions}}, RetTGID},
}

var (
	waitOptions = &Flags{Set: &tables.WaitOptions}
	// Nothing is written if no child was waited for.
	waitStatusPtr = &Out{To: WaitStatus{Number: Int}, If: Test(waited)}
	waitRusage    = &Out{To: &Rusage, If: Test(waited)}
)

func waited(c *Call) bool { return c.Ret > 0 }

// waitID is an id of the kind that waitid's first argument selects.
type waitID struct{ Number }

func (t waitID) Show(c *Call, v View) {
	switch Ref("idtype").Num(c) {
	case tables.P_PID:
		PIDOf(ThreadGroup).Show(c, v)
	case tables.P_PIDFD:
		FD.Show(c, v)
	case tables.P_PGID:
		PIDOf(ProcessGroup).Show(c, v)
	default:
		t.Number.Show(c, v)
	}
}
