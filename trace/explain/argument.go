//go:build linux && amd64

package explain

import (
	"encoding/binary"
	"fmt"
	"strings"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/tables"
)

// Reasons that lie in the arguments: EINVAL where a condition of the manual page can be tested.

const pageSize = 4096

// badArgument explains EINVAL.
func (e *Explainer) badArgument(d *decode.Call) string {
	a := &d.Args
	switch d.Sig.Name {
	case "mmap", "mmap2":
		switch {
		case a[1] == 0:
			return "length is 0"
		case d.Sig.Name == "mmap" && d.ABI != tables.I386 && a[5]%pageSize != 0:
			return fmt.Sprintf("offset %#x is not a multiple of the page size", a[5])
		}
	case "munmap", "mprotect", "madvise", "msync":
		switch {
		case a[0]%pageSize != 0:
			return fmt.Sprintf("the address %#x is not a multiple of the page size", a[0])
		case d.Sig.Name == "munmap" && a[1] == 0:
			return "length is 0"
		}
	case "nanosleep":
		return e.badTime(d, a[0])
	case "clock_nanosleep":
		return e.badTime(d, a[2])
	case "readlink", "readlinkat":
		return e.noLink()
	case "rename", "renameat", "renameat2":
		return e.insideItself()
	case "futex":
		if a[0]%4 != 0 {
			return fmt.Sprintf("the address %#x is not a multiple of 4", a[0])
		}
	}
	return ""
}

// badTime checks a struct timespec.
func (e *Explainer) badTime(d *decode.Call, at uint64) string {
	if d.ABI != tables.X86_64 {
		return ""
	}
	var b [16]byte
	if d.Mem.ReadMemory(at, b[:]) != len(b) {
		return ""
	}
	seconds, nanoseconds := int64(binary.NativeEndian.Uint64(b[:])), int64(binary.NativeEndian.Uint64(b[8:]))
	switch {
	case nanoseconds < 0 || nanoseconds > 999999999:
		return fmt.Sprintf("tv_nsec is %d, not 0 to 999999999", nanoseconds)
	case seconds < 0:
		return fmt.Sprintf("tv_sec is %d, and negative", seconds)
	}
	return ""
}

// noLink explains EINVAL of readlink.
func (e *Explainer) noLink() string {
	p := e.only()
	if p == nil {
		return ""
	}
	if w := e.walk(p, false); w.Obstacle == host.Found && !w.File.IsLink() {
		return fmt.Sprintf("%s is %s, not a symbolic link", quoted(w.Name), typeName(&w.File))
	}
	return ""
}

// insideItself explains EINVAL of rename: a directory cannot be moved into itself.
func (e *Explainer) insideItself() string {
	if len(e.paths) != 2 {
		return ""
	}
	from := e.walk(&e.paths[0], false)
	parent, ok := e.parent(&e.paths[1])
	if !ok || from.Obstacle != host.Found || !from.File.IsDir() {
		return ""
	}
	if parent.Name == from.Name || strings.HasPrefix(parent.Name, from.Name+"/") {
		return fmt.Sprintf("%s would be moved into itself, to %s", quoted(from.Name), quoted(parent.Name))
	}
	return ""
}
