//go:build linux && amd64

package trace

import (
	"bytes"
	"path"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
	"trapline/trace/condition"
)

// usedFiles finds the values of the operands fd and path: the descriptors that a call
// gets, and the files that it uses by descriptor or by name.
type usedFiles struct {
	output.Discard
	call  decode.Call
	asked *asked
	dir   int // last directory descriptor, unless a path was seen from it; else -1
	buf   [unix.PathMax]byte
}

func (f *usedFiles) init(machine host.Host, o *Options) {
	f.call.Decoder = decode.NewDecoder(decode.Options{StringLimit: o.decoderOptions().StringLimit, Rings: o.Rings}, machine)
	f.call.Out = f
	decode.SeeFDs(f.call.Decoder, f.seeFD)
	decode.SeePaths(f.call.Decoder, f.seePath)
}

// fillFiles fills the operands fd and path.
func (q *asked) fillFiles() {
	f := &q.asker.files
	for i := range q.slots {
		if k := q.asker.operands[i].kind; k == ofFD || k == ofPath {
			s := &q.slots[i]
			s.values, s.bytes, s.known = s.values[:0], s.bytes[:0], true
		}
	}
	if classes(q.raw, q.inner)&fileClasses == 0 {
		return
	}
	c, from := &f.call, q.from
	c.Mem, c.TID = from.Mem, from.TID
	c.ABI, c.NR, c.Args, c.SP = from.ABI, from.NR, from.Args, from.SP
	c.Sig = signature(c.Decoder, q.raw, q.inner)
	f.asked, f.dir = q, -1
	c.Begin()
	c.Enter()
	f.seeDir()
}

// seePath is called with each path that the call passes. The values of path are the name
// as written, if it is absolute, and the full name of the file. If a symbolic link is
// followed, they are the full names of the link and of its target.
func (f *usedFiles) seePath(_ *decode.Call, dir int, name []byte, link bool) {
	if !f.asksPath() {
		return
	}
	if len(name) == 0 {
		f.seeDir()
		return
	}
	f.dir = -1
	h, process := decode.HostOf(f.call.Decoder), decode.ProcessOf(f.asked.from)
	found := h.Resolve(f.buf[:], process, dir, name, true)
	f.addPath(found)
	if !link {
		f.addPath(h.Resolve(f.buf[:], process, dir, name, false))
	}
	if name[0] == '/' {
		f.addPath([]byte(path.Clean(string(name))))
	}
}

// seeFD is called with each descriptor that the call uses. If a path is relative to the
// descriptor, the descriptor is only part of a name.
func (f *usedFiles) seeFD(fd int, dir bool) {
	if dir {
		f.seeDir()
	}
	if fd < 0 {
		return
	}
	f.each(ofFD, func(s *slot) {
		s.values = append(s.values, condition.Value{Kind: condition.Number, Num: condition.Signed(int64(fd))})
	})
	if dir {
		f.dir = fd
	} else {
		f.seeFile(fd)
	}
}

// seeDir adds the last directory descriptor if no path was relative to it.
func (f *usedFiles) seeDir() {
	if fd := f.dir; fd >= 0 {
		f.seeFile(fd)
	}
	f.dir = -1
}

// seeFile adds the path of the file behind a descriptor.
func (f *usedFiles) seeFile(fd int) {
	if !f.asksPath() {
		return
	}
	h := decode.HostOf(f.call.Decoder)
	f.addPath(bytes.TrimSuffix(h.Descriptor(f.buf[:], decode.ProcessOf(f.asked.from), fd), []byte(" (deleted)")))
}

func (f *usedFiles) asksPath() (asks bool) {
	f.each(ofPath, func(*slot) { asks = true })
	return asks
}

// addPath adds a value of path, once. It ignores an empty path.
func (f *usedFiles) addPath(path []byte) {
	if len(path) == 0 {
		return
	}
	f.each(ofPath, func(s *slot) {
		for i := range s.values {
			if bytes.Equal(s.values[i].Str, path) {
				return
			}
		}
		start := len(s.bytes)
		s.bytes = append(s.bytes, path...)
		s.values = append(s.values, condition.Value{Kind: condition.String, Str: s.bytes[start:len(s.bytes):len(s.bytes)]})
	})
}

// each calls add with the slots of the operands of a kind.
func (f *usedFiles) each(kind operandKind, add func(*slot)) {
	for i, o := range f.asked.asker.operands {
		if o.kind == kind {
			add(&f.asked.slots[i])
		}
	}
}
