package main

import (
	"bytes"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/output"
	"trapline/tables"
)

// fileFilter chooses the calls that use certain files (-P, --trace-fds). It is
// an Encoder that listens to a call's arguments as they are known at the
// enter-stop; what is chosen is then decoded again, for the trace.
type fileFilter struct {
	output.Discard
	paths []string
	fds   *fdSet // nil if only paths matter

	call  *decode.Call // that is listened to
	found bool
	link  [unix.PathMax]byte
}

// newFileFilter gives the filter of a command line, or nil if it has none.
func newFileFilter(c *config) *fileFilter {
	if len(c.paths) == 0 && c.traceFDs == nil {
		return nil
	}
	return &fileFilter{paths: c.paths, fds: c.traceFDs}
}

// fileClasses are the calls that can use files.
var fileClasses = func() (classes tables.Class) {
	for _, name := range []string{"file", "desc", "network"} {
		class, _ := tables.ClassByName(name)
		classes |= class
	}
	return classes
}()

// chooses says whether a call of some classes, made ready by Begin, uses one of
// the files. It makes the call ready again.
func (f *fileFilter) chooses(c *decode.Call, classes tables.Class) bool {
	if classes&fileClasses == 0 {
		return false
	}
	out, abbrev, plain, raw, limit := c.Out, c.Abbrev, c.Plain, c.Raw, c.StringLimit
	f.call, f.found = c, false
	c.Out = f
	decode.SeeFDs(c.Decoder, f.seeFD)
	c.Abbrev, c.Plain, c.Raw, c.StringLimit = false, false, false, unix.PathMax
	c.Enter()
	c.Out = out
	decode.SeeFDs(c.Decoder, nil)
	c.Abbrev, c.Plain, c.Raw, c.StringLimit = abbrev, plain, raw, limit
	c.Begin()
	return f.found
}

// Str implements output.Encoder.
func (f *fileFilter) Str(kind output.StringKind, b []byte, _ bool) {
	f.found = f.found || kind == output.Path && f.wants(b)
}

func (f *fileFilter) seeFD(fd int) {
	if f.found || fd < 0 {
		return
	}
	if f.fds != nil && f.fds.has(fd) {
		f.found = true
		return
	}
	if len(f.paths) == 0 {
		return
	}
	if path := decode.HostOf(f.call.Decoder).Descriptor(f.link[:], decode.ProcessOf(f.call), fd); path != nil {
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
