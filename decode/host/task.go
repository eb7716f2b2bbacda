package host

import (
	"bytes"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What a thread is doing, read without attaching to it (proc(5)).

// Task is a thread as /proc shows it. All ids are numbers in /proc.
type Task struct {
	TID, TGID, PPID int
	Group           int  // its process group
	Tracer          int  // thread that traces it, or 0
	State           byte // letter of proc_pid_stat(5): R, S, D, T, t, Z, X, I
	Comm            string
	CPU             int // the processor that it ran on last
}

// Task reads data about a thread; false if it does not exist.
func (l *Local) Task(tid int) (t Task, ok bool) {
	stat := readFile(string(l.pathOf(tid, "/stat")), 4096)
	status := readFile(string(l.pathOf(tid, "/status")), statusMax)
	if t, ok = parseStat(stat); !ok || status == nil {
		return Task{}, false
	}
	t.TGID, _ = strconv.Atoi(string(Field(status, "Tgid:")))
	t.Tracer, _ = strconv.Atoi(string(Field(status, "TracerPid:")))
	return t, t.TGID > 0
}

// parseStat reads /proc/PID/stat. The name, in parentheses, may contain anything.
func parseStat(stat []byte) (t Task, ok bool) {
	first, last := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if first < 1 || last < first {
		return t, false
	}
	tid, err := strconv.Atoi(string(bytes.TrimSpace(stat[:first])))
	rest := bytes.Fields(stat[last+1:]) // from field 3 on
	const state, parent, group, processor = 3, 4, 5, 39
	if err != nil || len(rest) <= processor-3 || len(rest[0]) != 1 {
		return t, false
	}
	t.TID, t.Comm, t.State = tid, string(stat[first+1:last]), rest[state-3][0]
	t.PPID, _ = strconv.Atoi(string(rest[parent-3]))
	t.Group, _ = strconv.Atoi(string(rest[group-3]))
	t.CPU, err = strconv.Atoi(string(rest[processor-3]))
	return t, err == nil
}

// Started returns the time of day at which a process started.
func (l *Local) Started(process int) (at time.Time, ok bool) {
	running, ok := parseStarted(readFile(string(l.pathOf(process, "/stat")), 4096))
	if !ok {
		return time.Time{}, false
	}
	return l.BootTime(running)
}

// parseStarted reads from /proc/PID/stat how long the machine had been running when the
// process started.
func parseStarted(stat []byte) (running time.Duration, ok bool) {
	rest := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // from field 3 on
	const started, tick = 22, time.Second / 100                   // USER_HZ
	if len(rest) <= started-3 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(rest[started-3]), 10, 64)
	return time.Duration(n) * tick, err == nil && n >= 0 && n <= math.MaxInt64/int64(tick)
}

// Threads lists the threads of a process; nil if there is no such process.
func (l *Local) Threads(process int) []int {
	return numberedDirs(string(l.pathOf(process, "/task")))
}

// Processes lists all processes.
func (l *Local) Processes() []int { return numberedDirs("/proc") }

// Own returns a thread's id in trapline's own pid namespace, given its number in /proc; 0
// if it has none there.
func (l *Local) Own(tid int) int {
	level := l.look().level
	if level == 0 {
		return tid
	}
	ids := bytes.Fields(Field(readFile(string(l.pathOf(tid, "/status")), statusMax), statusKeys[Thread]))
	if len(ids) <= level {
		return 0
	}
	own, _ := strconv.Atoi(string(ids[level]))
	return own
}

// seesAll reports whether /proc shows all processes of the machine: it must belong to the
// initial pid namespace, and hide none.
func (l *Local) seesAll() bool {
	const initial = 0xeffffffc // PROC_PID_INIT_INO of linux/proc_ns.h
	return l.look().own == initial && l.look().level == 0 && unix.Access("/proc/1/fd", unix.R_OK) == nil
}

// SystemCall is what /proc/PID/syscall shows of a thread that sleeps.
type SystemCall struct {
	InCall bool // false where it sleeps for another reason, such as a page fault
	NR     uint64
	Args   [6]uint64
	SP, PC uint64
}

// SystemCall reads the call that a thread sleeps in; false if the thread is running, or
// may not be examined.
func (l *Local) SystemCall(tid int) (c SystemCall, ok bool) {
	return parseSystemCall(string(readFile(string(l.pathOf(tid, "/syscall")), 512)))
}

func parseSystemCall(line string) (c SystemCall, ok bool) {
	f := strings.Fields(line)
	if len(f) != 9 && len(f) != 3 {
		return c, false
	}
	nr, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		return c, false
	}
	c.NR, c.InCall = uint64(nr), len(f) == 9
	for i, s := range f[1:] {
		n, err := strconv.ParseUint(s, 0, 64)
		switch {
		case err != nil:
			return SystemCall{}, false
		case i == len(f)-3:
			c.SP = n
		case i == len(f)-2:
			c.PC = n
		default:
			c.Args[i] = n
		}
	}
	return c, true
}

// KernelStack returns the functions of the kernel that a sleeping thread is in, the
// innermost first; nil if they may not be seen.
func (l *Local) KernelStack(tid int) []string {
	return parseKernelStack(readFile(string(l.pathOf(tid, "/stack")), 1<<14))
}

func parseKernelStack(file []byte) (functions []string) {
	for line := range bytes.Lines(file) {
		_, at, ok := strings.Cut(strings.TrimSpace(string(line)), "] ")
		name, _, _ := strings.Cut(at, "+")
		if ok && name != "" {
			functions = append(functions, name)
		}
	}
	return functions
}

// WaitChannel returns the function of the kernel that a thread sleeps in; empty if
// it does not sleep, or that may not be seen.
func (l *Local) WaitChannel(tid int) string {
	name := string(readFile(string(l.pathOf(tid, "/wchan")), 256))
	if name == "0" {
		return ""
	}
	return name
}

// Asleep returns for how long a thread has been asleep; false if that cannot be known. The
// kernel notes when a thread last ran, by the clock of its processor (/proc/PID/sched). So
// the current time of exactly that clock is needed: trapline's thread moves to that
// processor for a moment, and checks when it ran itself.
func (l *Local) Asleep(t *Task) (time.Duration, bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ran, ok := lastRan(l.pathOf(t.TID, "/sched"))
	if !ok {
		return 0, false
	}
	var before, there unix.CPUSet
	if unix.SchedGetaffinity(0, &before) != nil {
		return 0, false
	}
	there.Set(t.CPU)
	if unix.SchedSetaffinity(0, &there) != nil {
		return 0, false
	}
	unix.Syscall(unix.SYS_SCHED_YIELD, 0, 0, 0) // makes the kernel update its notes
	now, ok := lastRan([]byte("/proc/thread-self/sched"))
	unix.SchedSetaffinity(0, &before)
	if again, same := lastRan(l.pathOf(t.TID, "/sched")); !ok || !same || again != ran || now < ran {
		return 0, false
	}
	return now - ran, true
}

// lastRan reads when a thread last ran.
func lastRan(path []byte) (time.Duration, bool) {
	line := Field(readFile(string(path), 1<<14), "se.exec_start")
	_, digits, ok := bytes.Cut(line, []byte(":"))
	ms, err := strconv.ParseFloat(string(bytes.TrimSpace(digits)), 64)
	return time.Duration(ms * float64(time.Millisecond)), ok && err == nil && ms > 0
}

// Children lists the children of a process or, if thread is not 0, only those that this
// thread has created. Children that the process traces are included.
func (l *Local) Children(process, thread int) (children []Task) {
	var own []byte
	if thread != 0 {
		own = readFile("/proc/"+strconv.Itoa(process)+"/task/"+strconv.Itoa(thread)+"/children", 1<<20)
	}
	for _, pid := range numberedDirs("/proc") {
		t, ok := l.Task(pid)
		switch {
		case !ok:
		case thread == 0 && (t.PPID == process || l.isThread(t.Tracer, process)),
			thread != 0 && (t.Tracer == thread || slices.ContainsFunc(bytes.Fields(own), func(f []byte) bool { return string(f) == strconv.Itoa(pid) })):
			children = append(children, t)
		}
	}
	return children
}

// isThread reports whether a thread belongs to a process.
func (l *Local) isThread(tid, process int) bool {
	if tid == 0 || tid == process {
		return tid != 0
	}
	t, ok := l.Task(tid)
	return ok && t.TGID == process
}

// SameMemory reports whether two threads share their memory: kcmp(2).
func (l *Local) SameMemory(a, b int) (same, known bool) {
	const kcmpVM = 1
	return l.compare(a, b, kcmpVM)
}

// sameDescriptors reports whether two threads share their descriptor table.
func (l *Local) sameDescriptors(a, b int) (same, known bool) {
	const kcmpFiles = 2
	return l.compare(a, b, kcmpFiles)
}

func (l *Local) compare(a, b int, kind uintptr) (same, known bool) {
	if a == b {
		return true, true
	}
	r, _, errno := unix.Syscall6(unix.SYS_KCMP, uintptr(l.Own(a)), uintptr(l.Own(b)), kind, 0, 0, 0)
	return r == 0, errno == 0
}

// SameNetwork reports whether a process is in trapline's network namespace.
func (l *Local) SameNetwork(process int) bool {
	own, err1 := os.Readlink("/proc/self/ns/net")
	other, err2 := os.Readlink(string(l.pathOf(process, "/ns/net")))
	return err1 == nil && err2 == nil && own == other
}

// RobustList returns the address of a thread's list of robust futexes, 0 if it has none:
// get_robust_list(2).
func (l *Local) RobustList(tid int) (head uint64, ok bool) {
	var size uint64
	_, _, errno := unix.Syscall(unix.SYS_GET_ROBUST_LIST, uintptr(l.Own(tid)), uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size)))
	const headSize = 24 // struct robust_list_head
	return head, errno == 0 && size == headSize
}
