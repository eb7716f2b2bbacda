package kernel

import (
	. "trapline/decode/lang"
	"trapline/tables"
)

// Descriptions of ioctl requests: their names and the type of their argument.

// Ioctls describe the third argument of ioctl for some requests.
type Ioctls []Ioctl

// Ioctl has the names of one or more requests, and the type of their argument, or
// nil if they have none.
type Ioctl = struct {
	Names string
	Arg   Type
}

// NamedArgument is an argument with a name other than argp.
type NamedArgument struct {
	Name string
	Of   Type
}

// Layout implements Type.
func (t *NamedArgument) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Keep implements keeper of package lang.
func (t *NamedArgument) Keep(k *Keeps) { k.Value(t.Of) }

// Show implements Type.
func (t *NamedArgument) Show(c *Call, v View) { t.Of.Show(c, v) }

// Returning describes an ioctl whose result is more than a plain number.
type Returning struct {
	Ret Type
	Of  Type
}

// Layout implements Type.
func (t *Returning) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Keep implements keeper of package lang.
func (t *Returning) Keep(k *Keeps) { k.Value(t.Of) }

// Show implements Type.
func (t *Returning) Show(c *Call, v View) { t.Of.Show(c, v) }

// IoctlDesc returns a description of the arguments that follow fd and op.
func IoctlDesc(r *Ioctl) *Desc {
	d := &Desc{Name: r.Names}
	name, t := "argp", r.Arg
	for {
		switch w := t.(type) {
		case *NamedArgument:
			name, t = w.Name, w.Of
		case *Returning:
			d.Ret, t = w.Ret, w.Of
		case nil:
			return d
		default:
			d.Args = Args{{name, t}}
			return d
		}
	}
}

// The number of a request, as _IOC of asm-generic/ioctl.h makes it, has 8 bits of
// number, 8 of type, 14 of argument size and 2 of direction, starting at the
// least significant bit.
const (
	IocWrite = 1
	IocRead  = 2
)

// IocNR returns the number of a request within its type.
func IocNR(op uint32) uint32 { return op & 0xff }

// IocType returns the type of a request, usually a letter.
func IocType(op uint32) uint8 { return uint8(op >> 8) }

// IocSize returns the size of a request's argument in bytes.
func IocSize(op uint32) uint32 { return op >> 16 & 0x3fff }

// IocDir returns the direction of a request's argument: IocWrite, IocRead or
// both.
func IocDir(op uint32) uint32 { return op >> 30 }
