package decode

import (
	"trapline/output"
	"trapline/tables"
)

// Switches of one process: kernel/sys.c, arch/x86/kernel/process_64.c.

var prctlCalls = Calls{
	{"arch_prctl", Args{{"op", Enum(tables.ArchPrctl)}, Rest(Len("op"), tables.ArchPrctl, archPrctls)}, RetUnsigned},
}

var archPrctls = Calls{
	{"ARCH_GET_FS ARCH_GET_GS", Args{{"addr", Out(KHex)}}, Ret{}},
	{"ARCH_GET_CPUID", nil, Ret{}},
	{"", Args{{"addr", Xlong}}, Ret{}},
}

// KHex is a __kernel_ulong_t in hexadecimal.
var KHex = &Number{kernelWord(), false, output.Hex}
