package kernel

import (
	"strconv"

	"trapline/decode/host"
	. "trapline/decode/lang"
	"trapline/output"
)

// PIDs is what is shown of process ids beside their numbers (-Y,
// --decode-pids).
type PIDs uint8

const (
	PIDComm      PIDs = 1 << iota // the command name
	PIDNamespace                  // the id in trapline's pid namespace, if it is another one
)

// PIDKind is what an id stands for.
type PIDKind = host.IDKind

const (
	Thread       = host.Thread
	ThreadGroup  = host.ThreadGroup
	ProcessGroup = host.ProcessGroup
	Session      = host.Session
)

// PID is a process or thread id.
var PID = PIDOf(Thread)

// PIDOf is an id of a kind.
func PIDOf(kind PIDKind) Type { return &pid{Int, kind} }

type pid struct {
	*Number
	kind PIDKind
}

func (t *pid) Show(c *Call, v View) {
	id := int(int32(t.Value(c, v)))
	c.Out.Number(uint64(id), output.Signed)
	annotatePID(c, id, t.kind)
}

// Results that are ids.
var (
	RetPID  = Ret{Typ: PIDOf(Thread)}
	RetTGID = Ret{Typ: PIDOf(ThreadGroup)}
	RetPGID = Ret{Typ: PIDOf(ProcessGroup)}
	RetSID  = Ret{Typ: PIDOf(Session)}
)

// PIDOrGroup is the id of a process or, negative, of a process group.
var PIDOrGroup Type = &pidOrGroup{Int}

type pidOrGroup struct{ *Number }

func (t *pidOrGroup) Show(c *Call, v View) {
	id := int(int32(t.Value(c, v)))
	c.Out.Number(uint64(id), output.Signed)
	if id > 0 {
		annotatePID(c, id, ThreadGroup)
	} else if id < -1 {
		annotatePID(c, -id, ProcessGroup)
	}
}

func annotatePID(c *Call, id int, kind PIDKind) {
	if ContextOf(c.Decoder).PIDs == 0 || id <= 0 || kind > Session {
		return
	}
	own, process := FindID(c, id, kind)
	if own == 0 {
		return
	}
	if ContextOf(c.Decoder).PIDs&PIDComm != 0 && (kind == Thread || kind == ThreadGroup) {
		annotateComm(c, process)
	}
	if ContextOf(c.Decoder).PIDs&PIDNamespace != 0 && own != id {
		b := strconv.AppendInt(c.Alloc(64)[:0], int64(own), 10)
		c.Out.Comment(output.Note, output.AsString(append(b, " in strace's PID NS"...)))
	}
}

func annotateComm(c *Call, process int) {
	if name, ok := ContextOf(c.Decoder).Host.Command(c.Alloc(64), process); ok && len(name) > 0 {
		c.Out.Annotate("comm", name)
	}
}

// ProcessOf gives the number that the host knows the tracee by, 0 if it does not.
func ProcessOf(c *Call) int {
	p := processes.Of(c)
	if p.tid != c.TID {
		p.tid, p.number = c.TID, ContextOf(c.Decoder).Host.Process(c.TID)
	}
	return p.number
}

// hostProcess is the number by which the host knows a tracee.
type hostProcess struct{ tid, number int }

var processes = NewCallSlot[hostProcess]()

// FindID finds what the tracee calls id: trapline's own id of it, and the host's
// number of a process that has it; zeros if there is none.
func FindID(c *Call, id int, kind PIDKind) (own, process int) {
	return ContextOf(c.Decoder).Host.Find(ProcessOf(c), id, kind)
}
