//go:build linux && amd64

package trace

import (
	"bytes"
	"path"

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
	paths  *pathSet // nil if only descriptors matter
	strict bool     // compare names only as they are written
	fds    *FDSet   // nil if only paths matter

	call   decode.Call
	tracee *decode.Call // the call that it decodes: see chooses
	used   bool         // it uses a file
	dir    int          // its last directory descriptor, if no path was relative to it; else -1
	found  bool         // it uses one of the files

	root    []byte // the process's root directory, once hasRoot is set
	hasRoot bool
	buffers [3][unix.PathMax]byte
}

// newFileFilter makes the filter that the options ask for, or returns nil.
func newFileFilter(o *Options, h host.Host) *fileFilter {
	if !o.filtersFiles() {
		return nil
	}
	f := &fileFilter{fds: o.Descriptors, strict: o.StrictPaths}
	f.call.Decoder = decode.NewDecoder(decode.Options{StringLimit: o.decoderOptions().StringLimit, Rings: o.Rings}, h)
	f.call.Out = f
	decode.SeeFDs(f.call.Decoder, f.seeFD)
	if len(o.Paths) > 0 {
		f.paths = newPathSet(o.Paths, o.StrictPaths)
		decode.SeePaths(f.call.Decoder, f.seePath)
	}
	return f
}

// filtersFiles reports whether only calls that use certain files are traced.
func (o *Options) filtersFiles() bool { return len(o.Paths) > 0 || o.Descriptors != nil }

// fileClasses are the calls that can use files.
var fileClasses = func() (classes tables.Class) {
	for _, name := range []string{"file", "desc", "network"} {
		class, _ := tables.ClassByName(name)
		classes |= class
	}
	return classes
}()

// chooses reports whether a tracee's call, or inner, the call inside it, uses one of the
// files. If all paths are exceptions, it also chooses calls that use no file. d is the
// Call to be shown, with its arguments; it is not changed.
func (f *fileFilter) chooses(d *decode.Call, call *tracer.Syscall, inner *socketcall.Call) bool {
	others := f.fds == nil && f.paths.excepting
	if classes(call, inner)&fileClasses == 0 {
		return others
	}
	c := &f.call
	c.Mem, c.TID = d.Mem, d.TID
	c.ABI, c.NR, c.Args, c.SP = d.ABI, d.NR, d.Args, d.SP
	c.Sig = signature(c.Decoder, call, inner)
	f.tracee, f.used, f.found, f.dir, f.hasRoot = d, false, false, -1, false
	c.Begin()
	c.Enter()
	f.seeDir()
	return f.found || others && !f.used
}

// seePath is called with each path that the call passes.
func (f *fileFilter) seePath(_ *decode.Call, dir int, name []byte, link bool) {
	if f.found || f.paths.decidedByText(name) {
		f.found = true
		return
	}
	if len(name) == 0 {
		f.seeDir()
		return
	}
	f.dir = -1
	f.used = true
	file := usedFile{text: name}
	if !f.strict {
		f.nameFile(&file, dir, link)
	}
	f.found = f.paths.wants(&file)
}

// nameFile finds the full names of the file that a path leads to. If the call follows a
// symbolic link, it uses both the link and the target.
func (f *fileFilter) nameFile(file *usedFile, dir int, link bool) {
	h, process := decode.HostOf(f.call.Decoder), decode.ProcessOf(f.tracee)
	name := file.text
	full := h.Resolve(f.buffers[0][:], process, dir, name, true)
	file.names[0], file.names[1] = full, f.fromRoot(full)
	if !link {
		target := h.Resolve(f.buffers[1][:], process, dir, name, false)
		file.names[2], file.names[3] = target, f.fromRoot(target)
	}
	if name[0] == '/' && (full == nil || !bytes.Contains(name, []byte("/.."))) {
		file.names[4] = append(f.buffers[2][:0], path.Clean(string(name))...)
	}
}

// fromRoot returns a full name as the process sees it, if its root directory differs from
// trapline's; else nil.
func (f *fileFilter) fromRoot(full []byte) []byte {
	if !f.hasRoot {
		f.hasRoot = true
		f.root = bytes.Clone(decode.HostOf(f.call.Decoder).Root(f.buffers[2][:], decode.ProcessOf(f.tracee)))
	}
	if len(f.root) < len("/x") || !bytes.HasPrefix(full, f.root) {
		return nil
	}
	switch rest := full[len(f.root):]; {
	case len(rest) == 0:
		return []byte("/")
	case rest[0] == '/':
		return rest
	}
	return nil
}

// seeFD is called with each descriptor that the call uses. If a path is relative to the
// descriptor, the descriptor is only part of a name, and counts as a file only if Paths
// has its exact name.
func (f *fileFilter) seeFD(fd int, dir bool) {
	if dir {
		f.seeDir()
	}
	if f.found || fd < 0 {
		return
	}
	if f.fds.Has(fd) {
		f.found = true
		return
	}
	if f.paths == nil {
		return
	}
	if !dir {
		f.seeFile(fd)
		return
	}
	f.dir = fd
	link := decode.HostOf(f.call.Decoder).Descriptor(f.buffers[0][:], decode.ProcessOf(f.tracee), fd)
	f.found = link != nil && f.paths.decidedByText(bytes.TrimSuffix(link, []byte(" (deleted)")))
}

// seeDir checks the last directory descriptor if no path was relative to it.
func (f *fileFilter) seeDir() {
	if fd := f.dir; fd >= 0 && !f.found {
		f.seeFile(fd)
	}
	f.dir = -1
}

// seeFile checks the file behind a descriptor.
func (f *fileFilter) seeFile(fd int) {
	f.used = true
	link := decode.HostOf(f.call.Decoder).Descriptor(f.buffers[0][:], decode.ProcessOf(f.tracee), fd)
	if link == nil {
		return
	}
	file := usedFile{text: link}
	if name, deleted := bytes.CutSuffix(link, []byte(" (deleted)")); f.strict && deleted {
		f.found = f.paths.wants(&file)
		file.text = name
	} else if !f.strict {
		file.names[0], file.names[1], file.names[2] = link, name, f.fromRoot(name)
	}
	f.found = f.found || f.paths.wants(&file)
}
