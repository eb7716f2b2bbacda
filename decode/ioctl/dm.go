package ioctl

import (
	"bytes"
	"strings"
	"sync/atomic"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Device mapper: linux/dm-ioctl.h, drivers/md/dm-ioctl.c. The argument of each
// request is a struct dm_ioctl. Further input or output of a request is within
// the data_size bytes that start with this struct: [{version=[4, 0, 0], ...},
// {sector_start=0, ...}].

var dmIoctls = Ioctls{
	{"DM_VERSION DM_DEV_ARM_POLL", &dmArg{members: dmDevice}},
	{"DM_REMOVE_ALL", &dmArg{}},
	{"DM_LIST_DEVICES", &dmArg{members: "data_start", out: dmUse{data: dmNames}}},
	{"DM_LIST_VERSIONS", &dmArg{members: "data_start", out: dmUse{data: dmVersions}}},
	{"DM_DEV_CREATE DM_DEV_STATUS DM_TABLE_CLEAR", &dmArg{members: dmDevice, out: dmUse{members: dmState}}},
	{"DM_DEV_REMOVE", &dmArg{members: dmDevice, in: dmUse{members: "event_nr"}}},
	{"DM_DEV_SUSPEND", &dmArg{members: dmDevice, in: dmUse{members: "event_nr"}, out: dmUse{members: dmState}}},
	{"DM_DEV_RENAME", &dmArg{members: dmDeviceData, in: dmUse{members: "event_nr", data: dmString}, out: dmUse{members: dmState}}},
	{"DM_DEV_SET_GEOMETRY", &dmArg{members: dmDeviceData, in: dmUse{data: dmString}}},
	{"DM_DEV_WAIT", &dmArg{members: dmDeviceData, in: dmUse{members: "event_nr"}, out: dmUse{members: dmState, data: dmTargets}}},
	{"DM_TABLE_LOAD", &dmArg{members: dmDeviceData, in: dmUse{members: "target_count", data: dmTargets}, out: dmUse{members: dmState}}},
	{"DM_TABLE_STATUS", &dmArg{members: dmDeviceData, out: dmUse{members: dmState, data: dmTargets}}},
	{"DM_TABLE_DEPS", &dmArg{members: dmDeviceData, out: dmUse{members: dmState, data: dmDeps}}},
	{"DM_TARGET_MSG", &dmArg{members: dmDeviceData, in: dmUse{data: dmMessage}, out: dmUse{members: dmState, data: dmAnswer}}},
}

// Members of struct dm_ioctl that requests use.
const (
	dmDevice     = "dev name uuid"
	dmDeviceData = "data_start dev name uuid"
	dmState      = "target_count open_count event_nr"
)

// dmUse is the input or output of a request: members of the struct beyond those
// that all requests use, and the data that follows.
type dmUse struct {
	members string
	data    *dmContents
}

// dmArg is the argument of a request, with its input and its output.
type dmArg struct {
	WordSized
	members string
	in, out dmUse

	made atomic.Pointer[[2]dmPart]
}

// parts returns what is shown before and after the request.
func (t *dmArg) parts() *[2]dmPart {
	if p := t.made.Load(); p != nil {
		return p
	}
	part := func(use dmUse) dmPart {
		names := strings.Fields("version data_size " + t.members + " " + use.members + " flags")
		return dmPart{&Struct{Of: dmIoctl, Pick: names}, use.data}
	}
	p := &[2]dmPart{part(t.in), part(t.out)}
	t.made.Store(p)
	return p
}

func (t *dmArg) Dir() Dir { return Both }

func (t *dmArg) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	m, ok := dmRead(c, addr)
	if !ok {
		c.Out.Number(addr, output.Hex)
		return
	}
	c.Remember(m)
	t.parts()[0].show(c, m)
}

// Finish shows the struct after the request, unless the request failed and left
// it unchanged.
func (t *dmArg) Finish(c *Call, v View) {
	m, ok := dmRead(c, v.Uint(c.WordSize()))
	before, was := c.Recall(m)
	if !ok || !was || c.Failed() && dmSame(m, View{B: before, Addr: m.Addr}) {
		return
	}
	c.Out.Changed()
	t.parts()[1].show(c, m)
}

// dmSame reports whether the members that a failing request may change are the
// same in both structs.
func dmSame(a, b View) bool {
	const versionToStart, flags = 20, 28 // size and offset
	return bytes.Equal(a.B[:versionToStart], b.B[:versionToStart]) && a.At(flags, 4).Uint(4) == b.At(flags, 4).Uint(4)
}

// dmRead reads the struct at addr, and reports whether it is long enough to be
// one.
func dmRead(c *Call, addr uint64) (View, bool) {
	const sizeEnd = 12 // offset of the end of data_size; a struct dm_ioctl is at least that long
	v, ok := c.ReadType(addr, dmIoctl)
	if !ok {
		return v, false
	}
	size, _ := dmIoctl.NumberIn(c, "data_size", v)
	return v, size >= sizeEnd
}

// dmPart is the struct and the data that follows it.
type dmPart struct {
	header *Struct
	data   *dmContents
}

func (t *dmPart) show(c *Call, v View) {
	c.Out.BeginArray()
	c.Out.Elem()
	t.header.Show(c, v)
	if t.data != nil && !c.Failed() && c.Push(t.header, v) {
		if dmKnown(c) && (t.data.cond == nil || t.data.cond.Holds(c)) {
			t.data.show(c, v.Addr)
		}
		c.Pop()
	}
	c.Out.EndArray()
}

// dmHeaderSize is the offset of data in struct dm_ioctl.
const dmHeaderSize = 305

// dmIoctl is struct dm_ioctl without data. If its version is unknown, only the
// version is shown.
var dmIoctl = &Struct{Packed: true, Fields: Fields{
	{"version", &Shown{As: &Array{Of: U32, N: 3, Whole: true}, By: func(c *Call, v View) {
		(&Array{Of: U32, N: 3, Whole: true}).Show(c, v)
		if !dmVersionKnown(c) {
			c.Out.Comment(output.Note, "unsupported device mapper ABI version")
		}
	}}},
	{"data_size", &When{If: Test(dmVersionKnown), Then: &Value{In: U32, By: func(c *Call, v uint64) {
		c.Out.Number(v, output.Unsigned)
		if v < dmHeaderSize {
			c.Out.Comment(output.Note, "data_size too small")
		}
	}}}},
	{"data_start", &When{If: Test(dmKnown), Then: U32}},
	{"target_count", &When{If: All{Test(dmKnown), Succeeded}, Then: U32}},
	{"open_count", &When{If: All{Test(dmKnown), Succeeded}, Then: U32}},
	{"flags", &When{If: Test(dmKnown), Then: &Flags{Set: &tables.DMFlags}}},
	{"event_nr", &When{If: All{Test(dmKnown), Succeeded, Test(dmHasEvent)}, Then: U32}},
	{"_", U32},
	{"dev", &When{If: All{Test(dmKnown), Not{&Is{N: Ref("dev"), Values: Nums{0}}}}, Then: Dev64}},
	{"name", &When{If: All{Test(dmKnown), dmIsNamed("name")}, Then: CharArray(128)}},
	{"uuid", &When{If: All{Test(dmKnown), dmIsNamed("uuid")}, Then: CharArray(129)}},
}}

// dmVersionKnown reports whether the version of the struct being shown is known,
// dmKnown also whether the struct is complete.
func dmVersionKnown(c *Call) bool {
	const major = 4 // DM_VERSION_MAJOR
	f := c.Frame(0)
	return f.View.Uint(4) == major
}

func dmKnown(c *Call) bool { return dmVersionKnown(c) && Ref("data_size").Num(c) >= dmHeaderSize }

// dmIsNamed is the condition that the named member is not empty.
type dmIsNamed string

// Holds implements Cond.
func (member dmIsNamed) Holds(c *Call) bool {
	f := c.Frame(0)
	return f.Struct.Member(c, string(member), f.View).Uint(1) != 0
}

// dmHasEvent reports whether event_nr is used. DM_DEV_SUSPEND uses it only to
// resume a device.
func dmHasEvent(c *Call) bool {
	const suspend = 6 // DM_DEV_SUSPEND_CMD
	return c.Exiting() || IocNR(uint32(c.Args[1])) != suspend || !dmSuspends.Holds(c)
}

// dmSuspends is the condition that a device is to be suspended.
var dmSuspends = &Has{N: Ref("flags"), Set: &tables.DMFlags, Values: Names{"DM_SUSPEND_FLAG"}}

// dmContents are count structs at data_start, within data_size bytes. Each has
// the offset of the next one.
type dmContents struct {
	name  string // for the remark on misplaced contents
	elem  *Struct
	count Num  // nil: up to the one whose next is 0
	each  int  // size of the elements that a member count counts
	cond  Cond // when the contents are shown; nil for always
}

var (
	dmTargets  = &dmContents{name: "struct dm_target_spec", elem: dmTargetSpec, count: Ref("target_count")}
	dmNames    = &dmContents{name: "struct dm_name_list", elem: dmNameList, cond: Test(dmAny)}
	dmVersions = &dmContents{name: "struct dm_target_versions", elem: dmTargetVersions, cond: Test(dmAny)}
	dmDeps     = &dmContents{name: "struct dm_target_deps", elem: dmTargetDeps, count: Const(1), each: 8, cond: Test(dmAny)}
	dmMessage  = &dmContents{name: "struct dm_target_msg", elem: dmTargetMsg, count: Const(1), cond: Test(dmAny)}
	dmString   = &dmContents{name: "string", elem: dmText, count: Const(1)}
	dmAnswer   = &dmContents{name: "string", elem: dmText, count: Const(1),
		cond: &Has{N: Ref("flags"), Set: &tables.DMFlags, Values: Names{"DM_DATA_OUT_FLAG"}}}
)

var dmText = &Struct{Fields: Fields{{"string", &Bytes{Len: Func(dmRoom), Kind: CutString}}}}

// dmAny reports whether there is room for data.
func dmAny(c *Call) bool { return Ref("data_start").Num(c) != Ref("data_size").Num(c) }

// show shows the contents that follow the struct at base.
func (t *dmContents) show(c *Call, base uint64) {
	start, size := Ref("data_start").Num(c), Ref("data_size").Num(c)
	head := uint64(t.elem.Layout(c.ABI).Size)
	left := uint64(1)
	if t.count != nil {
		left = t.count.Num(c)
	}
	switch {
	case left == 0:
		return
	case c.Abbrev:
		c.Out.More()
		return
	}
	for off, end := start, uint64(0); left > 0; left-- {
		c.Out.Elem()
		misplaced := off <= end && end > 0 || off+head > size
		end = off + head
		v, ok := View{}, false
		if !misplaced {
			if v, ok = c.ReadType(base+off, t.elem); !ok {
				c.Out.Addr(base + off)
				return
			}
			n, _ := t.elem.NumberIn(c, "count", v)
			misplaced = n*uint64(t.each) > size-end
		}
		if misplaced {
			c.Out.Text("???")
			c.Out.Comment(output.Note, "misplaced "+t.name)
			return
		}
		t.elem.Show(c, v)
		next, _ := t.elem.NumberIn(c, "next", v)
		if t.count == nil {
			if next == 0 {
				return
			}
			left++
		}
		if t == dmTargets && c.Exiting() {
			off = start // relative to the first struct
		}
		off += next
	}
}

// dmRoom returns the number of bytes available for the string at the end of the
// struct being shown.
func dmRoom(c *Call) uint64 {
	header, own := c.Frame(1), c.Frame(0)
	off := own.View.Addr + uint64(own.Struct.Layout(c.ABI).Size) - header.View.Addr
	return Ref("data_size").Num(c) - off
}

var dmTargetSpec = &Struct{Packed: true, Fields: Fields{
	{"sector_start", U64},
	{"length", U64},
	{"status", &When{If: Test((*Call).Exiting), Then: S32}},
	{"next", Hidden{U32}},
	{"target_type", CharArray(16)},
	{"string", &Bytes{Len: Func(dmRoom), Kind: CutString}},
}}

// Since version 4.37 the name of a device is followed by the number of the last
// event.
var dmNameList = &Struct{Packed: true, Fields: Fields{
	{"dev", Dev64},
	{"next", Hidden{U32}},
	{"name", &Bytes{Len: Func(dmRoom), Kind: CutString}},
	{"event_nr", &When{If: Test(func(c *Call) bool { _, ok := dmEvent(c); return ok }), Then: AtAddr(func(c *Call, _ uint64) {
		n, _ := dmEvent(c)
		c.Out.Number(n, output.Unsigned)
	})}},
}}

// dmEvent reads the number after the name of a device.
func dmEvent(c *Call) (uint64, bool) {
	const minor, version = 4, 37 // offset of version[1]
	header, own := c.Frame(1), c.Frame(0)
	if header.View.At(minor, 4).Uint(4) < version {
		return 0, false
	}
	name := own.View.Addr + uint64(len(own.View.B))
	b := c.Read(name, int(min(dmRoom(c), uint64(c.StringLimit)+1)))
	n := bytes.IndexByte(b, 0)
	at := AlignUp(int(name)+n+1, 8)
	if n < 0 || uint64(at)+4 > own.View.Addr+Ref("next").Num(c) {
		return 0, false
	}
	return c.ReadUint(uint64(at), 4)
}

var dmTargetVersions = &Struct{Of: &Struct{Packed: true, Fields: Fields{
	{"next", Hidden{U32}},
	{"version", &Array{Of: U32, N: 3, Whole: true}},
	{"name", &Bytes{Len: Func(dmRoom), Kind: CutString}},
}}, Pick: Names{"name", "version"}}

var dmTargetDeps = &Struct{Packed: true, Fields: Fields{{"count", U32}, {"_", U32}, {"deps", &List{Of: Dev64, Count: Ref("count")}}}}

var dmTargetMsg = &Struct{Packed: true, Fields: Fields{{"sector", U64}, {"message", &Bytes{Len: Func(dmRoom), Kind: CutString}}}}
