//go:build linux && amd64

package explain

import (
	"slices"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
)

// Uses are the files and the memory that a call uses. It is the Encoder of a call that is
// decoded for this only.
type Uses struct {
	output.Discard
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

// NewUses returns Uses of calls whose descriptors and paths are named by a host.
func NewUses(h host.Host) *Uses {
	u := new(Uses)
	u.init(h)
	return u
}

// init prepares the decoding of arguments.
func (u *Uses) init(h host.Host) {
	u.call.Decoder = decode.NewDecoder(decode.Options{StringLimit: unix.PathMax}, h)
	u.call.Out, u.call.Outcome = u, u
	decode.SeeFDUses(u.call.Decoder, func(_ *decode.Call, fd int, use decode.FDUse) {
		if fd >= 0 && (use&decode.FDWritten != 0 || use&(decode.FDDir|decode.FDRead) == 0) {
			u.fds = append(u.fds, fd)
		}
	})
	decode.SeePaths(u.call.Decoder, func(c *decode.Call, dir int, path []byte, _ bool) {
		u.paths = append(u.paths, usedPath{dir, string(path), c.Naming})
	})
}

// Look decodes a call at its syscall-exit-stop, to find out what it uses. This replaces
// what was known of an earlier call.
func (u *Uses) Look(d *decode.Call) {
	u.process = decode.ProcessOf(d)
	u.paths, u.fds, u.pointers = u.paths[:0], u.fds[:0], u.pointers[:0]
	u.arg, u.field = "", ""
	c := &u.call
	c.Mem, c.TID = d.Mem, d.TID
	c.ABI, c.NR, c.Args, c.SP, c.Sig = d.ABI, d.NR, d.Args, d.SP, d.Sig
	c.Begin()
	c.Enter()
	c.Ret, c.Errno = d.Ret, d.Errno
	c.Exit()
}

// Names yields the paths of the call as the program passed them.
func (u *Uses) Names(yield func(name string) bool) {
	for i := range u.paths {
		if !yield(u.paths[i].name) {
			return
		}
	}
}

// Arg implements output.Encoder.
func (u *Uses) Arg(name string, _ output.ArgName) { u.arg, u.field = name, "" }

// Field implements output.Encoder.
func (u *Uses) Field(name string) { u.field = name }

// Addr implements output.Encoder.
func (u *Uses) Addr(v uint64) {
	if p := (pointer{u.arg, v}); u.field == "" && !slices.Contains(u.pointers, p) {
		u.pointers = append(u.pointers, p)
	}
}

// searched yields the paths that are looked up in the usual way.
func (u *Uses) searched(yield func(p *usedPath) bool) {
	for i := range u.paths {
		if p := &u.paths[i]; p.name != "" && p.use&decode.NamesByRules == 0 && !yield(p) {
			return
		}
	}
}

// only returns the call's path if it has exactly one.
func (u *Uses) only() *usedPath {
	if len(u.paths) != 1 || u.paths[0].name == "" || u.paths[0].use&decode.NamesByRules != 0 {
		return nil
	}
	return &u.paths[0]
}
