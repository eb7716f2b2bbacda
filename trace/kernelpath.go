//go:build linux && amd64

package trace

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"trapline/decode/host"
	"trapline/output"
	"trapline/tables"
	"trapline/tracer"
)

// KernelPath selects what calls show of their path through the kernel.
type KernelPath struct {
	Calls *CallSet // that show it; nil for all that are traced
	// Depth is how many levels of functions are shown below the entry from user space;
	// 0 for all.
	Depth int
	// Functions, if not empty, are the names of the functions to show, with the functions
	// that they call and those that lead to them. Names may have the wildcards of
	// path.Match. A name that begins with ! or ^ omits functions, with those that they
	// call.
	Functions []string
}

// ParseKernelFunctions parses a comma-separated list for KernelPath.Functions.
func ParseKernelFunctions(text string) ([]string, error) {
	names := strings.Split(text, ",")
	for _, name := range names {
		pattern := strings.TrimLeft(name, "!^")
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return nil, fmt.Errorf("invalid name of a kernel function: '%s'", name)
		}
	}
	return names, nil
}

// kernelPaths finds the paths of calls through the kernel (Options.KernelPath): with
// function_graph, or else from the stack of a call that sleeps.
type kernelPaths struct {
	options   KernelPath
	calls     CallSet
	graph     *host.FunctionGraph // nil if it cannot be used
	noted     bool                // the user has been warned that graph failed
	stacks    host.KernelStacks
	functions []output.KernelFunction // for the record
	shown     output.KernelPath
}

// kernelPath is what is known of the current call of a tracee.
type kernelPath struct {
	wanted  bool
	thread  *host.GraphThread // nil before the first such call, or if there are too many
	tid     int               // of thread
	busy    bool              // it could not be recorded
	outside []string          // the functions that call the one that serves the call, outermost first
	sampler *stackSampler     // without function_graph
}

// newKernelPaths returns nil if neither function_graph nor stacks can be used.
func (s *Session) newKernelPaths() *kernelPaths {
	k := &kernelPaths{options: *s.o.KernelPath, calls: s.o.KernelPath.Calls.orAll()}
	k.calls.addUnknown()
	var err error
	if k.graph, err = host.OpenFunctionGraph(); err == nil {
		return k
	}
	if missing := host.CheckKernelStacks(); missing != nil {
		s.say("--kernel-path has no effect: %v, and %v", err, missing)
		return nil
	}
	s.say("--kernel-path shows only where calls sleep: %v", err)
	return k
}

func (k *kernelPaths) close() {
	if k.graph != nil {
		k.graph.Close()
	}
}

// enterKernel prepares, at the very end of the syscall-enter-stop, to record the path of a
// call.
func (s *Session) enterKernel(t *tracee, ev *tracer.Event) {
	k, p := s.kernel, &t.kernel
	if p.wanted = t.shown && k.calls.chooses(ev.Call, s.inner); !p.wanted {
		return
	}
	tid := ev.Tracee.TID
	p.outside = outside(p.outside[:0], k.stacks.Of(tid))
	if k.graph == nil {
		p.sampler = sampleStack(tid)
		return
	}
	p.busy = false
	if p.thread == nil || p.tid != tid { // an execve may have changed the id
		s.leaveKernel(t)
		thread, err := k.graph.Thread(tid)
		if err != nil {
			p.busy = true
			if !errors.Is(err, host.ErrGraphBusy) && !k.noted {
				k.noted = true
				s.say("--kernel-path: %v", err)
			}
			return
		}
		p.thread, p.tid = thread, tid
	}
	p.thread.Start()
}

// exitKernel returns the path of a call that has returned, or nil. It must be the first
// thing done at the syscall-exit-stop.
func (s *Session) exitKernel(t *tracee) *output.KernelPath {
	k, p := s.kernel, &t.kernel
	if !p.wanted {
		return nil
	}
	p.wanted = false
	k.shown = output.KernelPath{}
	k.functions = k.functions[:0]
	switch {
	case p.busy:
		k.shown.Note = "not recorded: too many threads use function_graph at the same time"
	case k.graph == nil:
		k.asleep(t)
	default:
		k.ran(t)
	}
	k.shown.Functions = k.functions
	return &k.shown
}

// leaveKernel is called when a tracee has ended or was detached.
func (s *Session) leaveKernel(t *tracee) {
	p := &t.kernel
	if p.thread != nil {
		p.thread.Release()
		p.thread = nil
	}
	if p.sampler != nil {
		p.sampler.stop()
		p.sampler = nil
	}
}

// ran adds the functions that function_graph has recorded.
func (k *kernelPaths) ran(t *tracee) {
	all, lost := t.kernel.thread.Stop()
	for _, name := range t.kernel.outside {
		k.add(host.KernelFunction{Name: name, Depth: len(k.functions), Duration: -1})
	}
	depth := len(k.functions)
	first, end := serving(all, tables.EntryPoint(t.call.ABI, t.call.NR))
	for _, f := range k.options.choose(all[first:end]) {
		f.Depth += depth
		k.add(f)
	}
	if lost > 0 {
		k.shown.Note = fmt.Sprintf("incomplete: %d entries and returns of functions were lost, because the kernel's buffer was full", lost)
	}
}

func (k *kernelPaths) add(f host.KernelFunction) {
	k.functions = append(k.functions, output.KernelFunction(f))
}

// asleep adds the functions in which the call was last seen asleep.
func (k *kernelPaths) asleep(t *tracee) {
	stack := t.kernel.sampler.stop()
	t.kernel.sampler = nil
	if stack == nil {
		return
	}
	slices.Reverse(stack)
	functions := make([]host.KernelFunction, 0, len(stack))
	for i, name := range stack {
		functions = append(functions, host.KernelFunction{Name: name, Depth: i, Duration: -1})
	}
	n := 0
	for n < min(len(stack), len(t.kernel.outside)) && stack[n] == t.kernel.outside[n] {
		n++
	}
	for _, f := range functions[:n] {
		k.add(f)
	}
	for _, f := range k.options.choose(functions[n:]) {
		k.add(f)
	}
	k.shown.Asleep = len(k.functions) > 0 && k.functions[len(k.functions)-1].Name == stack[len(stack)-1]
}

// outside returns the functions between user space and the one that serves a call,
// outermost first. It takes them from the stack of a tracee in its syscall-enter-stop:
// they are the callers of the functions that stop a tracee there.
func outside(list, stack []string) []string {
	n := len(stack)
	for n > 0 && !stops(stack[n-1]) {
		n--
	}
	if n == 0 {
		return list // not in such a stop
	}
	list = append(list, stack[n:]...)
	slices.Reverse(list)
	return list
}

// stops reports whether a function leads to a syscall-enter-stop.
func stops(name string) bool {
	for _, prefix := range []string{"ptrace_", "syscall_trace_enter", "syscall_enter_from_user_mode", "__seccomp_filter", "__secure_computing"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// serving returns the range of the function that serves the call, or leads to it, with
// everything that it calls. Before it, the thread runs functions at the end of its stop.
func serving(all []host.KernelFunction, entry string) (first, end int) {
	at := slices.IndexFunc(all, func(f host.KernelFunction) bool { return f.Name == entry })
	if at < 0 {
		at = slices.IndexFunc(all, func(f host.KernelFunction) bool {
			return strings.HasPrefix(f.Name, "__x64_sys_") || strings.HasPrefix(f.Name, "__ia32_") ||
				strings.HasSuffix(f.Name, "_sys_call")
		})
	}
	if at < 0 {
		return 0, 0
	}
	for at > 0 && all[at].Depth > 0 {
		at--
	}
	end = at + 1
	for end < len(all) && all[end].Depth > 0 {
		end++
	}
	return at, end
}

// choose returns the functions to show, with their new depths.
func (o *KernelPath) choose(all []host.KernelFunction) []host.KernelFunction {
	picks := slices.ContainsFunc(o.Functions, func(name string) bool { return !omits(name) })
	keep := make([]bool, len(all))
	var callers []int // of the current function
	omitted, picked := -1, -1
	for i, f := range all {
		callers = callers[:min(len(callers), f.Depth)]
		if omitted >= 0 && f.Depth > omitted {
			continue
		}
		omitted = -1
		if picked >= 0 && f.Depth <= picked {
			picked = -1
		}
		switch {
		case o.matches(f.Name, true):
			omitted = f.Depth
			continue
		case !picks || picked >= 0:
			keep[i] = true
		case o.matches(f.Name, false):
			picked = f.Depth
			keep[i] = true
			for _, c := range callers {
				keep[c] = true
			}
		}
		callers = append(callers, i)
	}
	var chosen []host.KernelFunction
	for i, f := range all {
		if keep[i] && (o.Depth == 0 || f.Depth < o.Depth) {
			chosen = append(chosen, f)
		}
	}
	return chosen
}

// omits reports whether a member of Functions names functions to omit.
func omits(name string) bool { return strings.HasPrefix(name, "!") || strings.HasPrefix(name, "^") }

// matches reports whether a function is to be omitted (with omit) or shown (without).
func (o *KernelPath) matches(function string, omit bool) bool {
	for _, name := range o.Functions {
		if omits(name) != omit {
			continue
		}
		if ok, _ := path.Match(strings.TrimLeft(name, "!^"), function); ok {
			return true
		}
	}
	return false
}

// stackSampler checks from time to time whether a thread sleeps in its call, and where.
type stackSampler struct {
	end  chan bool
	done sync.WaitGroup
	last []string // the stack when it was last asleep, or nil
}

// The intervals between samples grow.
const (
	firstSample = 500 * time.Microsecond
	lastSample  = 250 * time.Millisecond
)

func sampleStack(tid int) *stackSampler {
	s := &stackSampler{end: make(chan bool)}
	s.done.Go(func() {
		var stacks host.KernelStacks
		for wait := firstSample; ; wait = min(2*wait, lastSample) {
			select {
			case <-s.end:
				return
			case <-time.After(wait):
			}
			if stack := stacks.Asleep(tid); stack != nil {
				s.last = stack
			}
		}
	})
	return s
}

func (s *stackSampler) stop() []string {
	close(s.end)
	s.done.Wait()
	return s.last
}
