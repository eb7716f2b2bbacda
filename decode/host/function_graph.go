package host

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// KernelFunction is a function that the kernel ran.
type KernelFunction struct {
	Name   string
	Module string // module that it is in, or ""
	Depth  int    // how many of the functions before it in the list are its callers, each called by the one before
	// Duration is the time from its entry to its return, including callees and sleep;
	// negative if it is not known.
	Duration time.Duration
}

// FunctionGraph records the functions that the kernel runs for a thread, with ftrace's
// tracer function_graph. Each thread gets its own instance in tracefs. Before Linux 6.11
// function_graph works only outside of instances; there it records one thread at a time.
//
// While a FunctionGraph has threads, each kernel function takes a little longer, for all
// processes of the machine. However trapline ends, tracefs is restored, by a guardian
// process if necessary.
type FunctionGraph struct {
	dir      string // of tracefs
	guardian *tracefsGuardian
	free     []*GraphThread // instances without a thread
	made     int            // number of instances so far
	top      bool           // no instances: dir itself is used
}

// maxGraphThreads is how many threads are recorded at a time. The kernel has room for 16
// users of function graphs.
const maxGraphThreads = 8

// ErrGraphBusy says that too many other threads are being recorded.
var ErrGraphBusy = errors.New("too many threads use function_graph at the same time")

// OpenFunctionGraph returns an error that says which permission or kernel option is
// missing.
func OpenFunctionGraph() (*FunctionGraph, error) {
	dir, err := findTracefs()
	if err != nil {
		return nil, err
	}
	if !inInitialPIDNamespace() {
		return nil, errors.New("tracefs has the pids of another pid namespace, the machine's own")
	}
	g := &FunctionGraph{dir: dir}
	var steps []tracefsStep
	for i := range maxGraphThreads {
		steps = append(steps, removeStep(g.instance(i)))
	}
	if g.guardian, err = guardTracefs(steps); err != nil {
		return nil, err
	}
	first, err := g.newInstance()
	if err == nil {
		g.free = append(g.free, first)
		return g, nil
	}
	g.guardian.dismiss()
	if !errors.Is(err, unix.EINVAL) {
		return nil, tracefsError(err)
	}
	if err := g.openTop(); err != nil {
		return nil, tracefsError(err)
	}
	return g, nil
}

// instance is the folder of an instance.
func (g *FunctionGraph) instance(n int) string {
	return fmt.Sprintf("%s/instances/trapline-%d-%d", g.dir, os.Getpid(), n)
}

// newInstance makes an instance.
func (g *FunctionGraph) newInstance() (*GraphThread, error) {
	dir := g.instance(g.made)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	g.made++
	t := &GraphThread{graph: g, dir: dir, on: -1, pipe: -1}
	if err := t.open(); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// openTop prepares for function_graph outside of instances, if nobody else uses it.
func (g *FunctionGraph) openTop() error {
	read := func(name string) string { return strings.TrimSpace(string(readFile(g.dir+"/"+name, 64<<10))) }
	if tracer := read("current_tracer"); tracer != "nop" {
		return fmt.Errorf("another program uses the tracer %s of ftrace, which this kernel has only once", tracer)
	}
	if read("events/enable") != "0" || !strings.Contains(read("trace"), "entries-in-buffer/entries-written: 0/0 ") {
		return errors.New("another program uses ftrace, whose function_graph this kernel has only once")
	}
	size, full := bufferSizes(read("buffer_size_kb"))
	pids := read("set_ftrace_pid")
	if pids == "no pid" {
		pids = ""
	}
	steps := []tracefsStep{
		writeStep(g.dir+"/tracing_on", "0"), writeStep(g.dir+"/current_tracer", "nop"),
		writeStep(g.dir+"/set_ftrace_pid", strings.Join(strings.Fields(pids), " ")), writeStep(g.dir+"/trace", ""),
	}
	if size != full {
		steps = append(steps, writeStep(g.dir+"/buffer_size_kb", size))
	}
	steps = append(steps, writeStep(g.dir+"/tracing_on", read("tracing_on")))
	var err error
	if g.guardian, err = guardTracefs(steps); err != nil {
		return err
	}
	g.top = true
	if size != full {
		if err := writeTracefs(g.dir+"/buffer_size_kb", full); err != nil {
			g.guardian.dismiss()
			return err
		}
	}
	t := &GraphThread{graph: g, dir: g.dir, on: -1, pipe: -1}
	if err := t.open(); err != nil {
		t.close()
		g.guardian.dismiss()
		return err
	}
	g.free = append(g.free, t)
	return nil
}

// bufferSizes reads buffer_size_kb of tracefs: the current size of the buffer of a
// processor, in KiB, and its full size. An unused buffer is tiny, "7 (expanded: 1408)",
// and gets its full size with the first tracer. But if an instance had the first tracer,
// even unsuccessfully, the other buffers stay tiny, and the text is just "7".
func bufferSizes(text string) (size, full string) {
	size, full, _ = strings.Cut(text, " (expanded: ")
	full = strings.TrimRight(full, ")")
	if full != "" {
		return size, full
	}
	const usual = 1408 // TRACE_BUF_SIZE_DEFAULT of kernel/trace/trace.c
	if n, err := strconv.Atoi(size); err == nil && n < usual {
		return size, strconv.Itoa(usual)
	}
	return size, size
}

// Close ends the recording of all threads, and restores tracefs.
func (g *FunctionGraph) Close() {
	for _, t := range g.free {
		t.close()
	}
	g.free = nil
	g.guardian.dismiss()
}

// Thread prepares to record a thread. The error is ErrGraphBusy if there are too many
// threads.
func (g *FunctionGraph) Thread(tid int) (*GraphThread, error) {
	var t *GraphThread
	switch n := len(g.free); {
	case n > 0:
		t, g.free = g.free[n-1], g.free[:n-1]
	case g.top || g.made == maxGraphThreads:
		return nil, ErrGraphBusy
	default:
		var err error
		if t, err = g.newInstance(); err != nil {
			return nil, err
		}
	}
	if err := writeTracefs(t.dir+"/set_ftrace_pid", strconv.Itoa(tid)); err != nil {
		g.free = append(g.free, t)
		return nil, err
	}
	t.tid = tid
	return t, nil
}

// GraphThread records one thread.
type GraphThread struct {
	graph    *FunctionGraph
	dir      string
	tid      int
	on, pipe int // tracing_on and trace_pipe, -1 if not open
	buf      []byte
	parser   graphParser
}

// open enables function_graph, without any thread.
func (t *GraphThread) open() error {
	if err := writeTracefs(t.dir+"/tracing_on", "0"); err != nil {
		return err
	}
	// Without a pid, all threads would be recorded. No thread has this one.
	if err := writeTracefs(t.dir+"/set_ftrace_pid", strconv.Itoa(os.Getpid())); err != nil {
		return err
	}
	if err := writeTracefs(t.dir+"/current_tracer", "function_graph"); err != nil {
		return err
	}
	var err error
	if t.on, err = unix.Open(t.dir+"/tracing_on", unix.O_WRONLY|unix.O_CLOEXEC, 0); err != nil {
		t.on = -1
		return err
	}
	if t.pipe, err = unix.Open(t.dir+"/trace_pipe", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
		t.pipe = -1
		return err
	}
	t.parser.pids = make(map[string]int)
	return nil
}

// close closes the files, so that the instance can be removed.
func (t *GraphThread) close() {
	for _, fd := range []*int{&t.on, &t.pipe} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}

// Release ends the recording of the thread.
func (t *GraphThread) Release() {
	t.set("0")
	t.graph.free = append(t.graph.free, t)
}

func (t *GraphThread) set(to string) {
	unix.Pwrite(t.on, []byte(to), 0)
}

// Start begins to record what the kernel does for the thread, which is stopped.
func (t *GraphThread) Start() { t.set("1") }

// maxGraph limits how many bytes of a call's functions are read. The kernel's buffer has
// some 1.4 MB for each processor, in a denser form.
const maxGraph = 64 << 20

// readAtOnce is how many bytes are read at once: half of the kernel's own buffer. When the
// kernel fills that buffer, it keeps a line that does not fit for the next read, but it
// loses for good the lines before it that say which thread the processor switches to.
const readAtOnce = 2048

// Stop ends what Start began, and returns the functions that the thread has entered and
// left in between, each followed by those that it called. lost is how many entries and
// returns of functions did not fit into the kernel's buffer.
func (t *GraphThread) Stop() (functions []KernelFunction, lost int) {
	t.set("0")
	t.parser.begin(t.tid)
	if t.buf == nil {
		t.buf = make([]byte, 64<<10)
	}
	rest, total := 0, 0
	for total < maxGraph {
		n, err := unix.Read(t.pipe, t.buf[rest:min(rest+readAtOnce, len(t.buf))])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			break
		}
		total += n
		rest = t.parser.parse(t.buf, rest+n)
	}
	return t.parser.end()
}
