package output

import "time"

// Waiting says why a thread waits, for --why and --hang. It follows the arguments of the
// call in which the thread sleeps, if it is in one (Header.Waiting).
type Waiting struct {
	State string // "running", "asleep", "stopped" ...
	// Time is for how long it has been in that state, or in the call; valid if Timed is set.
	Time  time.Duration
	Timed bool

	For   string  // what it waits for: "data in pipe:[4711]"; empty if not known
	On    []Party // who can end the wait
	All   bool    // all of them have to; otherwise one of them does
	More  bool    // processes that trapline cannot see may end it as well
	Files []WatchedFile
	// Same are the other threads that wait for the same futex.
	Same []Party
	// Last is the process that has last used what it waits for, from the other side, or nil.
	Last *Party

	Tracer *Party   // who traces it, or nil
	Kernel []string // functions of the kernel that it is in, the innermost first
}

// Party is a process or thread that a thread waits for.
type Party struct {
	PID  int // of its process
	TID  int // of the thread, or 0 for any
	Comm string
	Note string // "stopped", "does not exist any more" ...; may be empty
}

// WatchedFile is a descriptor that a call such as poll(2) waits for.
type WatchedFile struct {
	FD     int
	Path   string // as of -y; may be empty
	Events string // "POLLIN|POLLOUT"
	Ready  string // those of them that it is ready for; empty if none
	Known  bool   // Ready is known
	On     []Party
}

// Deadlock is a circle of threads, each of which waits for the next, and the last for the
// first.
type Deadlock struct {
	Circle []Party
}

// String names the party: "4711 (cat)", "thread 4712 of 4711 (cat)".
func (p *Party) String() string {
	var b []byte
	if p.TID != 0 && p.TID != p.PID {
		b = append(AppendNumber(append(b, "thread "...), uint64(p.TID), Signed), " of "...)
	}
	b = AppendNumber(b, uint64(p.PID), Signed)
	if p.Comm != "" {
		b = append(append(append(b, " ("...), printable(p.Comm)...), ')')
	}
	if p.Note != "" {
		b = append(append(b, ", "...), p.Note...)
	}
	return string(b)
}

// printable is a name in which anything but printable ASCII is a question mark.
func printable(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// parties lists several of them, with a word before the last.
func parties(all []Party, word string) string {
	s := ""
	for i := range all {
		switch {
		case i > 0 && i == len(all)-1:
			s += " " + word + " "
		case i > 0:
			s += ", "
		}
		s += all[i].String()
	}
	return s
}

// Lines are the text about it in formats for people, without the state and the kernel's
// functions.
func (w *Waiting) Lines() (lines []string) {
	if w.For != "" {
		line, word := "waits for "+w.For, "or"
		if w.All {
			word = "and"
		}
		if len(w.On) > 0 {
			line += ": " + parties(w.On, word)
		}
		if w.More && len(w.On) > 0 {
			line += ", or one that is not seen"
		}
		lines = append(lines, line)
	}
	for i := range w.Files {
		lines = append(lines, w.Files[i].line())
	}
	if len(w.Same) > 0 {
		lines = append(lines, "others wait for the same: "+parties(w.Same, "and"))
	}
	if w.Last != nil {
		lines = append(lines, "last used by "+w.Last.String())
	}
	if w.Tracer != nil {
		lines = append(lines, "traced by "+w.Tracer.String())
	}
	return lines
}

func (f *WatchedFile) line() string {
	line := string(AppendNumber(nil, uint64(f.FD), Signed))
	if f.Path != "" {
		line += "<" + printable(f.Path) + ">"
	}
	line += " for " + f.Events
	switch {
	case !f.Known:
	case f.Ready != "":
		line += ", ready: " + f.Ready
	default:
		line += ", not ready"
	}
	if len(f.On) > 0 {
		line += ": " + parties(f.On, "or")
	}
	return line
}

// String describes the circle in words.
func (d *Deadlock) String() string {
	s := "deadlock: " + d.Circle[0].String()
	if len(d.Circle) == 1 {
		return s + " waits for itself"
	}
	for i := range d.Circle {
		next := &d.Circle[(i+1)%len(d.Circle)]
		if i > 0 {
			s += ", which"
		}
		s += " waits for " + next.String()
	}
	return s
}
