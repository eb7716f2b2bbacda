package kernel

import (
	"strconv"

	"trapline/decode/host"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// PIDs selects what is shown of process ids after their numbers (-Y,
// --decode-pids).
type PIDs uint8

const (
	PIDComm      PIDs = 1 << iota // the command name
	PIDNamespace                  // the id in trapline's pid namespace, if it differs
)

// PIDKind is the kind of an id.
type PIDKind = host.IDKind

const (
	Thread       = host.Thread
	ThreadGroup  = host.ThreadGroup
	ProcessGroup = host.ProcessGroup
	Session      = host.Session
)

// PIDOf is an id whose kind is its value.
type PIDOf PIDKind

// Ids, also as results.
const (
	PID     = PIDOf(Thread) // of a process or thread
	RetPID  = PIDOf(Thread)
	RetTGID = PIDOf(ThreadGroup)
	RetPGID = PIDOf(ProcessGroup)
	RetSID  = PIDOf(Session)
)

// Layout implements Type.
func (PIDOf) Layout(abi tables.ABI) Layout { return Int.Layout(abi) }

// Keep implements keeper of package lang.
func (PIDOf) Keep(k *Keeps) { keepPID(k) }

// keepPID notes that what the settings select is shown with an id. Its process may
// have ended later.
func keepPID(k *Keeps) {
	if SettingsOf(k.Decoder).PIDs != 0 {
		k.Gap("the process of an id")
	}
}

// Value returns the id.
func (PIDOf) Value(c *Call, v View) uint64 { return Int.Value(c, v) }

// CType is the type in C, for lists of calls.
func (PIDOf) CType() string { return "pid_t" }

// Show implements Type.
func (t PIDOf) Show(c *Call, v View) {
	id := int(int32(t.Value(c, v)))
	c.Out.Number(uint64(id), output.Signed)
	annotatePID(c, id, PIDKind(t))
}

type pidOrGroup struct{ Number }

// Keep implements keeper of package lang.
func (t *pidOrGroup) Keep(k *Keeps) { keepPID(k) }

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
	if SettingsOf(c.Decoder).PIDs == 0 || id <= 0 || kind > Session {
		return
	}
	own, process := FindID(c, id, kind)
	if own == 0 {
		return
	}
	if SettingsOf(c.Decoder).PIDs&PIDComm != 0 && (kind == Thread || kind == ThreadGroup) {
		annotateComm(c, process)
	}
	if SettingsOf(c.Decoder).PIDs&PIDNamespace != 0 && own != id {
		b := strconv.AppendInt(c.Alloc(64)[:0], int64(own), 10)
		c.Out.Comment(output.Note, output.AsString(append(b, " in strace's PID NS"...)))
	}
}

func annotateComm(c *Call, process int) {
	if name, ok := SettingsOf(c.Decoder).Host().Command(c.Alloc(64), process); ok && len(name) > 0 {
		c.Out.Annotate("comm", name)
	}
}

// ProcessOf returns the number by which the host identifies the tracee, or 0 if
// the tracee is unknown.
func ProcessOf(c *Call) int {
	p := processes.Of(c)
	if p.tid != c.TID {
		p.tid, p.number = c.TID, SettingsOf(c.Decoder).Host().Process(c.TID)
	}
	return p.number
}

// hostProcess is the number by which the host identifies a tracee.
type hostProcess struct{ tid, number int }

var processes CallSlot[hostProcess]

// FindID looks for what the tracee refers to by id. It returns trapline's own id
// of it, and the host's number of a process that has this id; zeros if there is
// none.
func FindID(c *Call, id int, kind PIDKind) (own, process int) {
	return SettingsOf(c.Decoder).Host().Find(ProcessOf(c), id, kind)
}
