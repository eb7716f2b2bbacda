package file

import (
	"bytes"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Asking about mounts and namespaces: fs/namespace.c, fs/nsfs.c.

// mountRequest is struct mnt_id_req of statmount(2), listRequest that of
// listmount(2), where param is the last mount listed.
var (
	mountRequest = Struct(Fields{
		{"size", U32},
		{"mnt_ns_fd", FD},
		{"mnt_id", X64},
		{"param", FlagsOf(X64, tables.StatmountMask)},
		{"mnt_ns_id", X64},
	})
	listRequest = Struct(Fields{
		{"size", U32},
		{"mnt_ns_fd", FD},
		{"mnt_id", EnumOf(X64, tables.ListmountIDs)},
		{"param", X64},
		{"mnt_ns_id", X64},
	})
	// nsRequest is struct ns_id_req of listns(2).
	nsRequest = Struct(Fields{
		{"size", U32},
		Reserved("spare", X32),
		{"ns_id", X64},
		{"ns_type", FlagsOf(X32, tables.NamespaceTypes)},
		Reserved("spare2", X32),
		{"user_ns_id", EnumOf(X64, tables.ListnsUsers)},
	})
)

// Sizes of the first versions of these structs.
const (
	mountRequestLeast = 24
	nsRequestLeast    = 32
)

// statmount is struct statmount; mask says which members are filled. Strings
// lie behind it, at the offsets that the members have.
var statmount = Struct(Fields{
	{"size", U32},
	{"mnt_opts", inMount("STATMOUNT_MNT_OPTS", mountString)},
	{"mask", FlagsOf(X64, tables.StatmountMask)},
	{"sb_dev_major", inMount("STATMOUNT_SB_BASIC", U32)},
	{"sb_dev_minor", inMount("STATMOUNT_SB_BASIC", U32)},
	{"sb_magic", inMount("STATMOUNT_SB_BASIC", EnumOf(X64, tables.FsMagic))},
	{"sb_flags", inMount("STATMOUNT_SB_BASIC", Flags(tables.SuperblockFlags))},
	{"fs_type", inMount("STATMOUNT_FS_TYPE", mountString)},
	{"mnt_id", inMount("STATMOUNT_MNT_BASIC", X64)},
	{"mnt_parent_id", inMount("STATMOUNT_MNT_BASIC", X64)},
	{"mnt_id_old", inMount("STATMOUNT_MNT_BASIC", X32)},
	{"mnt_parent_id_old", inMount("STATMOUNT_MNT_BASIC", X32)},
	{"mnt_attr", inMount("STATMOUNT_MNT_BASIC", FlagsOf(X64, tables.MountAttr))},
	{"mnt_propagation", inMount("STATMOUNT_MNT_BASIC", FlagsOf(X64, tables.MountPropagationFlags))},
	{"mnt_peer_group", inMount("STATMOUNT_MNT_BASIC", X64)},
	{"mnt_master", inMount("STATMOUNT_MNT_BASIC", X64)},
	{"propagate_from", inMount("STATMOUNT_PROPAGATE_FROM", X64)},
	{"mnt_root", inMount("STATMOUNT_MNT_ROOT", mountString)},
	{"mnt_point", inMount("STATMOUNT_MNT_POINT", mountString)},
	{"mnt_ns_id", inMount("STATMOUNT_MNT_NS_ID", X64)},
	{"fs_subtype", inMount("STATMOUNT_FS_SUBTYPE", mountString)},
	{"sb_source", inMount("STATMOUNT_SB_SOURCE", mountString)},
	{"opt_num", inMount("STATMOUNT_OPT_ARRAY", U32)},
	{"opt_array", inMount("STATMOUNT_OPT_ARRAY", mountStrings("opt_num"))},
	{"opt_sec_num", inMount("STATMOUNT_OPT_SEC_ARRAY", U32)},
	{"opt_sec_array", inMount("STATMOUNT_OPT_SEC_ARRAY", mountStrings("opt_sec_num"))},
	{"supported_mask", inMount("STATMOUNT_SUPPORTED_MASK", FlagsOf(X64, tables.StatmountMask))},
	{"mnt_uidmap_num", inMount("STATMOUNT_MNT_UIDMAP", U32)},
	{"mnt_uidmap", inMount("STATMOUNT_MNT_UIDMAP", mountStrings("mnt_uidmap_num"))},
	{"mnt_gidmap_num", inMount("STATMOUNT_MNT_GIDMAP", U32)},
	{"mnt_gidmap", inMount("STATMOUNT_MNT_GIDMAP", mountStrings("mnt_gidmap_num"))},
	{"_", Pad(43 * 8)},
})

// statmountSize is the size of struct statmount in bytes, without the strings.
const statmountSize = 512

func inMount(bit string, t Type) Type {
	return When(HasNamed(Ref("mask"), tables.StatmountMask, bit), t)
}

// statmountBuf is a struct statmount of which the caller has room for a part.
var statmountBuf = AtAddr(func(c *Call, addr uint64) {
	room := Ref("bufsize").Num(c)
	b, ok := c.ReadAll(addr, int(min(room, statmountSize)))
	if !ok || len(b) < 4 {
		c.Out.Addr(addr)
		return
	}
	// Members that there is no room for are shown as zero.
	whole := c.Alloc(statmountSize)
	clear(whole[copy(whole, b):])
	statmount.Show(c, View{B: whole, Addr: addr})
})

// mountStringsMax is the most of the strings behind a struct statmount that is
// read, in bytes.
const mountStringsMax = 3 * PathMax

// mountStringAt gives what lies behind the struct statmount being shown, from
// an offset on. It is empty if nothing does, or the offset is beyond the end.
func mountStringAt(c *Call, off uint64) []byte {
	st := c.Frame(0).View
	size := st.Uint(4)
	if size <= statmountSize || size > Ref("bufsize").Num(c) {
		return nil
	}
	b, ok := c.ReadAll(st.Addr+statmountSize, int(min(size-statmountSize, mountStringsMax)))
	if !ok || off >= uint64(len(b)) {
		return nil
	}
	return b[off:]
}

// showString shows the string at the start of b, which may lack its NUL, and
// gives what follows it.
func showString(c *Call, b []byte) (rest []byte) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		c.Out.Str(output.Plain, b[:i], false)
		return b[i+1:]
	}
	c.Out.Str(output.Plain, b[:max(0, len(b)-1)], true)
	return nil
}

// mountString is a string behind a struct statmount, by its offset.
var mountString Type = Value32(func(c *Call, off uint32) {
	if b := mountStringAt(c, uint64(off)); len(b) > 0 {
		showString(c, b)
		return
	}
	c.Out.Number(uint64(off), output.Hex)
})

// mountStrings are several of them, one behind the other.
func mountStrings(count Ref) Type {
	return Value32(func(c *Call, off uint32) {
		b := mountStringAt(c, uint64(off))
		if len(b) == 0 {
			c.Out.Number(uint64(off), output.Hex)
			return
		}
		n := int(count.Num(c))
		c.Out.BeginArray()
		i := 0
		for ; i < n && len(b) > 0; i++ {
			if c.Abbrev && i >= c.StringLimit {
				c.Out.More()
				break
			}
			c.Out.Elem()
			b = showString(c, b)
		}
		if i < n && len(b) == 0 {
			c.Out.Elem()
			c.Out.Text("???")
		}
		c.Out.EndArray()
	})
}

// listed are the ids that a call gave, no more than there was room for. Without
// room there are none, even if the call failed.
func listed(room Ref) Type {
	return Out(Array(X64, Func(func(c *Call) uint64 {
		if c.Failed() {
			return room.Num(c)
		}
		return min(Result.Num(c), room.Num(c))
	})))
}

var mountQueryCalls = Calls{
	{"statmount", Args{{"req", Ptr(SelfSized(mountRequest, mountRequestLeast))}, {"buf", Out(statmountBuf)},
		{"bufsize", Size}, {"flags", Flags(tables.StatmountFlags)}}, RetUnsigned},
	{"listmount", Args{{"req", Ptr(SelfSized(listRequest, mountRequestLeast))}, {"mnt_ids", listed("nr_mnt_ids")},
		{"nr_mnt_ids", Size}, {"flags", Flags(tables.ListmountFlags)}}, RetUnsigned},
	{"listns", Args{{"req", Ptr(SelfSized(nsRequest, nsRequestLeast))}, {"ns_ids", listed("nr_ns_ids")},
		{"nr_ns_ids", Size}, {"flags", X32}}, RetUnsigned},
}
