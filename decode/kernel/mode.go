package kernel

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Mode is the permissions of a file to be created (umode_t).
const Mode = O16

type fileMode struct{ Number }

func (t *fileMode) Show(c *Call, v View) {
	mode := t.Value(c, v)
	kind := mode & tables.S_IFMT
	if _, ok := tables.FileType.Lookup(kind); !ok && kind != 0 {
		c.Out.Number(mode, output.Octal)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(mode, output.Octal)
	c.Out.Named(output.InComment)
	if kind != 0 {
		c.Out.Enum(kind, &tables.FileType, output.Octal)
		c.Out.Join(output.Or)
	}
	const special = tables.S_ISUID | tables.S_ISGID | tables.S_ISVTX
	if mode&special != 0 {
		c.Out.Flags(mode&special, &tables.FileModeBits, output.Octal)
		c.Out.Join(output.Or)
	}
	c.Out.Number(mode&^(tables.S_IFMT|special), output.Octal)
	c.Out.EndNamed()
}

// Device is the type of Dev and similar words.
type Device struct{ Number }

func (t *Device) Show(c *Call, v View) { ShowDevice(c, t.Value(c, v)) }

// ShowDevice shows makedev(major, minor). It uses the C library's encoding in 64
// bits, of which the kernel's 32-bit encoding is the lower half.
func ShowDevice(c *Call, dev uint64) {
	c.Out.BeginNamed()
	c.Out.Number(dev, output.Hex)
	c.Out.Named(output.InComment)
	c.Out.BeginMacro("makedev")
	c.Out.Elem()
	c.Out.Number(uint64(unix.Major(dev)), output.Hex)
	c.Out.Elem()
	c.Out.Number(uint64(unix.Minor(dev)), output.Hex)
	c.Out.EndMacro()
	c.Out.EndNamed()
}
