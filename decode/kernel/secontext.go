package kernel

import (
	"bytes"

	. "trapline/decode/lang"
	"trapline/tables"
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
	if ContextOf(c.Decoder).Contexts != 0 && ContextOf(c.Decoder).SeeFD == nil && fd >= 0 && process > 0 {
		context, expected := ContextOf(c.Decoder).Host.DescriptorContext(c.Alloc(contextMax), process, fd, ContextOf(c.Decoder).Contexts&ContextMismatch != 0)
		showContext(c, context, expected)
	}
}

// ContextOfPath shows the context of the file that the tracee finds by a path, seen
// from the directory descriptor that was shown last.
func ContextOfPath(c *Call, path []byte) {
	if ContextOf(c.Decoder).Contexts != 0 && ContextOf(c.Decoder).SeeFD == nil {
		context, expected := ContextOf(c.Decoder).Host.PathContext(c.Alloc(contextMax), ProcessOf(c), dirFDOf(c), path, ContextOf(c.Decoder).Contexts&ContextMismatch != 0)
		showContext(c, context, expected)
	}
}

func showContext(c *Call, context, expected []byte) {
	if context == nil {
		return
	}
	context, expected = ContextOf(c.Decoder).Contexts.Part(context), ContextOf(c.Decoder).Contexts.Part(expected)
	if bytes.Equal(context, expected) {
		expected = nil
	}
	c.Out.Context(context, expected)
}

// seenFrom is the directory descriptor that a call's paths are seen from.
type seenFrom struct {
	call uint64 // its Serial
	fd   int
}

var directories = NewCallSlot[seenFrom]()

// SeeFrom has paths that follow seen from a directory descriptor.
func SeeFrom(c *Call, fd int) { *directories.Of(c) = seenFrom{c.Serial(), fd} }

// dirFDOf is the directory descriptor that paths are seen from.
func dirFDOf(c *Call) int {
	if d := directories.Of(c); d.call == c.Serial() {
		return d.fd
	}
	return tables.AT_FDCWD
}
