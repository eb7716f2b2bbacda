//go:build linux && amd64

package trace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
)

// explainer finds out why calls fail (Options.Explain). At the syscall-exit-stop of a
// failed call it decodes the arguments again and keeps those that may be the reason. Then
// it examines the machine for a fact that explains the error. A fact is a reason only if
// it is certain and must lead to just this error. The reasons are in the files
// explain_*.go, by subject.
type explainer struct {
	output.Discard
	host    *host.Local
	call    decode.Call
	process int

	paths    []usedPath
	fds      []int // except those that the call only reads from
	pointers []pointer
	arg      string // name of the argument being shown
	field    string // and of the member of a struct
}

// usedPath is a path that the call passes.
type usedPath struct {
	dir  int
	name string
	use  decode.Naming
}

// pointer is an argument that is shown as an address.
type pointer struct {
	arg  string
	addr uint64
}

func newExplainer(machine *host.Local) *explainer {
	e := &explainer{host: machine}
	e.init(machine)
	return e
}

// init prepares the decoding of arguments.
func (e *explainer) init(h host.Host) {
	e.call.Decoder = decode.NewDecoder(decode.Options{StringLimit: unix.PathMax}, h)
	e.call.Out, e.call.Outcome = e, e
	decode.SeeFDUses(e.call.Decoder, func(_ *decode.Call, fd int, use decode.FDUse) {
		if fd >= 0 && (use&decode.FDWritten != 0 || use&(decode.FDDir|decode.FDRead) == 0) {
			e.fds = append(e.fds, fd)
		}
	})
	decode.SeePaths(e.call.Decoder, func(c *decode.Call, dir int, path []byte, _ bool) {
		e.paths = append(e.paths, usedPath{dir, string(path), c.Naming})
	})
}

// reason says why a call failed. It is empty if the reason is not certain.
func (e *explainer) reason(d *decode.Call) string {
	e.look(d)
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

// look decodes the arguments of a failed call.
func (e *explainer) look(d *decode.Call) {
	e.process = decode.ProcessOf(d)
	e.paths, e.fds, e.pointers = e.paths[:0], e.fds[:0], e.pointers[:0]
	e.arg, e.field = "", ""
	c := &e.call
	c.Mem, c.TID = d.Mem, d.TID
	c.ABI, c.NR, c.Args, c.SP, c.Sig = d.ABI, d.NR, d.Args, d.SP, d.Sig
	c.Begin()
	c.Enter()
	c.Ret, c.Errno = d.Ret, d.Errno
	c.Exit()
}

// Arg implements output.Encoder.
func (e *explainer) Arg(name string, _ output.ArgName) { e.arg, e.field = name, "" }

// Field implements output.Encoder.
func (e *explainer) Field(name string) { e.field = name }

// Addr implements output.Encoder.
func (e *explainer) Addr(v uint64) {
	if p := (pointer{e.arg, v}); e.field == "" && !slices.Contains(e.pointers, p) {
		e.pointers = append(e.pointers, p)
	}
}

// quoted is a name as it is shown: in quotes if it contains blanks, quotes or unprintable
// characters.
func quoted(name string) string {
	for _, r := range name {
		if r <= ' ' || r == '"' || r == '\\' || r == '\'' || r >= 0x7f {
			return strconv.QuoteToASCII(name)
		}
	}
	if name == "" || strings.Contains(name, "*/") {
		return strconv.Quote(name)
	}
	return name
}

// walk looks a path up. If checked is set, it also checks whether the process may search
// the directories on the way.
func (e *explainer) walk(p *usedPath, checked bool) host.Walk {
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

// searched yields the paths that are looked up in the usual way.
func (e *explainer) searched(yield func(p *usedPath) bool) {
	for i := range e.paths {
		if p := &e.paths[i]; p.name != "" && p.use&decode.NamesByRules == 0 && !yield(p) {
			return
		}
	}
}

// only returns the call's path if it has exactly one.
func (e *explainer) only() *usedPath {
	if len(e.paths) != 1 || e.paths[0].name == "" || e.paths[0].use&decode.NamesByRules != 0 {
		return nil
	}
	return &e.paths[0]
}

// typeName names the type of a file.
func typeName(f *host.File) string {
	switch f.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "a regular file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFLNK:
		return "a symbolic link"
	case unix.S_IFIFO:
		return "a FIFO"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "a device"
	}
	return "a file"
}

// owned describes who owns a file.
func owned(f *host.File) string {
	return fmt.Sprintf("mode %04o, owner %d:%d", f.Mode&0o7777, f.UID, f.GID)
}
