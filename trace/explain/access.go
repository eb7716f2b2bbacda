//go:build linux && amd64

package explain

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
)

// Reasons that lie in rights to files: EACCES, EPERM.

const atCWD = unix.AT_FDCWD

// refused explains EACCES.
func (e *Explainer) refused() string {
	for p := range e.searched {
		c, ok := e.host.Credentials(e.process, p.use&decode.NamesForReal != 0)
		if !ok {
			return ""
		}
		w := e.walk(p, true)
		switch w.Obstacle {
		case host.NotSearched:
			return e.mayNot(&c, "search", w.Name, &w.File)
		case host.Missing:
			if w.Last && p.use&decode.NamesNew != 0 && c.May(&w.File, host.Write|host.Execute) == host.No {
				return e.mayNot(&c, "write to", parentOf(w.Name), &w.File)
			}
		case host.Found:
			if reason := e.refusedFile(p, &c, &w); reason != "" {
				return reason
			}
		}
	}
	return ""
}

// refusedFile explains EACCES for the file at the end of a path.
func (e *Explainer) refusedFile(p *usedPath, c *host.Credentials, w *host.Walk) string {
	if p.use&decode.NamesEntry != 0 {
		parent, ok := e.parent(p)
		if ok && c.May(&parent.File, host.Write|host.Execute) == host.No {
			return e.mayNot(c, "write to", parent.Name, &parent.File)
		}
		return ""
	}
	f := &w.File
	mount, mounted := e.host.Mount(e.process, f.Mount)
	if p.use&decode.NamesRun != 0 && p.use&decode.NamesForReal == 0 {
		switch {
		case !f.IsRegular():
			return fmt.Sprintf("%s is %s, not a program", quoted(w.Name), typeName(f))
		case mounted && mount.NoExec:
			return fmt.Sprintf("%s is on %s, which is mounted noexec", quoted(w.Name), quoted(mount.Point))
		}
	}
	if f.IsDevice() && mounted && mount.NoDev && p.use&(decode.NamesRead|decode.NamesWritten) != 0 && p.use&decode.NamesForReal == 0 {
		return fmt.Sprintf("%s is a device on %s, which is mounted nodev", quoted(w.Name), quoted(mount.Point))
	}
	for _, right := range []struct {
		use  decode.Naming
		what uint32
		verb string
	}{
		{decode.NamesRun, host.Execute, "execute"},
		{decode.NamesEntered, host.Execute, "search"},
		{decode.NamesRead, host.Read, "read"},
		{decode.NamesWritten, host.Write, "write to"},
	} {
		if p.use&right.use != 0 && c.May(f, right.what) == host.No {
			return e.mayNot(c, right.verb, w.Name, f)
		}
	}
	return ""
}

// mayNot reports whether the process may not do something with a file, and why.
func (e *Explainer) mayNot(c *host.Credentials, verb, name string, f *host.File) string {
	return fmt.Sprintf("uid %d, gid %d may not %s %s (%s)", c.UID, c.GID, verb, quoted(name), owned(f))
}

// parent looks up the directory that contains the last part of a path.
func (e *Explainer) parent(p *usedPath) (host.Walk, bool) {
	name := strings.TrimRight(p.name, "/")
	i := strings.LastIndexByte(name, '/')
	dir := usedPath{dir: p.dir, name: "."}
	switch {
	case i == 0:
		dir.name = "/"
	case i > 0:
		dir.name = name[:i+1]
	}
	if last := name[i+1:]; last == "." || last == ".." || last == "" {
		return host.Walk{}, false
	}
	w := e.walk(&dir, false)
	return w, w.Obstacle == host.Found && w.File.IsDir()
}

// parentOf is the name of the directory of a file.
func parentOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		return name[:i]
	}
	return "/"
}

// notPermitted explains EPERM.
func (e *Explainer) notPermitted(d *decode.Call) string {
	switch d.Sig.Name {
	case "kill", "tkill", "tgkill":
		return e.mayNotSignal(d)
	}
	if reason := e.lacksCapability(d); reason != "" {
		return reason
	}
	for p := range e.searched {
		if reason := e.immutable(p); reason != "" {
			return reason
		}
	}
	if strings.HasPrefix(d.Sig.Name, "chmod") || strings.HasPrefix(d.Sig.Name, "fchmodat") {
		return e.notOwner()
	}
	for p := range e.searched {
		if p.use&decode.NamesEntry == 0 || p.use&decode.NamesNew != 0 {
			continue
		}
		c, ok := e.host.Credentials(e.process, false)
		if !ok || c.Foreign {
			return ""
		}
		w := e.walk(p, true)
		parent, ok := e.parent(p)
		if w.Obstacle != host.Found || !ok {
			continue
		}
		dir := &parent.File
		if dir.Local && dir.Mode&unix.S_ISVTX != 0 && c.UID != w.File.UID && c.UID != dir.UID && !c.Owner {
			return fmt.Sprintf("%s is sticky (%s), and %s belongs to uid %d, not to uid %d",
				quoted(parent.Name), owned(dir), quoted(w.Name), w.File.UID, c.UID)
		}
	}
	return ""
}

// immutable explains EPERM by the attributes of a file that is to be changed, or of the
// directory that contains the entry (chattr(1)).
func (e *Explainer) immutable(p *usedPath) string {
	w := e.walk(p, false)
	if w.Obstacle == host.Found && w.File.Immutable && p.use&(decode.NamesWritten|decode.NamesEntry) != 0 {
		return quoted(w.Name) + " is immutable (chattr +i)"
	}
	if p.use&(decode.NamesEntry|decode.NamesNew) == 0 || w.Obstacle != host.Found && w.Obstacle != host.Missing {
		return ""
	}
	if parent, ok := e.parent(p); ok && parent.File.Immutable && (p.use&decode.NamesEntry != 0 || w.Obstacle == host.Missing) {
		return quoted(parent.Name) + " is immutable (chattr +i)"
	}
	return ""
}

// notOwner explains EPERM of chmod.
func (e *Explainer) notOwner() string {
	p := e.only()
	c, ok := e.host.Credentials(e.process, false)
	if p == nil || !ok || c.Foreign || c.Owner {
		return ""
	}
	w := e.walk(p, false)
	if w.Obstacle != host.Found || !w.File.Local || w.File.UID == c.UID {
		return ""
	}
	return fmt.Sprintf("%s belongs to uid %d, not to uid %d, which lacks CAP_FOWNER", quoted(w.Name), w.File.UID, c.UID)
}

// capabilityOf returns the capability without which a call always fails with EPERM
// (capabilities(7)).
func capabilityOf(name string) (bit uint, symbol string) {
	switch name {
	case "mount", "umount2", "pivot_root", "sethostname", "setdomainname", "swapon", "swapoff":
		return 21, "CAP_SYS_ADMIN"
	case "chroot":
		return 18, "CAP_SYS_CHROOT"
	case "settimeofday", "clock_settime":
		return 25, "CAP_SYS_TIME"
	case "init_module", "finit_module", "delete_module":
		return 16, "CAP_SYS_MODULE"
	case "reboot":
		return 22, "CAP_SYS_BOOT"
	case "vhangup":
		return 26, "CAP_SYS_TTY_CONFIG"
	}
	return 0, ""
}

// lacksCapability explains EPERM of calls that need a capability.
func (e *Explainer) lacksCapability(d *decode.Call) string {
	bit, symbol := capabilityOf(d.Sig.Name)
	c, ok := e.host.Credentials(e.process, false)
	if symbol == "" || !ok || c.Foreign || c.Effective>>bit&1 != 0 {
		return ""
	}
	return fmt.Sprintf("the process (uid %d) lacks %s", c.UID, symbol)
}

// mayNotSignal explains EPERM of kill: the sender's real or effective user must be the
// real or saved user of the process (kill(2)).
func (e *Explainer) mayNotSignal(d *decode.Call) string {
	const kill = 5 // CAP_KILL
	id, kind := int(int32(d.Args[0])), host.ThreadGroup
	switch d.Sig.Name {
	case "tkill":
		kind = host.Thread
	case "tgkill":
		id, kind = int(int32(d.Args[1])), host.Thread
	}
	if id <= 0 {
		return ""
	}
	_, target := e.host.Find(e.process, id, kind)
	c, ok := e.host.Credentials(e.process, false)
	from, ok1 := e.host.UserIDs(e.process)
	to, ok2 := e.host.UserIDs(target)
	if target == 0 || !ok || !ok1 || !ok2 || c.Foreign || c.Effective>>kill&1 != 0 {
		return ""
	}
	const real, effective, saved = 0, 1, 2
	for _, own := range [...]uint32{from[real], from[effective]} {
		if own == to[real] || own == to[saved] {
			return ""
		}
	}
	return fmt.Sprintf("process %s belongs to uid %d, not to uid %d, which lacks CAP_KILL", e.processName(target), to[real], from[effective])
}
