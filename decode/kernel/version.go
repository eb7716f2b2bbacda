package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
)

// KernelVersion is a version number like LINUX_VERSION_CODE.
var KernelVersion = Macro{In: X32, Name: "KERNEL_VERSION", Parts: []Part{
	{Mask: 0xffff0000, Base: output.Unsigned}, {Mask: 0xff00, Base: output.Unsigned}, {Mask: 0xff, Base: output.Unsigned},
}}
