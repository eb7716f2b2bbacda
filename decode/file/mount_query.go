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
	mountRequest = &Struct{Fields: Fields{
		{"size", U32},
		{"mnt_ns_fd", FD},
		{"mnt_id", X64},
		{"param", &Flags{In: X64, Set: &tables.StatmountMask}},
		{"mnt_ns_id", X64},
	}}
	listRequest = &Struct{Fields: Fields{
		{"size", U32},
		{"mnt_ns_fd", FD},
		{"mnt_id", &Enum{In: X64, Set: &tables.ListmountIDs}},
		{"param", X64},
		{"mnt_ns_id", X64},
	}}
	// nsRequest is struct ns_id_req of listns(2).
	nsRequest = &Struct{Fields: Fields{
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

// statmount is struct statmount; mask says which members are filled. Strings
// lie behind it, at the offsets that the members have.
var statmount = &Struct{Fields: Fields{
	{"size", U32},
	{"mnt_opts", &When{If: mountHas("STATMOUNT_MNT_OPTS"), Then: Value32(showMountString)}},
	{"mask", &Flags{In: X64, Set: &tables.StatmountMask}},
	{"sb_dev_major", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: U32}},
	{"sb_dev_minor", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: U32}},
	{"sb_magic", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: &Enum{In: X64, Set: &tables.FsMagic}}},
	{"sb_flags", &When{If: mountHas("STATMOUNT_SB_BASIC"), Then: &Flags{Set: &tables.SuperblockFlags}}},
	{"fs_type", &When{If: mountHas("STATMOUNT_FS_TYPE"), Then: Value32(showMountString)}},
	{"mnt_id", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"mnt_parent_id", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"mnt_id_old", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X32}},
	{"mnt_parent_id_old", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X32}},
	{"mnt_attr", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: &Flags{In: X64, Set: &tables.MountAttr}}},
	{"mnt_propagation", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: &Flags{In: X64, Set: &tables.MountPropagationFlags}}},
	{"mnt_peer_group", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"mnt_master", &When{If: mountHas("STATMOUNT_MNT_BASIC"), Then: X64}},
	{"propagate_from", &When{If: mountHas("STATMOUNT_PROPAGATE_FROM"), Then: X64}},
	{"mnt_root", &When{If: mountHas("STATMOUNT_MNT_ROOT"), Then: Value32(showMountString)}},
	{"mnt_point", &When{If: mountHas("STATMOUNT_MNT_POINT"), Then: Value32(showMountString)}},
	{"mnt_ns_id", &When{If: mountHas("STATMOUNT_MNT_NS_ID"), Then: X64}},
	{"fs_subtype", &When{If: mountHas("STATMOUNT_FS_SUBTYPE"), Then: Value32(showMountString)}},
	{"sb_source", &When{If: mountHas("STATMOUNT_SB_SOURCE"), Then: Value32(showMountString)}},
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

// mountHas is the condition that mask has the bit with the name that is converted
// to it.
type mountHas string

// Holds implements Cond.
func (bit mountHas) Holds(c *Call) bool {
	return Ref("mask").Num(c)&ValueNamed(&tables.StatmountMask, string(bit)) != 0
}

// showStatmountBuf is a struct statmount of which the caller has room for a part.
func showStatmountBuf(c *Call, addr uint64) {
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
}

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

// showMountString is a string behind a struct statmount, by its offset.
func showMountString(c *Call, off uint32) {
	if b := mountStringAt(c, uint64(off)); len(b) > 0 {
		showString(c, b)
		return
	}
	c.Out.Number(uint64(off), output.Hex)
}

// mountStrings are several of them, one behind the other.
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

// listed are the ids that a call gave, no more than there was room for. Without
// room there are none, even if the call failed.
func listed(room Ref) Type { return &Out{To: &List{Of: X64, Count: listedIDs(room)}} }

// listedIDs is the number of ids that the kernel has written, or the room there
// was for them.
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
