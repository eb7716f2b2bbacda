//go:build linux && amd64

// Package why finds out what the threads of a process wait for, and on whom. It reads
// /proc and the memory of the processes, without attaching to them.
//
// An Inquiry follows chains: it also examines the processes that the first one waits for,
// and so on. It describes a wait by those who can end it, and says that nobody else can
// only if that is certain. It finds deadlocks among such waits.
package why

import (
	"slices"
	"time"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer/unwind"
)

// Options control what an Inquiry examines.
type Options struct {
	Decode decode.Options
	// Stacks, if not nil, unwinds the stacks of the threads.
	Stacks *unwind.Unwinder
	// Self is a process that is not named as the tracer of others, or 0.
	Self int
	// Own is the process that makes the Inquiry, or 0. Since it has inherited descriptors,
	// it is named as the owner of a descriptor only if no other process has it. Its own
	// waits are not examined.
	Own int
	// Since, if not nil, gives the time that a thread has been in its call. Otherwise the
	// kernel may know for how long the thread has been asleep.
	Since func(tid int) (time.Duration, bool)
	// Limit is the number of processes to examine. It is exceeded if more are named at
	// once.
	Limit int
}

// Inquiry examines a process and those that it waits for.
type Inquiry struct {
	o       Options
	host    *host.Local
	show    *decode.Decoder // for the output
	asked   files           // the arguments of a call
	split   socketcall.Splitter
	threads map[int]*thread
	order   []*thread     // in the order in which they were examined
	queue   []int         // processes to examine
	known   map[int][]int // threads of the examined processes

	descriptors *host.Descriptors // nil until needed
	locks       []host.FileLock
	hasLocks    bool
	tcp         []host.Connection
	hasTCP      bool
	memories    map[int]*memory
}

// thread is what is known of a thread.
type thread struct {
	host.Task
	call   host.SystemCall
	abi    tables.ABI
	sig    *decode.Signature // nil if it is in no call, or if that is unknown
	name   string            // of the call, or ""
	args   [6]uint64
	kernel []string

	wait output.Waiting
	on   []target
	// closed says that only those in on can end the wait; limited that the wait ends by
	// itself after some time.
	closed, limited bool
}

// target is who can end a wait.
type target struct {
	process int
	thread  int // 0 for any of the process
}

// defaultLimit is how many processes are examined if Options.Limit is 0: what fits on a
// screen.
const defaultLimit = 16

// New makes an Inquiry.
func New(h *host.Local, o Options) *Inquiry {
	if o.Limit == 0 {
		o.Limit = defaultLimit
	}
	q := &Inquiry{o: o, host: h, threads: make(map[int]*thread), known: make(map[int][]int), memories: make(map[int]*memory)}
	q.show = decode.NewDecoder(o.Decode, h)
	q.asked.init(h)
	return q
}

// Ask examines all threads of some processes, and the processes that they wait for. It
// returns false if none of the processes exists.
func (q *Inquiry) Ask(processes ...int) bool {
	for _, process := range processes {
		if t, ok := q.host.Task(process); ok {
			q.enqueue(t.TGID)
		}
	}
	limit := max(q.o.Limit, len(processes))
	for len(q.queue) > 0 && len(q.known) < limit {
		next := q.queue[0]
		q.queue = q.queue[1:]
		q.askProcess(next)
	}
	return len(q.order) > 0
}

func (q *Inquiry) enqueue(process int) {
	if _, done := q.known[process]; !done && process != 0 && !slices.Contains(q.queue, process) {
		q.queue = append(q.queue, process)
	}
}

func (q *Inquiry) askProcess(process int) {
	tids := q.host.Threads(process)
	slices.Sort(tids)
	q.known[process] = tids
	for _, tid := range tids {
		t := q.look(tid)
		if t == nil {
			continue
		}
		q.threads[tid] = t
		q.order = append(q.order, t)
		for _, on := range t.on {
			if on.process != q.o.Own {
				q.enqueue(on.process)
			}
		}
	}
}

// look finds out what a thread does.
func (q *Inquiry) look(tid int) *thread {
	task, ok := q.host.Task(tid)
	if !ok {
		return nil
	}
	if task.State == 't' && task.Tracer == q.o.Self {
		task.State = 'R' // the stop will not last
	}
	t := &thread{Task: task}
	t.wait.State = stateName(task.State)
	if task.Tracer != 0 && task.Tracer != q.o.Self {
		tracer := q.party(target{process: q.processOf(task.Tracer)})
		t.wait.Tracer = &tracer
	}
	switch task.State {
	case 'S', 'D', 'T', 't':
	default:
		return t
	}
	t.call, ok = q.host.SystemCall(tid)
	if ok {
		q.lookAtCall(t)
	}
	t.kernel = q.host.KernelStack(tid)
	if t.kernel == nil {
		if at := q.host.WaitChannel(tid); at != "" {
			t.kernel = []string{at}
		}
	}
	t.wait.Kernel = t.kernel
	q.lookAtTime(t)
	switch {
	case task.State == 'T':
		t.wait.For = "SIGCONT"
	case task.State == 't':
		t.wait.For, t.closed = "its tracer", true
		q.waitsOn(t, target{process: q.processOf(task.Tracer)})
	default:
		q.reason(t)
	}
	q.name(t)
	return t
}

// lookAtTime finds out for how long a thread has been asleep.
func (q *Inquiry) lookAtTime(t *thread) {
	if q.o.Since != nil {
		t.wait.Time, t.wait.Timed = q.o.Since(t.TID)
		return // the kernel is asked from a processor of its choice, and a tracer must stay on its own
	}
	if t.State == 'S' || t.State == 'D' {
		t.wait.Time, t.wait.Timed = q.host.Asleep(&t.Task)
	}
}

// lookAtCall finds out the call that a thread sleeps in. The kernel does not tell which
// ABI the thread has used: the instruction before the program counter does.
func (q *Inquiry) lookAtCall(t *thread) {
	if !t.call.InCall {
		return
	}
	var code [2]byte
	mem := q.memoryOf(t)
	if mem.ReadMemory(t.call.PC-2, code[:]) != len(code) {
		return
	}
	switch {
	case code == [2]byte{0x0f, 0x05} && t.call.NR&tables.X32Bit != 0: // syscall
		t.abi = tables.X32
	case code == [2]byte{0x0f, 0x05}:
		t.abi = tables.X86_64
	case code == [2]byte{0xcd, 0x80}: // int $0x80
		t.abi = tables.I386
	default:
		return
	}
	t.args = t.call.Args
	if t.abi == tables.I386 {
		for i := range t.args {
			t.args[i] = uint64(uint32(t.args[i]))
		}
	}
	t.sig = q.show.Lookup(t.abi, t.call.NR)
	if inner := q.split.Split(t.abi, t.call.NR, &t.args, mem); inner != nil {
		t.sig = q.show.LookupInner(inner.Name, inner.Form)
		t.args = inner.Args
	}
	t.name = t.sig.Name
}

// stateName says what a letter of proc_pid_stat(5) means.
func stateName(state byte) string {
	switch state {
	case 'R':
		return "running"
	case 'S':
		return "asleep"
	case 'D':
		return "asleep, not to be interrupted"
	case 'T':
		return "stopped"
	case 't':
		return "stopped by its tracer"
	case 'Z':
		return "ended, its parent has not waited for it"
	case 'X':
		return "ended"
	case 'I':
		return "idle"
	}
	return string(state)
}

// processOf returns the process of a thread.
func (q *Inquiry) processOf(tid int) int {
	if t, ok := q.host.Task(tid); ok {
		return t.TGID
	}
	return tid
}

// waitsOn adds to those who can end a thread's wait.
func (q *Inquiry) waitsOn(t *thread, all ...target) {
	for _, on := range all {
		if !slices.Contains(t.on, on) {
			t.on = append(t.on, on)
		}
	}
}

// name adds the names of those that a thread waits for to the output.
func (q *Inquiry) name(t *thread) {
	for _, on := range t.on {
		t.wait.On = append(t.wait.On, q.party(on))
	}
	if len(t.wait.Files) > 0 {
		t.wait.On = nil // they are listed behind the files
	}
}

// party describes a target.
func (q *Inquiry) party(on target) output.Party {
	p := output.Party{PID: on.process, TID: on.thread}
	tid := on.thread
	if tid == 0 {
		tid = on.process
	}
	task, ok := q.host.Task(tid)
	p.Comm = task.Comm
	switch {
	case !ok:
		p.Note = "ended"
	case task.State == 'T':
		p.Note = "stopped"
	case task.State == 't' && task.Tracer != q.o.Self:
		p.Note = "stopped by its tracer"
	case task.State == 'Z' && len(q.host.Threads(on.process)) < 2:
		p.Note = "ended"
	}
	return p
}

// Write passes the text about threads and deadlocks to put, in the looks' format.
func (q *Inquiry) Write(looks *output.Options, put func([]byte), now time.Time) {
	for _, t := range q.order {
		w := looks.Format.New(looks, &output.Tracee{PID: q.host.Own(t.TID), TGID: t.TGID, PPID: t.PPID, Comm: []byte(t.Comm)})
		q.write(w, t, now)
		put(w.Take())
	}
	for _, d := range q.deadlocks() {
		w := looks.Format.New(looks, &output.Tracee{})
		w.Deadlock(&d)
		put(w.Take())
	}
}

func (q *Inquiry) write(w output.Writer, t *thread, now time.Time) {
	h := output.Header{Time: now, Waiting: true}
	if t.sig == nil {
		w.BeginCall(&h)
	} else {
		h.ABI, h.NR, h.Name = t.abi, t.call.NR, t.name
		w.BeginCall(&h)
		const interrupted = 4 // EINTR: what the kernel has yet to write is shown as an address
		c := decode.Call{Decoder: q.show, Out: w, Outcome: w, Mem: q.memoryOf(t), TID: q.host.Own(t.TID), Abbrev: true}
		c.ABI, c.NR, c.Args, c.SP, c.Sig = t.abi, t.call.NR, t.args, t.call.SP, t.sig
		c.Begin()
		c.Enter()
		c.Ret, c.Errno = -interrupted, interrupted
		c.Exit()
	}
	w.EndWaiting(&t.wait, q.stack(t))
}
