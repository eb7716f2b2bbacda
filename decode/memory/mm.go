package memory

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Address spaces: mm/mmap.c, mm/mprotect.c, mm/mremap.c, mm/madvise.c,
// mm/mlock.c, mm/mincore.c, mm/mseal.c, mm/secretmem.c, arch/x86/kernel/shstk.c.

var mmCalls = Calls{
	{"brk", Args{{"addr", Addr}}, RetAddr},
	{"munmap", Args{{"addr", Addr}, {"length", Size}}, RetUnsigned},
	{"mprotect", Args{{"addr", Addr}, {"length", Size}, {"prot", mmapProt}}, RetUnsigned},
	{"pkey_mprotect", Args{{"addr", Addr}, {"length", Size}, {"prot", mmapProt}, {"pkey", Int}}, RetUnsigned},
	{"pkey_alloc", Args{{"flags", Xlong}, {"access_rights", &Flags{In: Xlong, Set: &tables.PkeyAccess}}}, RetUnsigned},
	{"pkey_free", Args{{"pkey", Int}}, RetUnsigned},
	{"mremap", Args{
		{"old_address", Addr}, {"old_size", Size}, {"new_size", Size}, {"flags", &Flags{In: Xlong, Set: &tables.MremapFlags}},
		{"new_address", &When{If: Test(mremapMoves), Then: Addr}},
	}, RetAddr},
	{"madvise", Args{{"addr", Addr}, {"length", Size}, {"advice", &Enum{Set: &tables.Madvise}}}, RetUnsigned},
	{"process_madvise", Args{
		{"pidfd", FD}, {"iovec", &Ptr{To: &Iovecs{Count: Ref("n"), Bare: true}}}, {"n", Size}, {"advice", &Enum{Set: &tables.ProcessMadviseAdvice}}, {"flags", X32},
	}, RetUnsigned},
	{"process_mrelease", Args{{"pidfd", FD}, {"flags", X32}}, RetUnsigned},
	{"msync", Args{{"addr", Addr}, {"length", Size}, {"flags", &Flags{Set: &tables.MsyncFlags}}}, RetUnsigned},
	{"mlock munlock", Args{{"addr", Addr}, {"length", Size}}, RetUnsigned},
	{"mlock2", Args{{"addr", Addr}, {"length", Size}, {"flags", &Flags{Set: &tables.MlockFlags}}}, RetUnsigned},
	{"mlockall", Args{{"flags", &Flags{Set: &tables.MlockallFlags}}}, RetUnsigned},
	{"munlockall", Args{}, RetUnsigned},
	{"mincore", Args{{"addr", Addr}, {"length", Size}, {"vec", &Out{To: &List{Of: residency{U8}, Count: pagesOf("length")}}}}, RetUnsigned},
	{"remap_file_pages", Args{{"addr", Addr}, {"size", Size}, {"prot", mmapProt}, {"pgoff", Ulong}, {"flags", mmapFlags}}, RetUnsigned},
	{"mseal", Args{{"addr", Addr}, {"length", Size}, {"flags", Xlong}}, RetUnsigned},
	{"map_shadow_stack", Args{{"addr", Addr}, {"len", Ulong}, {"flags", &Flags{Set: &tables.ShadowStack}}}, RetAddr},
	{"memfd_secret", Args{{"flags", memfdSecretFlags}}, RetFD},
}

var mmCalls64 = Calls{
	{"mmap", Args{{"addr", Addr}, {"length", Size}, {"prot", mmapProt}, {"flags", mmapFlags}, {"fd", mappedFD}, {"offset", Xlong}}, RetAddr},
}

// The old mmap takes its arguments in memory. The offset of mmap2 is in pages.
var mmCallsI386 = Calls{
	{"mmap", Args{{"", &Rest{By: oldMmapArgs, Among: []*Desc{mmapUnreadable}, All: func(add func(*Desc)) { add(mmapInMemory) }}}}, RetAddr},
	{"mmap2", Args{{"addr", Addr}, {"length", Size}, {"prot", mmapProt}, {"flags", mmapFlags}, {"fd", mappedFD}, {"offset", pageOffset{Ulong}}}, RetAddr},
}

// memfdSecretFlags shows zero as a plain number.
var memfdSecretFlags = &Value{In: X32, By: func(c *Call, flags uint64) {
	if flags == 0 {
		c.Out.Number(0, output.Hex)
	} else {
		c.Out.Flags(flags, &tables.MemfdSecretFlags, output.Hex)
	}
}}

// mappedFD is the file that mmap maps. What is written to a shared mapping is written
// to the file.
var mappedFD = &Descriptor{Number: Int, Use: FDMapped, For: func(c *Call) FDUse {
	const shared = 1 // in MAP_SHARED and MAP_SHARED_VALIDATE, and in no other type
	if Ref("prot").Num(c)&tables.PROT_WRITE != 0 && Ref("flags").Num(c)&shared != 0 {
		return FDWritten
	}
	return 0
}}

// mmapProt is the protection of pages.
var mmapProt = &Flags{In: Xlong, Set: &tables.MmapProt}

// mmapFlags are the flags of mmap: the type of the mapping, single bits, and the
// logarithm of the size of huge pages.
var mmapFlags = &Flags{In: Xlong, Set: &tables.MapFlags, Named: true, Ignored: ^uint64(1<<32 - 1), Parts: []Part{
	{Mask: tables.MAP_TYPE, Set: &tables.MapTypes, Zero: true, First: true},
	{Mask: tables.MAP_HUGE_MASK << tables.MAP_HUGE_SHIFT, Base: output.Unsigned, Shift: "MAP_HUGE_SHIFT"},
}}

func mremapMoves(c *Call) bool {
	flags := Ref("flags").Num(c)
	return flags&(tables.MREMAP_FIXED|tables.MREMAP_DONTUNMAP) != 0 && flags&tables.MREMAP_MAYMOVE != 0
}

// pagesOf is the number of pages that the length in an argument covers, rounded
// up.
type pagesOf Ref

// Num implements Num.
func (arg pagesOf) Num(c *Call) uint64 {
	n := Ref(arg).Num(c)
	return n/PageSize + (n%PageSize+PageSize-1)/PageSize
}

// KeepNum implements keptNum of package lang.
func (arg pagesOf) KeepNum(k *Keeps, op *KeepOp) bool {
	op.Shift = 12
	return k.Count(op, Ref(arg))
}

// residency is a byte whose lowest bit says whether a page is in memory.
type residency struct{ Number }

func (t residency) Show(c *Call, v View) { c.Out.Number(t.Value(c, v)&1, output.Unsigned) }

// pageOffset is a file offset counted in pages, shown in bytes.
type pageOffset struct{ Number }

func (t pageOffset) Show(c *Call, v View) { c.Out.Number(t.Value(c, v)*PageSize, output.Hex) }

var (
	mmapInMemory = &Desc{"", Args{
		{"addr", Addr}, {"length", Size}, {"prot", mmapProt}, {"flags", mmapFlags}, {"fd", mappedFD}, {"offset", Xlong},
	}, nil}
	mmapUnreadable = &Desc{"", Args{{"addr", Addr}}, nil}
)

// oldMmapArgs chooses the description: it depends on whether the six arguments
// can be read.
func oldMmapArgs(c *Call) *Desc {
	if c.ArgsFromMemory(6) {
		return mmapInMemory
	}
	return mmapUnreadable
}
