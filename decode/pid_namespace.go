package decode

import (
	"bytes"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// Ids of processes mean something in a pid namespace only (pid_namespaces(7)).
// What a tracee calls 1 is found by looking for a process, below /proc, that
// has this id in the tracee's namespace.

//
// The procfs that is mounted may belong to a namespace above this process's
// own, and then the names below /proc are not the ids that ptrace knows. So an
// id comes in three forms: the tracee's, our own, and procfs's.

// namespaces is what this process knows of its own pid namespace.
type namespaces struct {
	own   uint64 // its identity, 0 if it is not known
	level int    // how far it is below that of the procfs
}

var here = sync.OnceValue(func() namespaces {
	status, _ := os.ReadFile("/proc/self/status")
	ids := bytes.Fields(infoValue(status, statusKeys[Thread]))
	return namespaces{pidNamespace("self"), max(len(ids)-1, 0)}
})

// pidNamespace identifies the pid namespace of a process.
func pidNamespace(proc string) uint64 {
	var st unix.Stat_t
	if unix.Stat("/proc/"+proc+"/ns/pid", &st) != nil {
		return 0
	}
	return st.Ino
}

// namespacedPID is an id in a pid namespace.
type namespacedPID struct {
	namespace uint64
	kind      PIDKind
	id        int
}

// ownPID finds our own id for what the tracee calls id, and the procfs's id of
// a process that has it; zeros if there is none.
func (c *Call) ownPID(id int, kind PIDKind) (own, proc int) {
	ns := here().own
	if tid := c.procTID(); tid != 0 {
		ns = pidNamespace(strconv.Itoa(tid))
	}
	if ns == here().own && here().level == 0 {
		return id, id
	}
	if ns == 0 {
		return 0, 0
	}
	return c.search(namespacedPID{ns, kind, id})
}

// procTID is the procfs's id of the tracee, 0 if there is none.
func (c *Call) procTID() int {
	if here().level == 0 {
		return c.TID
	}
	if c.procTIDOf != c.TID {
		c.procTIDOf = c.TID
		_, c.procTIDIs = c.search(namespacedPID{here().own, Thread, c.TID})
	}
	return c.procTIDIs
}

func (d *Decoder) search(p namespacedPID) (own, proc int) {
	if proc, ok := d.procOf[p]; ok {
		if own := p.in(proc); own != 0 {
			return own, proc
		}
	}
	own, proc = p.find()
	if own != 0 {
		if d.procOf == nil {
			d.procOf = make(map[namespacedPID]int)
		}
		d.procOf[p] = proc
	}
	return own, proc
}

// find looks through all threads of all processes.
func (p namespacedPID) find() (own, proc int) {
	for _, pid := range numberedDirs("/proc") {
		if p.kind == Thread {
			for _, tid := range numberedDirs("/proc/" + strconv.Itoa(pid) + "/task") {
				if own := p.in(tid); own != 0 {
					return own, tid
				}
			}
		} else if own := p.in(pid); own != 0 {
			return own, pid
		}
	}
	return 0, 0
}

func numberedDirs(path string) []int {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil
	}
	var numbers []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// statusKeys are the lines of /proc/PID/status with an id for each namespace
// that the process is visible in, from the procfs's to its own.
var statusKeys = [...]string{Thread: "NSpid:", ThreadGroup: "NStgid:", ProcessGroup: "NSpgid:", Session: "NSsid:"}

// in gives our own id of the process that procfs calls proc, if it is the one
// with the id p, otherwise 0.
func (p namespacedPID) in(proc int) int {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(proc) + "/status")
	if err != nil {
		return 0
	}
	ids := bytes.Fields(infoValue(status, statusKeys[p.kind]))
	if len(ids) <= here().level {
		return 0
	}
	id := []byte(strconv.Itoa(p.id))
	for level, x := range ids {
		if bytes.Equal(x, id) && p.namespace == namespaceAbove(proc, len(ids)-1-level) {
			own, _ := strconv.Atoi(string(ids[here().level]))
			return own
		}
	}
	return 0
}

// namespaceAbove identifies the pid namespace n levels above a process's own.
func namespaceAbove(proc, n int) uint64 {
	fd, err := unix.Open("/proc/"+strconv.Itoa(proc)+"/ns/pid", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	for ; err == nil && n > 0; n-- {
		child := fd
		fd, err = unix.IoctlRetInt(child, unix.NS_GET_PARENT)
		unix.Close(child)
	}
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return 0
	}
	return st.Ino
}
