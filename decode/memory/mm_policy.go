package memory

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// NUMA placement of memory: mm/mempolicy.c, mm/migrate.c.

var mmPolicyCalls = Calls{
	{"mbind", Args{
		{"addr", Addr}, {"len", Size}, {"mode", mempolicy{Xlong}}, {"nodemask", &Ptr{To: nodemask}}, {"maxnode", Ulong},
		{"flags", &Flags{Set: &tables.MbindFlags}},
	}, RetUnsigned},
	{"set_mempolicy", Args{{"mode", mempolicy{X32}}, {"nodemask", &Ptr{To: nodemask}}, {"maxnode", Ulong}}, RetUnsigned},
	{"get_mempolicy", Args{
		{"mode", &Out{To: &Enum{Set: &tables.Mempolicy}}}, {"nodemask", &Out{To: nodemask}}, {"maxnode", Ulong}, {"addr", Addr},
		{"flags", &Flags{In: Xlong, Set: &tables.MempolicyGet}},
	}, RetUnsigned},
	{"set_mempolicy_home_node", Args{{"start", Addr}, {"len", Ulong}, {"home_node", Ulong}, {"flags", Xlong}}, RetUnsigned},
	{"migrate_pages", Args{
		{"pid", PIDOf(ThreadGroup)}, {"maxnode", Ulong}, {"old_nodes", &Ptr{To: nodemask}}, {"new_nodes", &Ptr{To: nodemask}},
	}, RetUnsigned},
	{"move_pages", Args{
		{"pid", PIDOf(ThreadGroup)}, {"count", Ulong}, {"pages", &Ptr{To: &List{Of: Addr, Count: Ref("count")}}}, {"nodes", &Ptr{To: &List{Of: Int, Count: Ref("count")}}},
		{"status", &Out{To: &List{Of: pageStatus{Int}, Count: Ref("count")}}}, {"flags", &Flags{Set: &tables.MovePagesFlags}},
	}, RetUnsigned},
}

// nodemask is an array of longs with one bit for each of maxnode-1 nodes.
var nodemask = &List{Of: Mask, Count: Func(func(c *Call) uint64 {
	most := Ref("maxnode").Num(c)
	bits := uint64(8 * c.WordSize())
	n := (most + bits - 2) / bits
	if n < most/bits || most != 0 && n == 0 {
		return NoArray
	}
	return n
})}

// mempolicy is a policy, combined with flags.
type mempolicy struct{ Number }

const mempolicyFlags = tables.MPOL_F_STATIC_NODES | tables.MPOL_F_RELATIVE_NODES | tables.MPOL_F_NUMA_BALANCING

func (t mempolicy) Show(c *Call, v View) {
	word := t.Value(c, v)
	mode, flags := word&^mempolicyFlags, word&mempolicyFlags
	if flags == 0 {
		c.Out.Enum(mode, &tables.Mempolicy, output.Hex)
		return
	}
	name, ok := tables.Mempolicy.Lookup(mode)
	if !ok {
		c.Out.Flags(word, &tables.MempolicyMode, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(word, output.Hex)
	c.Out.Named(output.InComment)
	c.Out.Text(name)
	c.Out.Join(output.Or)
	c.Out.Flags(flags, &tables.MempolicyMode, output.Hex)
	c.Out.EndNamed()
}

// pageStatus is the node of a page, or a negative errno.
type pageStatus struct{ Number }

func (t pageStatus) Show(c *Call, v View) {
	ShowNegativeErrno(c, int64(t.Value(c, v)))
}
