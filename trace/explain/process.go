//go:build linux && amd64

package explain

import "fmt"

// Reasons that lie in the process itself: EMFILE, EFAULT.

// noDescriptor explains EMFILE. Other limits, such as that of inotify instances, also give
// this error, but then there are descriptors left.
func (e *Explainer) noDescriptor() string {
	limit, ok := e.host.Limit(e.process, "Max open files")
	if !ok {
		return ""
	}
	if used, ok := e.host.OpenDescriptors(e.process, limit); !ok || used < limit {
		return ""
	}
	return fmt.Sprintf("all %d descriptors that RLIMIT_NOFILE allows are open", limit)
}

// noFile explains ENFILE: the limit of open files of the whole machine. Other limits also
// give this error, but then there are files left.
func (e *Explainer) noFile() string {
	used, limit, ok := e.host.OpenFiles()
	if !ok || used < limit {
		return ""
	}
	return fmt.Sprintf("all %d files that fs.file-max allows are open", limit)
}

// badAddress explains EFAULT by an argument that points to memory which does not exist, or
// which the call may not use in this way. It does so only if there is exactly one such
// argument. An argument that is shown as an address is one that the kernel could not read,
// or was to write to.
func (e *Explainer) badAddress() string {
	reason, found := "", 0
	nulls := ""
	for _, p := range e.pointers {
		if p.addr == 0 {
			nulls = p.arg
			continue
		}
		rights, known := e.host.MappedAt(e.process, p.addr)
		switch {
		case !known:
			return ""
		case rights == "":
			reason = fmt.Sprintf("%s points to %#x, where nothing is mapped", p.arg, p.addr)
			found++
		case len(rights) >= 2 && rights[:2] != "rw":
			reason = fmt.Sprintf("%s points to %#x, which is mapped %s", p.arg, p.addr, rights)
			found++
		}
	}
	switch {
	case found == 1:
		return reason
	case found == 0 && len(e.pointers) == 1 && nulls != "":
		return nulls + " is NULL"
	}
	return ""
}
