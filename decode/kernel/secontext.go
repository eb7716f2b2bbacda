package kernel

import (
	"bytes"

	. "trapline/decode/lang"
	"trapline/tables"
)

// Contexts selects what is shown of SELinux contexts (--secontext).
type Contexts uint8

const (
	ContextShown    Contexts = 1 << iota // show the contexts of files and processes
	ContextFull                          // show the whole context, not only the type
	ContextMismatch                      // show the context that the policy expects of a file, if it differs
)

// contextMax is the size in bytes of the longest context that can be read,
// including its NUL.
const contextMax = 4096

// Part returns the part of a context that is shown: all of it or its type, which
// is the third of its parts (user:role:type:level).
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

// contextOfFD shows the SELinux context of the file behind a descriptor.
func contextOfFD(c *Call, process, fd int) {
	if SettingsOf(c.Decoder).Contexts != 0 && SettingsOf(c.Decoder).SeeFD == nil && fd >= 0 && process > 0 {
		context, expected := SettingsOf(c.Decoder).Host().DescriptorContext(c.Alloc(contextMax), process, fd, SettingsOf(c.Decoder).Contexts&ContextMismatch != 0)
		showContext(c, context, expected)
	}
}

// ContextOfPath shows the SELinux context of the file that a path refers to. A
// relative path starts at the directory descriptor that was shown last.
func ContextOfPath(c *Call, path []byte) {
	if SettingsOf(c.Decoder).Contexts != 0 && SettingsOf(c.Decoder).SeeFD == nil {
		context, expected := SettingsOf(c.Decoder).Host().PathContext(c.Alloc(contextMax), ProcessOf(c), DirFDOf(c), path, SettingsOf(c.Decoder).Contexts&ContextMismatch != 0)
		showContext(c, context, expected)
	}
}

func showContext(c *Call, context, expected []byte) {
	if context == nil {
		return
	}
	context, expected = SettingsOf(c.Decoder).Contexts.Part(context), SettingsOf(c.Decoder).Contexts.Part(expected)
	if bytes.Equal(context, expected) {
		expected = nil
	}
	c.Out.Context(context, expected)
}

// seenFrom is the directory descriptor to which a call's paths are relative.
type seenFrom struct {
	call uint64 // Serial of that call
	fd   int
}

var directories CallSlot[seenFrom]

// SeeFrom makes the paths that follow relative to a directory descriptor.
func SeeFrom(c *Call, fd int) { *directories.Of(c) = seenFrom{c.Serial(), fd} }

// DirFDOf returns the directory descriptor to which paths are relative.
func DirFDOf(c *Call) int {
	if d := directories.Of(c); d.call == c.Serial() {
		return d.fd
	}
	return tables.AT_FDCWD
}
