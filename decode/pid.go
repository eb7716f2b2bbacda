package decode

import (
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/output"
)

// PIDs is what is shown of process ids beside their numbers (-Y,
// --decode-pids).
type PIDs uint8

const (
	PIDComm      PIDs = 1 << iota // the command name
	PIDNamespace                  // the id in trapline's own pid namespace
)

// PIDKind is what an id stands for.
type PIDKind uint8

const (
	Thread PIDKind = iota
	ThreadGroup
	ProcessGroup
	Session
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
	c.annotatePID(id, t.kind)
}

// Results that are ids.
var (
	RetPID  = Ret{typ: PIDOf(Thread)}
	RetTGID = Ret{typ: PIDOf(ThreadGroup)}
	RetPGID = Ret{typ: PIDOf(ProcessGroup)}
	RetSID  = Ret{typ: PIDOf(Session)}
)

// PIDOrGroup is the id of a process or, negative, of a process group.
var PIDOrGroup Type = &pidOrGroup{Int}

type pidOrGroup struct{ *Number }

func (t *pidOrGroup) Show(c *Call, v View) {
	id := int(int32(t.Value(c, v)))
	c.Out.Number(uint64(id), output.Signed)
	if id > 0 {
		c.annotatePID(id, ThreadGroup)
	} else if id < -1 {
		c.annotatePID(-id, ProcessGroup)
	}
}

func (c *Call) annotatePID(id int, kind PIDKind) {
	if c.PIDs == 0 || id <= 0 || kind > Session {
		return
	}
	own, proc := c.ownPID(id, kind)
	if own == 0 {
		return
	}
	if c.PIDs&PIDComm != 0 && (kind == Thread || kind == ThreadGroup) {
		c.annotateComm(proc)
	}
	if c.PIDs&PIDNamespace != 0 && own != id {
		b := strconv.AppendInt(c.alloc(64)[:0], int64(own), 10)
		c.Out.CommentBytes(append(b, " in strace's PID NS"...))
	}
}

func (c *Call) annotateComm(id int) {
	b := c.alloc(64)
	fd, err := unix.Open("/proc/"+strconv.Itoa(id)+"/comm", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	n, err := unix.Read(fd, b)
	unix.Close(fd)
	if err == nil && n > 1 {
		c.Out.Annotate("comm", b[:n-1])
	}
}
