//go:build linux && amd64

package trace

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	"trapline/trace/why"
	"trapline/tracer/unwind"
)

// Why writes to Options.Output what the threads of a process wait for, and on whom. It
// does the same for the processes that these wait for, and names deadlocks. It does not
// attach to any process. The error is ESRCH if the process does not exist.
//
// It uses only the Options that say how calls look, and Stacks.
func Why(pid int, o Options) error {
	s, err := newSession(o)
	if err != nil {
		return err
	}
	if err := s.openLog(); err != nil {
		return err
	}
	machine := s.newHost()
	defer machine.Close()
	err = s.askWhy(machine, []int{machine.Process(pid)}, nil)
	if closing := s.closeLog(); err == nil {
		err = closing
	}
	return err
}

// askWhy adds to the log what some processes wait for. Their ids are from the pid
// namespace of machine. The error is ESRCH if none of the processes exists.
func (s *Session) askWhy(machine *host.Local, processes []int, since func(tid int) (time.Duration, bool)) error {
	options := why.Options{Decode: s.o.decoderOptions(), Since: since, Own: machine.Process(unix.Getpid())}
	options.Decode.FDs = AllFDs
	if s.o.Stacks != NoStacks {
		options.Stacks = unwind.New(unwind.Options{Limit: s.o.StackLimit, Source: s.o.Stacks == SourceStacks})
	}
	if since != nil {
		options.Self = machine.Process(unix.Gettid())
	}
	q := why.New(machine, options)
	if !q.Ask(processes...) {
		return unix.ESRCH
	}
	looks := s.log.Looks()
	looks.PID = PIDColumn
	q.Write(&looks, func(b []byte) { s.log.Write(b) }, time.Now())
	return nil
}

// watchHangs looks for threads that have been in a call for as long as Options.Hang, until
// stopped.
func (s *Session) watchHangs(machine *host.Local) (stop func()) {
	if s.o.Hang <= 0 || s.log == nil || s.tracer == nil {
		return func() {}
	}
	const parts = 4 // a hanging thread is found at most Hang/parts later
	ticker, done := time.NewTicker(max(s.o.Hang/parts, time.Millisecond)), make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				s.tracer.Do(func() { s.findHangs(machine) })
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}

// timesCalls reports whether the start of calls is to be remembered.
func (s *Session) timesCalls() bool { return s.o.Hang > 0 || s.o.Waits }

// beginnings returns the tracees that are in a call, by the ids of their threads on this machine.
func (s *Session) beginnings(machine *host.Local) map[int]*tracee {
	entered := make(map[int]*tracee)
	for tr := range s.tracer.Tracees {
		if t, ok := tr.Data.(*tracee); ok && !t.since.IsZero() {
			entered[machine.Process(tr.TID)] = t
		}
	}
	return entered
}

// since returns a function that says for how long a thread has been in its call.
func since(entered map[int]*tracee, now time.Time) func(tid int) (time.Duration, bool) {
	return func(tid int) (time.Duration, bool) {
		if t := entered[tid]; t != nil {
			return now.Sub(t.since), true
		}
		return 0, false
	}
}

// findHangs looks for processes with a thread that has been in a call for too long, and
// writes what they wait for. It reports each call once.
func (s *Session) findHangs(machine *host.Local) {
	now := time.Now()
	entered := s.beginnings(machine)
	var hang []int
	for process, t := range entered {
		if now.Sub(t.since) >= s.o.Hang && !t.hangs {
			t.hangs = true
			hang = append(hang, process)
		}
	}
	hang = slices.DeleteFunc(hang, func(process int) bool {
		task, ok := machine.Task(process)
		if ok && task.State == 't' { // at a stop that this Session has yet to handle
			entered[process].hangs = false
			return true
		}
		return !ok
	})
	if len(hang) > 0 {
		slices.Sort(hang)
		s.askWhy(machine, hang, since(entered, now))
	}
}

// WriteWaits writes what the threads of all tracees wait for, and on whom: see Why. It may
// be called from any goroutine during Run, if Options.Waits is set.
func (s *Session) WriteWaits() {
	if s.tracer == nil || s.log == nil || !s.o.Waits {
		return
	}
	s.tracer.Do(func() {
		machine := s.newHost()
		defer machine.Close()
		var processes []int
		for tr := range s.tracer.Tracees {
			if task, ok := machine.Task(machine.Process(tr.TID)); ok && !slices.Contains(processes, task.TGID) {
				processes = append(processes, task.TGID)
			}
		}
		slices.Sort(processes)
		s.askWhy(machine, processes, since(s.beginnings(machine), time.Now()))
	})
}
