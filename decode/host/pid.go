package host

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// An id of a process is valid only in a certain pid namespace
// (pid_namespaces(7)). To find the process that a tracee calls 1, all processes
// below /proc are searched for one that has this id in the tracee's namespace.
//
// The mounted procfs may belong to an ancestor of trapline's own namespace. Then
// the names below /proc differ from the ids that ptrace uses. So there are three
// kinds of ids: the tracee's, trapline's own, and procfs's.

// namespaces describes trapline's own pid namespace.
type namespaces struct {
	known bool
	own   uint64 // its identity, or 0 if unknown
	level int    // its depth below the procfs's namespace
}

// statusMax limits how many bytes of /proc/PID/status are read. The ids come
// after the list of groups, which may have 65536 entries.
const statusMax = 1 << 20

// look returns trapline's own namespace. It queries it once.
func (l *Local) look() *namespaces {
	if !l.here.known {
		ids := bytes.Fields(Field(readFile("/proc/self/status", statusMax), statusKeys[Thread]))
		l.here = namespaces{true, pidNamespace("self"), max(len(ids)-1, 0)}
	}
	return &l.here
}

// pidNamespace returns the identity of the pid namespace of a process; 0 if
// unknown.
func pidNamespace(process string) uint64 {
	var st unix.Stat_t
	if unix.Stat("/proc/"+process+"/ns/pid", &st) != nil {
		return 0
	}
	return st.Ino
}

// namespacedID is an id in a pid namespace.
type namespacedID struct {
	namespace uint64
	kind      IDKind
	id        int
}

// Process implements Host.
func (l *Local) Process(tid int) int {
	here := l.look()
	if here.level == 0 {
		return tid
	}
	_, process := l.search(namespacedID{here.own, Thread, tid})
	return process
}

// SharesIDs reports whether a process uses the same pid namespace as trapline and the
// procfs. Then the ids of the process, trapline's ids and the numbers in /proc are the
// same.
func (l *Local) SharesIDs(process int) bool {
	here := l.look()
	return here.level == 0 && here.own != 0 && pidNamespace(strconv.Itoa(process)) == here.own
}

// Find implements Host.
func (l *Local) Find(process, id int, kind IDKind) (own, found int) {
	here := l.look()
	namespace := here.own
	if process != 0 {
		namespace = pidNamespace(strconv.Itoa(process))
	}
	if namespace == here.own && here.level == 0 {
		return id, id
	}
	if namespace == 0 || kind > Session {
		return 0, 0
	}
	return l.search(namespacedID{namespace, kind, id})
}

// search finds an id. It first checks where the id was found before.
func (l *Local) search(id namespacedID) (own, found int) {
	if found, ok := l.found[id]; ok {
		if own := l.in(id, found); own != 0 {
			return own, found
		}
	}
	own, found = l.searchAll(id)
	if own != 0 {
		if l.found == nil {
			l.found = make(map[namespacedID]int)
		}
		l.found[id] = found
	}
	return own, found
}

// searchAll searches all threads of all processes.
func (l *Local) searchAll(id namespacedID) (own, found int) {
	for _, pid := range numberedDirs("/proc") {
		if id.kind == Thread {
			for _, tid := range numberedDirs("/proc/" + strconv.Itoa(pid) + "/task") {
				if own := l.in(id, tid); own != 0 {
					return own, tid
				}
			}
		} else if own := l.in(id, pid); own != 0 {
			return own, pid
		}
	}
	return 0, 0
}

// numberedDirs returns the names in a directory that are numbers.
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

// statusKeys are the lines of /proc/PID/status with the ids of a process in all
// namespaces from the procfs's down to its own.
var statusKeys = [...]string{Thread: "NSpid:", ThreadGroup: "NStgid:", ProcessGroup: "NSpgid:", Session: "NSsid:"}

// in returns trapline's own id of a process if id is one of its ids, or 0.
func (l *Local) in(id namespacedID, process int) int {
	level := l.look().level
	ids := bytes.Fields(Field(readFile("/proc/"+strconv.Itoa(process)+"/status", statusMax), statusKeys[id.kind]))
	if len(ids) <= level {
		return 0
	}
	digits := []byte(strconv.Itoa(id.id))
	for i, x := range ids {
		if bytes.Equal(x, digits) && id.namespace == namespaceAbove(process, len(ids)-1-i) {
			own, _ := strconv.Atoi(string(ids[level]))
			return own
		}
	}
	return 0
}

// namespaceAbove returns the identity of the pid namespace n levels above a
// process's own; 0 if unknown.
func namespaceAbove(process, n int) uint64 {
	fd, err := unix.Open("/proc/"+strconv.Itoa(process)+"/ns/pid", unix.O_RDONLY|unix.O_CLOEXEC, 0)
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
