package kernel

import (
	"bytes"

	"golang.org/x/sys/unix"

	. "trapline/decode/lang"
)

// Contexts is what is shown of SELinux contexts (--secontext).
type Contexts uint8

const (
	ContextShown    Contexts = 1 << iota // those of files and processes
	ContextFull                          // the whole context, not only the type
	ContextMismatch                      // what the policy expects, where a file has another
)

// contextMax is the size in bytes of the longest context that is read, with its NUL.
const contextMax = 4096

// Part gives what is shown of a context: all of it, or its type, which is the
// third of its parts (user:role:type:level).
func (s Contexts) Part(context []byte) []byte {
	context = bytes.TrimRight(context, "\n")
	if s&ContextFull != 0 {
		return context
	}
	rest := context
	for range 2 {
		_, behind, ok := bytes.Cut(rest, []byte(":"))
		if !ok {
			return context
		}
		rest = behind
	}
	kind, _, _ := bytes.Cut(rest, []byte(":"))
	return kind
}

// contextOfFD shows the context of the file behind a descriptor.
func contextOfFD(c *Call, process, fd int) {
	o := ContextOf(c.Decoder)
	if o.Contexts != 0 && o.SeeFD == nil && fd >= 0 && process > 0 {
		context, expected := o.Host.DescriptorContext(c.Alloc(contextMax), process, fd, o.Contexts&ContextMismatch != 0)
		showContext(c, context, expected)
	}
}

// contextOfPath shows the context of the file that the tracee finds by a path, seen
// from the directory descriptor that was shown last.
func contextOfPath(c *Call, path []byte) {
	o := ContextOf(c.Decoder)
	if o.Contexts != 0 && o.SeeFD == nil {
		dir := directories.Of(c).fd
		context, expected := o.Host.PathContext(c.Alloc(contextMax), ProcessOf(c), dir, path, o.Contexts&ContextMismatch != 0)
		showContext(c, context, expected)
	}
}

func showContext(c *Call, context, expected []byte) {
	if context == nil {
		return
	}
	contexts := ContextOf(c.Decoder).Contexts
	context, expected = contexts.Part(context), contexts.Part(expected)
	if bytes.Equal(context, expected) {
		expected = nil
	}
	c.Out.Context(context, expected)
}

// directory is the directory descriptor that a call's paths are seen from.
type directory struct{ fd int }

var directories = NewCallSlot[directory]()

// SeeFrom says that the paths that are shown next are seen from a directory
// descriptor, or from the working directory, which is AT_FDCWD.
func SeeFrom(c *Call, dir int) {
	if ContextOf(c.Decoder).Contexts != 0 {
		directories.Of(c).fd = dir
	}
}

// ShowContexts has d show contexts with what its Context says of them.
func ShowContexts(d *Decoder) {
	d.OnBegin = func(c *Call) { SeeFrom(c, unix.AT_FDCWD) }
	d.OnPath = contextOfPath
}
