package ioctl

import (
	"bytes"
	"strings"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Device mapper: linux/dm-ioctl.h, drivers/md/dm-ioctl.c. Every request has a
// struct dm_ioctl. What some take or give besides lies within the data_size
// bytes that begin with it: [{version=[4, 0, 0], ...}, {sector_start=0, ...}].

var dmIoctls = Ioctls{
	{"DM_VERSION DM_DEV_ARM_POLL", dmRequest(dmDevice, dmUse{}, dmUse{})},
	{"DM_REMOVE_ALL", dmRequest("", dmUse{}, dmUse{})},
	{"DM_LIST_DEVICES", dmRequest("data_start", dmUse{}, dmUse{"", dmNames})},
	{"DM_LIST_VERSIONS", dmRequest("data_start", dmUse{}, dmUse{"", dmVersions})},
	{"DM_DEV_CREATE DM_DEV_STATUS DM_TABLE_CLEAR", dmRequest(dmDevice, dmUse{}, dmUse{dmState, nil})},
	{"DM_DEV_REMOVE", dmRequest(dmDevice, dmUse{"event_nr", nil}, dmUse{})},
	{"DM_DEV_SUSPEND", dmRequest(dmDevice, dmUse{"event_nr", nil}, dmUse{dmState, nil})},
	{"DM_DEV_RENAME", dmRequest(dmDeviceData, dmUse{"event_nr", dmString}, dmUse{dmState, nil})},
	{"DM_DEV_SET_GEOMETRY", dmRequest(dmDeviceData, dmUse{"", dmString}, dmUse{})},
	{"DM_DEV_WAIT", dmRequest(dmDeviceData, dmUse{"event_nr", nil}, dmUse{dmState, dmTargets})},
	{"DM_TABLE_LOAD", dmRequest(dmDeviceData, dmUse{"target_count", dmTargets}, dmUse{dmState, nil})},
	{"DM_TABLE_STATUS", dmRequest(dmDeviceData, dmUse{}, dmUse{dmState, dmTargets})},
	{"DM_TABLE_DEPS", dmRequest(dmDeviceData, dmUse{}, dmUse{dmState, dmDeps})},
	{"DM_TARGET_MSG", dmRequest(dmDeviceData, dmUse{"", dmMessage}, dmUse{dmState, dmAnswer})},
}

// Members of struct dm_ioctl that requests use.
const (
	dmDevice     = "dev name uuid"
	dmDeviceData = "data_start dev name uuid"
	dmState      = "target_count open_count event_nr"
)

// dmUse is what a request takes or gives: members of the struct besides those
// that it always uses, and what is behind it.
type dmUse struct {
	members string
	data    *dmContents
}

// dmRequest is the argument of a request, with the members that it always uses.
func dmRequest(members string, in, out dmUse) Type {
	part := func(use dmUse) dmPart {
		names := strings.Fields("version data_size " + members + " " + use.members + " flags")
		return dmPart{dmIoctl.Pick(names...), use.data}
	}
	return &dmArg{WordLayout(), part(in), part(out)}
}

type dmArg struct {
	Layouts
	in, out dmPart
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
	t.in.show(c, m)
}

// Finish shows what has become of the struct unless the request failed and has
// left it as it was.
func (t *dmArg) Finish(c *Call, v View) {
	m, ok := dmRead(c, v.Uint(c.WordSize()))
	before, was := c.Recall(m)
	if !ok || !was || c.Failed() && dmSame(m, View{B: before, Addr: m.Addr}) {
		return
	}
	c.Out.Changed()
	t.out.show(c, m)
}

// dmSame compares the members that a request which fails may change.
func dmSame(a, b View) bool {
	const versionToStart, flags = 20, 28 // size and offset
	return bytes.Equal(a.B[:versionToStart], b.B[:versionToStart]) && a.At(flags, 4).Uint(4) == b.At(flags, 4).Uint(4)
}

// dmRead reads the struct at addr, if it is one.
func dmRead(c *Call, addr uint64) (View, bool) {
	const sizeEnd = 12 // offset of data_size: less is no struct dm_ioctl
	v, ok := c.ReadType(addr, dmIoctl)
	if !ok {
		return v, false
	}
	size, _ := dmIoctl.NumberIn(c, "data_size", v)
	return v, size >= sizeEnd
}

// dmPart is the struct and what is behind it.
type dmPart struct {
	header *StructType
	data   *dmContents
}

func (t *dmPart) show(c *Call, v View) {
	c.Out.BeginArray()
	c.Out.Elem()
	t.header.Show(c, v)
	if t.data != nil && !c.Failed() && c.Push(t.header, v) {
		if dmKnown(c) && (t.data.cond == nil || t.data.cond(c)) {
			t.data.show(c, v.Addr)
		}
		c.Pop()
	}
	c.Out.EndArray()
}

// dmHeaderSize is the offset of data in struct dm_ioctl.
const dmHeaderSize = 305

// dmIoctl is struct dm_ioctl without data. Of another version only the number
// is known.
var dmIoctl = Packed(Fields{
	{"version", ShownAs(WholeArray(U32, 3), func(c *Call, v View) {
		WholeArray(U32, 3).Show(c, v)
		if !dmVersionKnown(c) {
			c.Out.Comment(output.Note, "unsupported device mapper ABI version")
		}
	})},
	{"data_size", When(dmVersionKnown, ValueOf(U32, func(c *Call, v uint64) {
		c.Out.Number(v, output.Unsigned)
		if v < dmHeaderSize {
			c.Out.Comment(output.Note, "data_size too small")
		}
	}))},
	{"data_start", When(dmKnown, U32)},
	{"target_count", When(All(dmKnown, Succeeded), U32)},
	{"open_count", When(All(dmKnown, Succeeded), U32)},
	{"flags", When(dmKnown, Flags(tables.DMFlags))},
	{"event_nr", When(All(dmKnown, Succeeded, dmHasEvent), U32)},
	{"_", U32},
	{"dev", When(All(dmKnown, Not(Is(Ref("dev"), 0))), Dev64)},
	{"name", When(All(dmKnown, dmIsNamed("name")), CharArray(128))},
	{"uuid", When(All(dmKnown, dmIsNamed("uuid")), CharArray(129))},
})

// dmVersionKnown says that the struct being shown has a version that is known,
// dmKnown that it is also whole.
func dmVersionKnown(c *Call) bool {
	const major = 4 // DM_VERSION_MAJOR
	f := c.Frame(0)
	return f.View.Uint(4) == major
}

func dmKnown(c *Call) bool { return dmVersionKnown(c) && Ref("data_size").Num(c) >= dmHeaderSize }

func dmIsNamed(member string) Cond {
	return func(c *Call) bool {
		f := c.Frame(0)
		return f.Struct.Member(c, member, f.View).Uint(1) != 0
	}
}

// dmHasEvent says that event_nr has a meaning: not when a device is to be
// suspended, but when it is to go on again.
func dmHasEvent(c *Call) bool {
	const suspend = 6 // DM_DEV_SUSPEND_CMD
	return c.Exiting() || IocNR(uint32(c.Args[1])) != suspend || !HasNamed(Ref("flags"), tables.DMFlags, "DM_SUSPEND_FLAG")(c)
}

// dmContents is what lies at data_start, within data_size bytes of the struct:
// count structs, each of which tells where the next one begins.
type dmContents struct {
	name  string // for what is somewhere else
	elem  *StructType
	count Num  // nil: up to one whose next is 0
	each  int  // bytes of what a member called count counts
	cond  Cond // nil, or when it is there
}

var (
	dmTargets  = &dmContents{name: "struct dm_target_spec", elem: dmTargetSpec, count: Ref("target_count")}
	dmNames    = &dmContents{name: "struct dm_name_list", elem: dmNameList, cond: dmAny}
	dmVersions = &dmContents{name: "struct dm_target_versions", elem: dmTargetVersions, cond: dmAny}
	dmDeps     = &dmContents{name: "struct dm_target_deps", elem: dmTargetDeps, count: Const(1), each: 8, cond: dmAny}
	dmMessage  = &dmContents{name: "struct dm_target_msg", elem: dmTargetMsg, count: Const(1), cond: dmAny}
	dmString   = &dmContents{name: "string", elem: Struct(Fields{{"string", CutStr(dmRoom)}}), count: Const(1)}
	dmAnswer   = &dmContents{name: "string", elem: dmString.elem, count: Const(1),
		cond: HasNamed(Ref("flags"), tables.DMFlags, "DM_DATA_OUT_FLAG")}
)

// dmAny says that there is room for data.
func dmAny(c *Call) bool { return Ref("data_start").Num(c) != Ref("data_size").Num(c) }

// show shows the contents behind the struct at base.
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
			off = start // the kernel counts from the first
		}
		off += next
	}
}

// dmRoom is how many bytes there are for the string at the end of the struct
// being shown.
var dmRoom = Func(func(c *Call) uint64 {
	header, own := c.Frame(1), c.Frame(0)
	off := own.View.Addr + uint64(own.Struct.Layout(c.ABI).Size) - header.View.Addr
	return Ref("data_size").Num(c) - off
})

var dmTargetSpec = Packed(Fields{
	{"sector_start", U64},
	{"length", U64},
	{"status", When((*Call).Exiting, S32)},
	{"next", Unseen(U32)},
	{"target_type", CharArray(16)},
	{"string", CutStr(dmRoom)},
})

// The number of the last event follows the name of a device since version 4.37.
var dmNameList = Packed(Fields{
	{"dev", Dev64},
	{"next", Unseen(U32)},
	{"name", CutStr(dmRoom)},
	{"event_nr", When(func(c *Call) bool { _, ok := dmEvent(c); return ok }, AtAddr(func(c *Call, _ uint64) {
		n, _ := dmEvent(c)
		c.Out.Number(n, output.Unsigned)
	}))},
})

// dmEvent reads the number behind the name of a device.
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

var dmTargetVersions = Packed(Fields{
	{"next", Unseen(U32)},
	{"version", WholeArray(U32, 3)},
	{"name", CutStr(dmRoom)},
}).Pick("name", "version")

var dmTargetDeps = Packed(Fields{{"count", U32}, {"_", U32}, {"deps", Array(Dev64, Ref("count"))}})

var dmTargetMsg = Packed(Fields{{"sector", U64}, {"message", CutStr(dmRoom)}})
