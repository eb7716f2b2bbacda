//go:build linux && amd64

package report

import (
	"maps"
	"strings"

	"trapline/trace"
)

// A program that was started on a terminal writes to that; one that was started by a
// script writes to a log. Users who compare two runs know where they started them. So the
// standard streams at the beginning of a trace count as the same on both sides, whatever
// they are, as long as nothing in the trace redirects them.

// stream replaces the name of such a file.
const stream = "<standard stream>"

// streams are the descriptors of a process that are standard streams from outside of the
// trace.
type streams map[int]bool

// streamsOf returns the streams of a process, which inherits those of its creator.
func (s *side) streamsOf(p *process) streams {
	of := s.streams[p]
	switch {
	case of != nil:
		return of
	case p.parent != nil:
		of = maps.Clone(s.streamsOf(p.parent))
	default:
		of = streams{0: true, 1: true, 2: true}
	}
	s.streams[p] = of
	return of
}

// opens notes, at the exit of a call, the descriptors that the call has made.
func (f streams) opens(c *trace.Call) {
	if c.Errno != 0 {
		return
	}
	copied := false
	switch c.Name {
	case "dup", "dup2", "dup3", "fcntl", "fcntl64":
		copied = f.in(c) != ""
	}
	for i := range c.Files {
		if u := &c.Files[i]; u.FD >= 0 && u.Use&trace.UseNewFD != 0 {
			f.set(u.FD, copied)
		}
	}
}

// closes notes the descriptors that a call has closed without replacing them.
func (f streams) closes(c *trace.Call) {
	for i := range c.Files {
		if u := &c.Files[i]; u.FD >= 0 && u.Use&trace.UseClosedFD != 0 && u.Use&trace.UseNewFD == 0 {
			delete(f, u.FD)
		}
	}
	first, last, flags := c.Arg("first"), c.Arg("last"), c.Arg("flags")
	if c.Name == "close_range" && c.Errno == 0 && !flags.Has("CLOSE_RANGE_CLOEXEC") {
		maps.DeleteFunc(f, func(fd int, _ bool) bool { return uint64(fd) >= first.Num && uint64(fd) <= last.Num })
	}
}

func (f streams) set(fd int, is bool) {
	if is {
		f[fd] = true
	} else {
		delete(f, fd)
	}
}

// terminalDevice is the name by which a program opens its controlling terminal, if it has
// one.
const terminalDevice = "/dev/tty"

// onTerminalDevice reports whether a call is about terminalDevice.
func onTerminalDevice(c *trace.Call) bool {
	for i := range c.Files {
		if c.Files[i].Path == terminalDevice {
			return true
		}
	}
	return false
}

// isTerminal reports whether path is the name of a terminal.
func isTerminal(path string) bool {
	return strings.HasPrefix(path, "/dev/pts/") || strings.HasPrefix(path, "/dev/tty") || path == "/dev/console"
}

// in returns the name of the stream that a call is about, or "".
func (f streams) in(c *trace.Call) string {
	for i := range c.Files {
		if u := &c.Files[i]; u.FD >= 0 && u.Use&trace.UseNewFD == 0 && f[u.FD] {
			return u.Path
		}
	}
	return ""
}

// onlyAsked reports whether a call only asks about a standard stream, for example for its
// file type.
func (f streams) onlyAsked(c *trace.Call) bool {
	for i := range c.Files {
		if c.Files[i].Use&^trace.UseDir != 0 {
			return false
		}
	}
	return f.in(c) != ""
}
