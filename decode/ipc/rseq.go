package ipc

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// rseqLeast is the size in bytes, and the alignment, of the first version of
// struct rseq (linux/rseq.h).
const rseqLeast = 32

const rseqSize = rseqLeast + 1 // bytes that have a meaning

// rseqPtr points to a struct rseq. It is shown only if its length and alignment
// are valid.
var rseqPtr = &Shown{As: Ulong, C: "struct rseq *", At: In, Sees: &Ptr{To: rseqKept}, By: func(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	size := Ref("rseq_len").Num(c)
	if addr%rseqLeast != 0 || size < rseqLeast {
		c.Out.Addr(addr)
		return
	}
	// The last member, which is reserved, is beyond the first version.
	whole := c.Alloc(rseqSize)
	clear(whole)
	b, ok := c.ReadAll(addr, int(min(size, rseqSize)))
	if addr == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	copy(whole, b)
	rseqArea.Show(c, View{B: whole, Addr: addr})
}}

// rseqKept has the rseqSize bytes that rseqPtr reads. What rseq_cs points to is not kept: it is
// shown if it is not null, which it is when a thread registers its area.
var rseqKept = &Struct{Fields: Fields{{"", X64}, {"rseq_cs", X64}, {"", X64}, {"", X64}, {"", X64}}, Points: func(k *Keeps, st *Struct) {
	k.Linked(KeepOp{Kind: KeepNull, When: BeforeCall, Arg: k.Struct(st, BeforeCall)("rseq_cs"), Count: Unbounded})
}}

var (
	rseqArea = &Struct{C: "rseq", Packed: true, Fields: Fields{
		{"cpu_id_start", rseqCPU{Int}}, {"cpu_id", rseqCPU{Int}}, {"rseq_cs", rseqCS{X64}},
		{"flags", &Flags{Set: &tables.RseqCsFlags}}, {"node_id", Uint}, {"mm_cid", Uint}, {"slice_ctrl", rseqSlice}, {"__reserved", X8},
	}}
	rseqSlice = &Struct{Fields: Fields{{"request", U8}, {"granted", U8}, {"__reserved", X16}}}
	// struct rseq_cs, a critical section
	rseqSection = &Struct{C: "rseq_cs", Fields: Fields{
		{"version", Uint}, {"flags", &Flags{Set: &tables.RseqCsFlags}},
		{"start_ip", X64}, {"post_commit_offset", X64}, {"abort_ip", X64},
	}}
)

// rseqCPU is the number of a processor, or one of two negative values.
type rseqCPU struct{ Number }

func (t rseqCPU) Show(c *Call, v View) {
	n := t.Value(c, v)
	if name, ok := tables.RseqCPUIDs.Lookup(n); ok {
		c.Out.Symbol(n, name, output.Signed)
		return
	}
	c.Out.Number(uint64(uint32(n)), output.Unsigned)
}

// rseqCS is the address of the critical section that the thread is in.
type rseqCS struct{ Number }

func (t rseqCS) Show(c *Call, v View) {
	raw := t.Value(c, v)
	addr := raw
	if c.WordSize() == 4 {
		addr = uint64(uint32(raw))
	}
	if addr != 0 {
		if section, ok := c.ReadType(addr, rseqSection); ok {
			rseqSection.Show(c, section)
			c.Out.Comment(output.Note, HexString(addr))
			return
		}
	}
	c.Out.Addr(raw)
}
