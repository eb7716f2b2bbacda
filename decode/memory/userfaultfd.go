package memory

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Page faults handled by programs: fs/userfaultfd.c, linux/userfaultfd.h.

var userfaultfdCalls = Calls{
	{"userfaultfd", Args{{"flags", Flags(tables.UserfaultfdFlags)}}, RetFD},
}

var uffdIoctls = Ioctls{
	{"UFFDIO_API", FillFrom(uffdioAPI.Pick("api", "features"), uffdFeaturesNow, uffdioAPI.Pick("ioctls"))},
	{"UFFDIO_COPY", Fill(uffdioCopy.Pick("dst", "src", "len", "mode"), uffdioCopy.Pick("copy"))},
	{"UFFDIO_REGISTER", Fill(uffdioRegister.Pick("range", "mode"), uffdioRegister.Pick("ioctls"))},
	{"UFFDIO_UNREGISTER UFFDIO_WAKE", Ptr(uffdioRange)},
	{"UFFDIO_ZEROPAGE", Fill(uffdioZeropage.Pick("range", "mode"), uffdioZeropage.Pick("zeropage"))},
	{"UFFDIO_WRITEPROTECT", Ptr(Struct(Fields{{"range", uffdioRange}, {"mode", FlagsOf(X64, tables.UffdWriteprotectModes)}}))},
	{"UFFDIO_CONTINUE", Fill(uffdioContinue.Pick("range", "mode"), uffdioContinue.Pick("mapped"))},
	{"UFFDIO_POISON", Fill(uffdioPoison.Pick("range", "mode"), uffdioPoison.Pick("updated"))},
}

var uffdioRange = Struct(Fields{{"start", X64}, {"len", X64}})

var uffdioAPI = Struct(Fields{
	{"api", X64},
	{"features", FlagsOf(X64, tables.UffdFeatures)},
	{"ioctls", FlagsOf(X64, tables.UffdAPIIoctls)},
})

// uffdFeaturesNow are the features that the kernel has, if others than those
// that were asked for: shown under the same name.
var uffdFeaturesNow = Value64(func(c *Call, v uint64) {
	c.Out.Text("features=")
	c.Out.Flags(v, tables.UffdFeatures, output.Hex)
})

var uffdioCopy = Struct(Fields{
	{"dst", X64}, {"src", X64}, {"len", X64}, {"mode", FlagsOf(X64, tables.UffdCopyModes)}, {"copy", X64},
})

var uffdioRegister = Struct(Fields{
	{"range", uffdioRange}, {"mode", FlagsOf(X64, tables.UffdRegisterModes)}, {"ioctls", FlagsOf(X64, tables.UffdRegisterIoctls)},
})

var uffdioZeropage = Struct(Fields{
	{"range", uffdioRange}, {"mode", FlagsOf(X64, tables.UffdZeropageModes)}, {"zeropage", X64},
})

var uffdioContinue = Struct(Fields{
	{"range", uffdioRange}, {"mode", FlagsOf(X64, tables.UffdContinueModes)}, {"mapped", U64},
})

var uffdioPoison = Struct(Fields{
	{"range", uffdioRange}, {"mode", FlagsOf(X64, tables.UffdPoisonModes)}, {"updated", U64},
})
