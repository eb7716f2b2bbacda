package host

import (
	"bytes"
	"strconv"
)

// Identity has the ids of a thread.
type Identity struct {
	TGID   int // id of its process
	PPID   int // id of its process's parent; 0 if that is outside of trapline's pid namespace
	UID    int // real user id
	HasUID bool
}

// Identity implements Host.
func (l *Local) Identity(process int) (id Identity, ok bool) {
	if process <= 0 {
		return Identity{}, false
	}
	var b [statusRoom]byte
	return l.identity(readInOne(b[:], l.pathOf(process, "/status"), statusMax))
}

// statusRoom exceeds the size of most /proc/PID/status files.
const statusRoom = 4 << 10

// An Introducer is a Host that can answer Identity and Command at once.
type Introducer interface {
	// Introduce returns both, or false if it does not know both. command is in b or shares
	// no memory with the caller's.
	Introduce(b []byte, process int) (id Identity, command []byte, ok bool)
}

// Introduce implements Introducer: both are in one file.
func (l *Local) Introduce(b []byte, process int) (id Identity, command []byte, ok bool) {
	if process <= 0 {
		return id, nil, false
	}
	var room [statusRoom]byte
	status := readInOne(room[:], l.pathOf(process, "/status"), statusMax)
	name, found := bytes.CutPrefix(status, []byte("Name:\t"))
	name, _, ended := bytes.Cut(name, []byte("\n"))
	if !found || !ended || len(name) == 0 || len(name) > len(b) || bytes.IndexByte(name, '\\') >= 0 { // it is escaped
		return id, nil, false
	}
	id, ok = l.identity(status)
	return id, b[:copy(b, name)], ok
}

// identity finds the ids of a thread in its /proc/PID/status file.
func (l *Local) identity(status []byte) (id Identity, ok bool) {
	if id.TGID = l.ownTGID(status); id.TGID == 0 {
		return Identity{}, false
	}
	id.PPID, _ = strconv.Atoi(string(Field(status, "PPid:")))
	if id.PPID != 0 && l.look().level > 0 {
		id.PPID = l.ownTGID(readFile(string(l.pathOf(id.PPID, "/status")), statusMax))
	}
	if uids := bytes.Fields(Field(status, "Uid:")); len(uids) > 0 {
		uid, err := strconv.ParseUint(string(uids[0]), 10, 32)
		id.UID, id.HasUID = int(uid), err == nil
	}
	return id, true
}

// ownTGID finds the process id in a /proc/PID/status file, as an id in trapline's own pid
// namespace; 0 if it has none there.
func (l *Local) ownTGID(status []byte) int {
	level := l.look().level
	if level == 0 {
		tgid, _ := strconv.Atoi(string(Field(status, "Tgid:")))
		return tgid
	}
	ids := bytes.Fields(Field(status, statusKeys[ThreadGroup]))
	if len(ids) <= level {
		return 0
	}
	tgid, _ := strconv.Atoi(string(ids[level]))
	return tgid
}

// Executable implements Host.
func (l *Local) Executable(b []byte, process int) []byte {
	return readLink(b, l.pathOf(process, "/exe"))
}

// argumentsMax exceeds what the kernel allows for the arguments of a program: three
// quarters of 8 MiB.
const argumentsMax = 8 << 20

// argumentsRoom exceeds the arguments or the environment of most programs.
const argumentsRoom = 4 << 10

// Arguments implements Host.
func (l *Local) Arguments(process int) []byte {
	return readInOne(make([]byte, argumentsRoom), l.pathOf(process, "/cmdline"), argumentsMax)
}

// Environment implements Host.
func (l *Local) Environment(process int) []byte {
	return readInOne(make([]byte, argumentsRoom), l.pathOf(process, "/environ"), argumentsMax)
}
