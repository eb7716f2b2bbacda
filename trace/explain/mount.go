//go:build linux && amd64

package explain

import (
	"fmt"

	"trapline/decode"
	"trapline/decode/host"
)

// Reasons that lie in file systems and programs: EROFS, EXDEV, ENOSPC, ETXTBSY,
// ENOEXEC.

// readOnly explains EROFS.
func (e *Explainer) readOnly() string {
	for p := range e.searched {
		w := e.walk(p, false)
		if w.Obstacle != host.Found && w.Obstacle != host.Missing {
			continue
		}
		if m, ok := e.host.Mount(e.process, w.File.Mount); ok && m.ReadOnly {
			return fmt.Sprintf("%s (%s) is mounted read-only", quoted(m.Point), quoted(m.Kind))
		}
	}
	return ""
}

// otherMount explains EXDEV of link and rename.
func (e *Explainer) otherMount() string {
	if len(e.paths) != 2 {
		return ""
	}
	var on [2]host.Mount
	var ids [2]uint64
	for i := range e.paths {
		p := &e.paths[i]
		if p.name == "" || p.use&decode.NamesByRules != 0 {
			return ""
		}
		w, ok := e.parent(p)
		if i == 0 && p.use&decode.NamesEntry == 0 { // the file that link finds; its directory does not count
			w = e.walk(p, false)
			ok = w.Obstacle == host.Found
		}
		if !ok {
			return ""
		}
		ids[i] = w.File.Mount
		if on[i], ok = e.host.Mount(e.process, w.File.Mount); !ok {
			return ""
		}
	}
	if ids[0] == ids[1] {
		return ""
	}
	return fmt.Sprintf("%s is on %s (%s), %s on %s (%s)", quoted(e.paths[0].name), quoted(on[0].Point), quoted(on[0].Kind),
		quoted(e.paths[1].name), quoted(on[1].Point), quoted(on[1].Kind))
}

// full explains ENOSPC.
func (e *Explainer) full() string {
	for p := range e.searched {
		if p.use&decode.NamesEntry != 0 || p.use&decode.NamesNew != 0 {
			if parent, ok := e.parent(p); ok {
				if reason := e.noRoom(atCWD, parent.Name); reason != "" {
					return reason
				}
			}
		}
	}
	for _, fd := range e.fds {
		if reason := e.noRoom(fd, ""); reason != "" {
			return reason
		}
	}
	return ""
}

// noRoom reports whether a file system is full: that of a directory, or of a descriptor.
func (e *Explainer) noRoom(fd int, dir string) string {
	r, m, ok := e.host.Room(e.process, fd, dir)
	switch {
	case !ok || r.Size == 0:
	case r.Available == 0 && r.Free == 0:
		return fmt.Sprintf("%s (%s) is full: none of %d bytes is free", quoted(m.Point), quoted(m.Kind), r.Size)
	case r.Available == 0 && e.isOrdinary():
		return fmt.Sprintf("%s (%s) is full: %d of %d bytes are free, but reserved for root", quoted(m.Point), quoted(m.Kind), r.Free, r.Size)
	case r.AllFiles > 0 && r.Files == 0 && dir != "":
		return fmt.Sprintf("%s (%s) is full: it has room for %d files, and all are there", quoted(m.Point), quoted(m.Kind), r.AllFiles)
	}
	return ""
}

// isOrdinary reports whether the process may not use the blocks that are reserved for
// root.
func (e *Explainer) isOrdinary() bool {
	const resource = 24 // CAP_SYS_RESOURCE
	c, ok := e.host.Credentials(e.process, false)
	return ok && !c.Foreign && c.UID != 0 && c.Effective>>resource&1 == 0
}

// overQuota explains EDQUOT by a quota that has been reached: that of the file's owner or
// group or, for a new file, of the process's user or group.
func (e *Explainer) overQuota() string {
	c, ok := e.host.Credentials(e.process, false)
	if !ok || c.Foreign {
		return ""
	}
	full := func(fd int, dir string) string {
		q, m, ok := e.host.Quota(e.process, fd, dir, c.UID, c.GID)
		if !ok {
			return ""
		}
		return fmt.Sprintf("%s %d may have %d %s on %s (%s), and has %d", q.Of, q.ID, q.Limit, q.What, quoted(m.Point), quoted(m.Kind), q.Used)
	}
	for p := range e.searched {
		if parent, ok := e.parent(p); ok && p.use&(decode.NamesNew|decode.NamesEntry) != 0 {
			if reason := full(atCWD, parent.Name); reason != "" {
				return reason
			}
		}
	}
	for _, fd := range e.fds {
		if reason := full(fd, ""); reason != "" {
			return reason
		}
	}
	return ""
}

// running explains ETXTBSY of a call that writes to a program.
func (e *Explainer) running() string {
	p := e.only()
	if p == nil {
		return ""
	}
	w := e.walk(p, false)
	if w.Obstacle != host.Found {
		return ""
	}
	if p.use&decode.NamesRun != 0 {
		if pid, ok := e.host.Writer(&w.File); ok {
			return fmt.Sprintf("%s is open for writing in process %s", quoted(w.Name), e.processName(pid))
		}
		return ""
	}
	if pid, ok := e.host.Runner(&w.File); ok {
		return fmt.Sprintf("%s is the program of process %s", quoted(w.Name), e.processName(pid))
	}
	return ""
}

// processName is a process's number, and the name of its program.
func (e *Explainer) processName(pid int) string {
	name, ok := e.host.Command(make([]byte, 64), pid)
	if !ok || len(name) == 0 {
		return fmt.Sprint(pid)
	}
	return fmt.Sprintf("%d (%s)", pid, quoted(string(name)))
}

// noProgram explains ENOEXEC.
func (e *Explainer) noProgram() string {
	p := e.only()
	if p == nil || p.use&decode.NamesRun == 0 {
		return ""
	}
	w := e.walk(p, false)
	if w.Obstacle != host.Found {
		return ""
	}
	program, ok := e.host.Program(e.process, p.dir, p.name)
	if !ok {
		return ""
	}
	switch {
	case program.Kind == host.ProgramEmpty:
		return quoted(w.Name) + " is empty"
	case program.Kind == host.ProgramOther:
		return quoted(w.Name) + " is neither an ELF program nor a script that begins with #!"
	case program.Kind == host.ProgramELF && !program.Native:
		return fmt.Sprintf("%s is a program for another machine, %s", quoted(w.Name), program.Machine)
	}
	return ""
}
