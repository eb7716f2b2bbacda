package ioctl

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// ioctl(2): fs/ioctl.c, and thousands of requests in drivers. The descriptions of
// requests are in the other files of this package.

// PlainArg describes a request whose argument is unknown.
var PlainArg = Desc{Args: Args{{"argp", Xlong}}}

// ShownPlain reports whether the argument of a request is shown without looking
// at it, even if its type is known.
func ShownPlain(c *Call, op uint32) bool {
	// strace does this for all requests of Video4Linux and PTP.
	return c.Plain && (IocType(op) == 'V' || IocType(op) == '=')
}

// Undescribed returns the description of a request that is not in a list of Ioctls.
// known says that other requests of its type are described.
func Undescribed(c *Call, op uint32, known bool) *Desc {
	if f := ioctlOfType[IocType(op)]; f != nil {
		if d := f(op); d != nil {
			return d
		}
	}
	if !known && !c.Abbrev && IocSize(op) != 0 && c.Args[2] != 0 {
		return &opaqueIoctls[IocDir(op)]
	}
	return &PlainArg
}

// opaqueIoctls describe requests of types without descriptions, by direction.
// With -v their data is shown as bytes.
var opaqueIoctls = [...]Desc{
	0:                  {Args: Args{{"argp", opaqueChange}}},
	IocWrite:           {Args: Args{{"argp", &Ptr{To: opaque}}}},
	IocRead:            {Args: Args{{"argp", &Out{To: opaque, Always: true}}}},
	IocRead | IocWrite: {Args: Args{{"argp", opaqueChange}}},
}

var opaqueChange = &Change{In: opaque, Out: opaque, If: Test(opaqueRead)}

// opaqueRead reports whether the data of an ioctl can be read.
func opaqueRead(c *Call) bool {
	n := min(int(IocSize(uint32(c.Args[1]))), c.StringLimit+1)
	_, ok := c.ReadAll(c.Args[2], n)
	return ok
}

var opaque = &Bytes{Len: Func(func(c *Call) uint64 { return uint64(IocSize(uint32(c.Args[1]))) }), Kind: Binary}

// Op is an ioctl request.
var Op = Value{By: showOp}

func showOp(c *Call, v uint64) {
	op := uint32(v)
	c.Out.BeginNamed()
	c.Out.Number(uint64(op), output.Hex)
	c.Out.Named(output.InComment)
	var room [16]string
	names := tables.AppendIoctlNames(room[:0], c.ABI, op)
	macro, arg, set := ioctlMacro(op)
	switch {
	case macro != "" && len(names) > 0:
		c.Out.Text(macro + "(" + strconv.Itoa(int(arg)) + ") or " + strings.Join(names, " or "))
	case macro != "":
		c.Out.BeginMacro(macro)
		c.Out.Elem()
		if set == nil {
			c.Out.Number(uint64(arg), output.Unsigned)
		} else if _, ok := set.Lookup(uint64(arg)); ok {
			c.Out.Enum(uint64(arg), set, output.Hex)
		} else {
			c.Out.Number(uint64(arg), output.Hex)
			c.Out.Comment(output.Note, set.Unknown)
		}
		if macro == "EVIOCGBIT" {
			c.Out.Elem()
			c.Out.Number(uint64(IocSize(op)), output.Unsigned)
		}
		c.Out.EndMacro()
	case len(names) == 1:
		c.Out.Text(names[0])
	case len(names) > 1:
		c.Out.Text(ambiguous(c, op, names))
	default:
		c.Out.BeginMacro("_IOC")
		c.Out.Elem()
		c.Out.Flags(uint64(IocDir(op)), &tables.IoctlDirs, output.Hex)
		c.Out.Elem()
		c.Out.Number(uint64(IocType(op)), output.Hex)
		c.Out.Elem()
		c.Out.Number(uint64(IocNR(op)), output.Hex)
		c.Out.Elem()
		c.Out.Number(uint64(IocSize(op)), output.Hex)
		c.Out.EndMacro()
	}
	c.Out.EndNamed()
}

// ambiguous returns the name of a request that several drivers have. Terminals
// share request numbers with the timers of sound cards; the file shows which it
// is.
func ambiguous(c *Call, op uint32, names []string) string {
	if IocType(op) == 'T' && isTerminal(c, int(int32(c.Args[0]))) {
		for _, name := range names {
			if strings.HasPrefix(name, "TC") {
				return name
			}
		}
	}
	return strings.Join(names, " or ")
}

// isTerminal reports whether a descriptor of the tracee is a terminal, by the
// device numbers of Documentation/admin-guide/devices.txt.
func isTerminal(c *Call, fd int) bool {
	file, ok := SettingsOf(c.Decoder).Host().FileType(ProcessOf(c), fd)
	if !ok || file.Mode&tables.S_IFMT != tables.S_IFCHR {
		return false
	}
	major := unix.Major(file.Device)
	return 3 <= major && major <= 5 || 136 <= major && major <= 143
}

// ioctlMacro returns the macro by which a request is defined, and the macro's
// argument. Its name is in set, unless set is nil.
func ioctlMacro(op uint32) (macro string, arg uint32, set *tables.Set) {
	for i := range ioctlMacros {
		m := &ioctlMacros[i]
		nr := IocNR(op)
		if m.typ == IocType(op) && m.dir == IocDir(op) && m.first <= nr && nr <= m.last {
			switch {
			case !m.byNR:
				return m.name, IocSize(op), nil
			case m.set != nil && (nr > m.first || m.name != "EVIOCGBIT"):
				return m.name, nr - m.first, m.set
			}
			return m.name, nr - m.first, nil
		}
	}
	return "", 0, nil
}

// ioctlMacros are macros that define requests. Their argument is a size, or an
// offset from the first of a range of numbers.
var ioctlMacros = [...]struct {
	name        string
	typ         uint8
	dir         uint32
	first, last uint32
	byNR        bool
	set         *tables.Set
}{
	{"EVIOCSABS", 'E', IocWrite, 0xc0, 0xff, true, &tables.EvdevAbs},
	{"EVIOCGBIT", 'E', IocRead, 0x20, 0x3f, true, &tables.EvdevEv},
	{"EVIOCGABS", 'E', IocRead, 0x40, 0x7f, true, &tables.EvdevAbs},
	{"EVIOCGNAME", 'E', IocRead, 0x06, 0x06, false, nil},
	{"EVIOCGPHYS", 'E', IocRead, 0x07, 0x07, false, nil},
	{"EVIOCGUNIQ", 'E', IocRead, 0x08, 0x08, false, nil},
	{"EVIOCGPROP", 'E', IocRead, 0x09, 0x09, false, nil},
	{"EVIOCGMTSLOTS", 'E', IocRead, 0x0a, 0x0a, false, nil},
	{"EVIOCGKEY", 'E', IocRead, 0x18, 0x18, false, nil},
	{"EVIOCGLED", 'E', IocRead, 0x19, 0x19, false, nil},
	{"EVIOCGSND", 'E', IocRead, 0x1a, 0x1a, false, nil},
	{"EVIOCGSW", 'E', IocRead, 0x1b, 0x1b, false, nil},
	{"HIDIOCGRAWNAME", 'H', IocRead, 0x04, 0x04, false, nil},
	{"HIDIOCGRAWPHYS", 'H', IocRead, 0x05, 0x05, false, nil},
	{"HIDIOCSFEATURE", 'H', IocRead, 0x06, 0x06, false, nil},
	{"HIDIOCGRAWUNIQ", 'H', IocRead, 0x08, 0x08, false, nil},
	{"HIDIOCGPHYS", 'H', IocRead, 0x12, 0x12, false, nil},
	{"HIDIOCSFEATURE", 'H', IocRead | IocWrite, 0x06, 0x06, false, nil},
	{"HIDIOCGFEATURE", 'H', IocRead | IocWrite, 0x07, 0x07, false, nil},
	{"MIXER_WRITE", 'M', IocWrite, 0, 0xff, true, nil},
	{"MIXER_READ", 'M', IocRead, 0, 0xff, true, nil},
	{"UI_GET_SYSNAME", 'U', IocRead, 0x2c, 0x2c, false, nil},
	{"JSIOCGNAME", 'j', IocRead, 0x13, 0x13, false, nil},
	{"SPI_IOC_MESSAGE", 'k', IocWrite, 0, 0, false, nil},
}

// ioctlOfType describes requests that are defined by a macro, by their type.
var ioctlOfType = [256]func(op uint32) *Desc{
	'E': inputIoctl, 0xb7: nsfsIoctl, 0xff: pidfdIoctl,
}
