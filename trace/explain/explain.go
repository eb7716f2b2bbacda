//go:build linux && amd64

// Package explain finds out why system calls fail.
//
// At the syscall-exit-stop of a failed call an Explainer decodes the call's arguments once
// more, and keeps those that may be the reason: paths, descriptors and pointers (Uses).
// Then it examines the machine for a fact that explains the error. A fact is a reason only
// if it is certain and must lead to just this error. The files of this package have the
// reasons, by subject.
package explain

import (
	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
)

// Explainer explains failed calls. It is not for concurrent use.
type Explainer struct {
	Uses
	host *host.Local
}

// New returns an Explainer that examines a machine. It has to be the machine on which the
// calls were made.
func New(machine *host.Local) *Explainer {
	e := &Explainer{host: machine}
	e.init(machine)
	return e
}

// Reason says why a call has failed, in a clause without a full stop. It is empty if the
// reason is not certain. The tracee must be in the syscall-exit-stop of the call.
func (e *Explainer) Reason(d *decode.Call) string {
	e.Look(d)
	if e.process == 0 {
		return ""
	}
	if errno := unix.Errno(d.Errno); errno == unix.ENOSYS || errno == unix.EPERM || errno == unix.EACCES {
		if reason := e.filtered(d); reason != "" {
			return reason
		}
	}
	switch unix.Errno(d.Errno) {
	case unix.ENOENT:
		return e.missing()
	case unix.ENOTDIR:
		return e.notDirectory()
	case unix.ELOOP:
		return e.links()
	case unix.EACCES:
		return e.refused()
	case unix.EPERM:
		return e.notPermitted(d)
	case unix.EROFS:
		return e.readOnly()
	case unix.ETXTBSY:
		return e.running()
	case unix.ENOEXEC:
		return e.noProgram()
	case unix.EXDEV:
		return e.otherMount()
	case unix.ENOSPC:
		return e.full()
	case unix.EMFILE:
		return e.noDescriptor()
	case unix.EFAULT:
		return e.badAddress()
	case unix.ENFILE:
		return e.noFile()
	case unix.EDQUOT:
		return e.overQuota()
	case unix.ECONNREFUSED:
		return e.refusedConnection(d)
	case unix.EADDRINUSE:
		return e.addressInUse(d)
	case unix.EAGAIN:
		return e.locked(d)
	case unix.EBUSY:
		return e.busy(d)
	case unix.EINVAL:
		return e.badArgument(d)
	}
	return ""
}

// walk looks a path up. If checked is set, it also checks whether the process may search
// the directories on the way.
func (e *Explainer) walk(p *usedPath, checked bool) host.Walk {
	var may func(*host.File) host.Answer
	if checked {
		c, ok := e.host.Credentials(e.process, p.use&decode.NamesForReal != 0)
		if !ok {
			return host.Walk{}
		}
		may = func(f *host.File) host.Answer { return c.May(f, host.Execute) }
	}
	return e.host.Walk(e.process, p.dir, p.name, p.use&decode.NamesLink != 0, may)
}
