package file

import (
	"bytes"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Queries about mounts and namespaces: fs/namespace.c, fs/nsfs.c.

// mountRequest is struct mnt_id_req of statmount(2). listRequest is that of
// listmount(2), in which param is the last mount listed so far.
var (
	mountRequest = &Struct{C: "mnt_id_req", Fields: Fields{
		{"size", U32},
		{"mnt_ns_fd", FD},
		{"mnt_id", X64},
		{"param", &Flags{In: X64, Set: &tables.StatmountMask}},
		{"mnt_ns_id", X64},
	}}
	listRequest = &Struct{C: "mnt_id_req", Fields: Fields{
		{"size", U32},
		{"mnt_ns_fd", FD},
		{"mnt_id", &Enum{In: X64, Set: &tables.ListmountIDs}},
		{"param", X64},
		{"mnt_ns_id", X64},
	}}
	// nsRequest is struct ns_id_req of listns(2).
	nsRequest = &Struct{C: "ns_id_req", Fields: Fields{
		{"size", U32},
		{"spare", Reserved{X32}},
		{"ns_id", X64},
		{"ns_type", &Flags{In: X32, Set: &tables.NamespaceTypes}},
		{"spare2", Reserved{X32}},
		{"user_ns_id", &Enum{In: X64, Set: &tables.ListnsUsers}},
	}}
)

// Sizes of the first versions of these structs.
const (
	mountRequestLeast = 24
	nsRequestLeast    = 32
)

// statmount is struct statmount. Its member mask tells which members are filled.
// Some members are offsets of strings that follow the struct.
var statmount = &Struct{C: "statmount", Fields: Fields{
	{"size", U32},
	{"mnt_opts", &When{If: mountHas("STATMOUNT_MNT_OPTS"), Then: &Value{By: showMountString}}},
	{"mask", &Flags{In: X64, Set: &tables.StatmountMask}},
	{"sb_dev_major", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: U32}},
	{"sb_dev_minor", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: U32}},
	{"sb_magic", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: &Enum{In: X64, Set: &tables.FsMagic}}},
	{"sb_flags", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: &Flags{Set: &tables.SuperblockFlags}}},
	{"fs_type", &When{If: mountHas("STATMOUNT_FS_TYPE"), Then: &Value{By: showMountString}}},
	{"mnt_id", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"mnt_parent_id", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"mnt_id_old", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X32}},
	{"mnt_parent_id_old", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X32}},
	{"mnt_attr", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: &Flags{In: X64, Set: &tables.MountAttr}}},
	{"mnt_propagation", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: &Flags{In: X64, Set: &tables.MountPropagationFlags}}},
	{"mnt_peer_group", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"mnt_master", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"propagate_from", &When{If: mountHas("STATMOUNT_PROPAGATE_FROM"), Then: X64}},
	{"mnt_root", &When{If: mountHas("STATMOUNT_MNT_ROOT"), Then: &Value{By: showMountString}}},
	{"mnt_point", &When{If: mountHas("STATMOUNT_MNT_POINT"), Then: &Value{By: showMountString}}},
	{"mnt_ns_id", &When{If: mountHas("STATMOUNT_MNT_NS_ID"), Then: X64}},
	{"fs_subtype", &When{If: mountHas("STATMOUNT_FS_SUBTYPE"), Then: &Value{By: showMountString}}},
	{"sb_source", &When{If: mountHas("STATMOUNT_SB_SOURCE"), Then: &Value{By: showMountString}}},
	{"opt_num", &When{If: mountHas("STATMOUNT_OPT_ARRAY"), Then: U32}},
	{"opt_array", &When{If: mountHas("STATMOUNT_OPT_ARRAY"), Then: mountStrings("opt_num")}},
	{"opt_sec_num", &When{If: mountHas("STATMOUNT_OPT_SEC_ARRAY"), Then: U32}},
	{"opt_sec_array", &When{If: mountHas("STATMOUNT_OPT_SEC_ARRAY"), Then: mountStrings("opt_sec_num")}},
	{"supported_mask", &When{If: mountHas("STATMOUNT_SUPPORTED_MASK"), Then: &Flags{In: X64, Set: &tables.StatmountMask}}},
	{"mnt_uidmap_num", &When{If: mountHas("STATMOUNT_MNT_UIDMAP"), Then: U32}},
	{"mnt_uidmap", &When{If: mountHas("STATMOUNT_MNT_UIDMAP"), Then: mountStrings("mnt_uidmap_num")}},
	{"mnt_gidmap_num", &When{If: mountHas("STATMOUNT_MNT_GIDMAP"), Then: U32}},
	{"mnt_gidmap", &When{If: mountHas("STATMOUNT_MNT_GIDMAP"), Then: mountStrings("mnt_gidmap_num")}},
	{"_", Pad(43 * 8)},
}}

// statmountSize is the size of struct statmount in bytes, without the strings.
const statmountSize = 512

// mountHas is the condition that mask has the named bit.
type mountHas string

// Holds implements Cond.
func (bit mountHas) Holds(c *Call) bool {
	return Ref("mask").Num(c)&ValueNamed(&tables.StatmountMask, string(bit)) != 0
}

// showStatmountBuf shows a struct statmount. The caller's buffer may be too small
// for all of it.
func showStatmountBuf(c *Call, addr uint64) {
	room := Ref("bufsize").Num(c)
	b, ok := c.ReadAll(addr, int(min(room, statmountSize)))
	if !ok || len(b) < 4 {
		c.Out.Addr(addr)
		return
	}
	// Members beyond the end of the buffer are shown as zero.
	whole := c.Alloc(statmountSize)
	clear(whole[copy(whole, b):])
	statmount.Show(c, View{B: whole, Addr: addr})
}

// mountStringsMax limits how many bytes of the strings after a struct statmount
// are read.
const mountStringsMax = 3 * PathMax

// mountStringAt returns the bytes that follow the struct statmount being shown,
// starting at an offset. It returns nothing if the offset is beyond the end.
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
// returns what follows it.
func showString(c *Call, b []byte) (rest []byte) {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		c.Out.Str(output.Plain, b[:i], false)
		return b[i+1:]
	}
	c.Out.Str(output.Plain, b[:max(0, len(b)-1)], true)
	return nil
}

// showMountString shows a string that follows a struct statmount, given its
// offset.
func showMountString(c *Call, off uint64) {
	if b := mountStringAt(c, off); len(b) > 0 {
		showString(c, b)
		return
	}
	c.Out.Number(off, output.Hex)
}

// mountStrings is the offset of several consecutive strings. Their number is
// another member.
type mountStrings Ref

// Layout implements Type.
func (mountStrings) Layout(abi tables.ABI) Layout { return U32.Layout(abi) }

func (count mountStrings) Show(c *Call, v View) {
	off := uint32(v.Uint(4))
	b := mountStringAt(c, uint64(off))
	if len(b) == 0 {
		c.Out.Number(uint64(off), output.Hex)
		return
	}
	n := int(Ref(count).Num(c))
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
}

// listed is the array of ids that a call has returned, limited to the size of the
// caller's buffer. If that is 0 the array is empty, even if the call failed.
func listed(room Ref) Type { return &Out{To: &List{Of: X64, Count: listedIDs(room)}} }

// listedIDs is the number of ids that the kernel has written. It does not exceed
// the size of the caller's buffer.
type listedIDs Ref

// Num implements Num.
func (room listedIDs) Num(c *Call) uint64 {
	if c.Failed() {
		return Ref(room).Num(c)
	}
	return min(Result.Num(c), Ref(room).Num(c))
}

var mountQueryCalls = Calls{
	{"statmount", Args{{"req", &Ptr{To: &Extensible{Of: mountRequest, Least: mountRequestLeast}}}, {"buf", &Out{To: AtAddr(showStatmountBuf)}},
		{"bufsize", Size}, {"flags", &Flags{Set: &tables.StatmountFlags}}}, RetUnsigned},
	{"listmount", Args{{"req", &Ptr{To: &Extensible{Of: listRequest, Least: mountRequestLeast}}}, {"mnt_ids", listed("nr_mnt_ids")},
		{"nr_mnt_ids", Size}, {"flags", &Flags{Set: &tables.ListmountFlags}}}, RetUnsigned},
	{"listns", Args{{"req", &Ptr{To: &Extensible{Of: nsRequest, Least: nsRequestLeast}}}, {"ns_ids", listed("nr_ns_ids")},
		{"nr_ns_ids", Size}, {"flags", X32}}, RetUnsigned},
}
