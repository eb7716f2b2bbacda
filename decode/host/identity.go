package host

import (
	"bytes"
	"strconv"
)

// Identity is who a thread is.
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
	status := readFile(string(l.pathOf(process, "/status")), statusMax)
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

// ownTGID finds the process id in a file /proc/PID/status, as it is in
// trapline's own pid namespace; 0 if it has none there.
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

// argumentsMax exceeds the room that the kernel allows for the arguments of a
// program: three quarters of 8 MiB.
const argumentsMax = 8 << 20

// Arguments implements Host.
func (l *Local) Arguments(process int) []byte {
	return readFile(string(l.pathOf(process, "/cmdline")), argumentsMax)
}

// Environment implements Host.
func (l *Local) Environment(process int) []byte {
	return readFile(string(l.pathOf(process, "/environ")), argumentsMax)
}
