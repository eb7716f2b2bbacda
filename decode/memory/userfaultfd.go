package memory

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Page faults handled by programs: fs/userfaultfd.c, linux/userfaultfd.h.

var userfaultfdCalls = Calls{
	{"userfaultfd", Args{{"flags", &Flags{Set: &tables.UserfaultfdFlags}}}, RetFD},
}

var uffdIoctls = Ioctls{
	{"UFFDIO_API", &Fill{In: &Struct{Of: uffdioAPI, Pick: Names{"api", "features"}}, Again: &Value{In: X64, By: showUffdFeaturesNow}, Out: &Struct{Of: uffdioAPI, Pick: Names{"ioctls"}}}},
	{"UFFDIO_COPY", &Fill{In: &Struct{Of: uffdioCopy, Pick: Names{"dst", "src", "len", "mode"}}, Out: &Struct{Of: uffdioCopy, Pick: Names{"copy"}}}},
	{"UFFDIO_REGISTER", &Fill{In: &Struct{Of: uffdioRegister, Pick: Names{"range", "mode"}}, Out: &Struct{Of: uffdioRegister, Pick: Names{"ioctls"}}}},
	{"UFFDIO_UNREGISTER UFFDIO_WAKE", &Ptr{To: uffdioRange}},
	{"UFFDIO_ZEROPAGE", &Fill{In: &Struct{Of: uffdioZeropage, Pick: Names{"range", "mode"}}, Out: &Struct{Of: uffdioZeropage, Pick: Names{"zeropage"}}}},
	{"UFFDIO_WRITEPROTECT", &Ptr{To: &Struct{Fields: Fields{{"range", uffdioRange}, {"mode", &Flags{In: X64, Set: &tables.UffdWriteprotectModes}}}}}},
	{"UFFDIO_CONTINUE", &Fill{In: &Struct{Of: uffdioContinue, Pick: Names{"range", "mode"}}, Out: &Struct{Of: uffdioContinue, Pick: Names{"mapped"}}}},
	{"UFFDIO_POISON", &Fill{In: &Struct{Of: uffdioPoison, Pick: Names{"range", "mode"}}, Out: &Struct{Of: uffdioPoison, Pick: Names{"updated"}}}},
}

var uffdioRange = &Struct{C: "uffdio_range", Fields: Fields{{"start", X64}, {"len", X64}}}

var uffdioAPI = &Struct{C: "uffdio_api", Fields: Fields{
	{"api", X64},
	{"features", &Flags{In: X64, Set: &tables.UffdFeatures}},
	{"ioctls", &Flags{In: X64, Set: &tables.UffdAPIIoctls}},
}}

// showUffdFeaturesNow shows the features that the kernel has, when they differ
// from those requested. The name is repeated.
func showUffdFeaturesNow(c *Call, v uint64) {
	c.Out.Text("features=")
	c.Out.Flags(v, &tables.UffdFeatures, output.Hex)
}

var uffdioCopy = &Struct{C: "uffdio_copy", Fields: Fields{
	{"dst", X64}, {"src", X64}, {"len", X64}, {"mode", &Flags{In: X64, Set: &tables.UffdCopyModes}}, {"copy", X64},
}}

var uffdioRegister = &Struct{C: "uffdio_register", Fields: Fields{
	{"range", uffdioRange}, {"mode", &Flags{In: X64, Set: &tables.UffdRegisterModes}}, {"ioctls", &Flags{In: X64, Set: &tables.UffdRegisterIoctls}},
}}

var uffdioZeropage = &Struct{C: "uffdio_zeropage", Fields: Fields{
	{"range", uffdioRange}, {"mode", &Flags{In: X64, Set: &tables.UffdZeropageModes}}, {"zeropage", X64},
}}

var uffdioContinue = &Struct{C: "uffdio_continue", Fields: Fields{
	{"range", uffdioRange}, {"mode", &Flags{In: X64, Set: &tables.UffdContinueModes}}, {"mapped", U64},
}}

var uffdioPoison = &Struct{C: "uffdio_poison", Fields: Fields{
	{"range", uffdioRange}, {"mode", &Flags{In: X64, Set: &tables.UffdPoisonModes}}, {"updated", U64},
}}
