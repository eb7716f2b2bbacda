//go:build linux && amd64

package trace

import (
	"bytes"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// fileFilter selects the calls that use certain files. It is an Encoder that
// checks a call's arguments at the syscall-enter-stop. It decodes the call
// separately, with its own Decoder and Call.
type fileFilter struct {
	output.Discard
	paths []string
	fds   *FDSet // nil if only paths matter

	call   decode.Call
	tracee *decode.Call // the call that it decodes: see chooses
	found  bool
	link   [unix.PathMax]byte
}

// newFileFilter makes the filter that the options ask for, or returns nil.
func newFileFilter(o *Options, h host.Host) *fileFilter {
	if !o.filtersFiles() {
		return nil
	}
	f := &fileFilter{paths: resolvedPaths(o.Paths), fds: o.Descriptors}
	f.call.Decoder = decode.NewDecoder(decode.Options{StringLimit: unix.PathMax}, h)
	f.call.Out = f
	decode.SeeFDs(f.call.Decoder, f.seeFD)
	return f
}

// filtersFiles reports whether only calls that use certain files are traced.
func (o *Options) filtersFiles() bool { return len(o.Paths) > 0 || o.Descriptors != nil }

// ResolvePath returns the absolute path of a file without symbolic links, or
// path itself if that cannot be determined. Options.Paths are resolved in this
// way: calls that use either path are traced.
func ResolvePath(path string) string {
	if path == "" {
		return path // not a file, but a path that a call may pass
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return path
	}
	return resolved
}

// resolvedPaths returns paths, followed by the paths that they resolve to.
func resolvedPaths(paths []string) []string {
	all := slices.Clone(paths)
	for _, path := range paths {
		if resolved := ResolvePath(path); resolved != path {
			all = append(all, resolved)
		}
	}
	return all
}

// fileClasses are the calls that can use files.
var fileClasses = func() (classes tables.Class) {
	for _, name := range []string{"file", "desc", "network"} {
		class, _ := tables.ClassByName(name)
		classes |= class
	}
	return classes
}()

// chooses reports whether a tracee's call, or inner, the call inside it, uses
// one of the files. d is the Call to be shown, with its arguments; it is not
// changed.
func (f *fileFilter) chooses(d *decode.Call, call *tracer.Syscall, inner *socketcall.Call) bool {
	if classes(call, inner)&fileClasses == 0 {
		return false
	}
	c := &f.call
	c.Mem, c.TID = d.Mem, d.TID
	c.ABI, c.NR, c.Args, c.SP = d.ABI, d.NR, d.Args, d.SP
	c.Sig = signature(c.Decoder, call, inner)
	f.tracee, f.found = d, false
	c.Begin()
	c.Enter()
	return f.found
}

// Str implements output.Encoder.
func (f *fileFilter) Str(kind output.StringKind, b []byte, _ bool) {
	f.found = f.found || kind == output.Path && f.wants(b)
}

// seeFD is called with each descriptor that the call uses.
func (f *fileFilter) seeFD(fd int) {
	if f.found || fd < 0 {
		return
	}
	if f.fds.Has(fd) {
		f.found = true
		return
	}
	if len(f.paths) == 0 {
		return
	}
	if path := decode.HostOf(f.call.Decoder).Descriptor(f.link[:], decode.ProcessOf(f.tracee), fd); path != nil {
		f.found = f.wants(path) || f.wants(bytes.TrimSuffix(path, []byte(" (deleted)")))
	}
}

func (f *fileFilter) wants(path []byte) bool {
	for _, p := range f.paths {
		if string(path) == p {
			return true
		}
	}
	return false
}
