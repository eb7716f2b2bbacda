//go:build linux && amd64

package explain

import (
	"fmt"

	"trapline/decode"
	"trapline/decode/host"
)

// Reasons why something is in use: EBUSY.

// busy explains EBUSY of calls that remove or replace a name, or unmount.
func (e *Explainer) busy(d *decode.Call) string {
	switch d.Sig.Name {
	case "umount", "umount2":
		return e.mountInUse()
	}
	for p := range e.searched {
		if p.use&decode.NamesEntry == 0 || p.use&decode.NamesNew != 0 {
			continue
		}
		w := e.walk(p, false)
		parent, ok := e.parent(p)
		if !ok || w.Obstacle != host.Found || w.File.Mount == parent.File.Mount {
			continue
		}
		if m, ok := e.host.Mount(e.process, w.File.Mount); ok && m.Point == w.Name {
			return fmt.Sprintf("%s is a mount point (%s)", quoted(w.Name), quoted(m.Kind))
		}
	}
	return ""
}

// mountInUse explains EBUSY of umount: by a mount below, or by a process that uses the
// mount.
func (e *Explainer) mountInUse() string {
	p := e.only()
	if p == nil {
		return ""
	}
	w := e.walk(p, false)
	if w.Obstacle != host.Found || w.File.Mount == 0 {
		return ""
	}
	if m, ok := e.host.MountBelow(e.process, w.File.Mount); ok {
		return fmt.Sprintf("%s (%s) is mounted below it", quoted(m.Point), quoted(m.Kind))
	}
	use, ok := e.host.MountUser(w.File.Mount)
	if !ok {
		return ""
	}
	if use.FD >= 0 {
		return fmt.Sprintf("process %s has %s open", e.processName(use.Process), quoted(use.Name))
	}
	return fmt.Sprintf("%s is %s of process %s", quoted(use.Name), use.As, e.processName(use.Process))
}
