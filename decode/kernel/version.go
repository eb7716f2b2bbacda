package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
)

// ShowKernelVersion shows a version as in LINUX_VERSION_CODE. It is for Value32.
func ShowKernelVersion(c *Call, v uint32) {
	c.Out.BeginNamed()
	c.Out.Number(uint64(v), output.Hex)
	c.Out.Named(output.InComment)
	c.Out.BeginMacro("KERNEL_VERSION")
	c.Out.Elem()
	c.Out.Number(uint64(v>>16), output.Unsigned)
	c.Out.Elem()
	c.Out.Number(uint64(v>>8&0xff), output.Unsigned)
	c.Out.Elem()
	c.Out.Number(uint64(v&0xff), output.Unsigned)
	c.Out.EndMacro()
	c.Out.EndNamed()
}
