package file

import (
	"math"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// File handles, which identify files without a path: fs/fhandle.c.

// handleMax is the largest size of a handle in bytes (MAX_HANDLE_SZ).
const handleMax = 128

var fileHandle = &Struct{C: "file_handle", Fields: Fields{
	{"handle_bytes", U32},
	{"handle_type", S32},
	{"f_handle", AtAddr(showHandleBytes)},
}}

// showHandleBytes shows the bytes of a handle, which follow the members of its
// struct.
func showHandleBytes(c *Call, addr uint64) {
	size := Ref("handle_bytes").Num(c)
	b, ok := c.ReadAll(addr, int(min(size, handleMax)))
	if !ok {
		c.Out.Text("???")
		return
	}
	c.Out.Str(output.Binary, b, size > handleMax)
}

// newHandle is the handle that name_to_handle_at returns. The caller sets
// handle_bytes to the room that it has; the kernel sets it to the size of the
// handle, even if that is larger.
type newHandle struct{ Layouts }

// CType is the type in C, for lists of calls.
func (*newHandle) CType() string { return "struct file_handle *" }

func (t *newHandle) Dir() Dir { return Both }

func (t *newHandle) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	head, ok := c.ReadUint(addr, 8)
	c.Begun = ok
	if !ok {
		c.Out.Addr(addr)
		return
	}
	c.Before = head & math.MaxUint32
	c.Out.BeginStruct()
	c.Out.Field("handle_bytes")
	c.Out.Number(c.Before, output.Unsigned)
}

func (t *newHandle) Finish(c *Call, v View) {
	if !c.Begun {
		return
	}
	if !c.Failed() || c.Errno == int(tables.EOVERFLOW) {
		if m, ok := c.ReadType(v.Uint(c.WordSize()), fileHandle); ok {
			if n := m.Uint(4); n != c.Before {
				c.Out.Changed()
				c.Out.Number(n, output.Unsigned)
			}
			if !c.Failed() {
				newHandleRest.ShowMembers(c, m)
			}
		}
	}
	c.Out.EndStruct()
}

// handleMade reports whether the struct could be read and the kernel has filled
// it.
func handleMade(c *Call) bool { return c.Begun && !c.Failed() }

var newHandleRest = &Struct{Of: fileHandle, Pick: Names{"handle_type", "f_handle"}}

var handleFlags = &Flags{Set: &tables.HandleFlags}

var handleCalls = Calls{
	{"name_to_handle_at", Args{{"dirfd", DirFD}, {"pathname", atPathToLink}, {"handle", &newHandle{Layouts(Ulong)}},
		{"mount_id", &Out{To: S32, If: Test(handleMade)}}, {"flags", handleFlags}}, RetUnsigned},
	{"open_by_handle_at", Args{{"mount_fd", FD}, {"handle", &Ptr{To: fileHandle}}, {"flags", &OpenFlags}}, RetFD},
}
