package kernel

import (
	. "trapline/decode/lang"
	"trapline/tables"
)

// How ioctl requests are described: by name, with the type of their argument.

// Ioctls describe what the third argument of ioctl is for some requests.
type Ioctls []Ioctl

// Ioctl is one or more requests, by name, and their argument; nil if they take
// none.
type Ioctl = struct {
	Names string
	Arg   Type
}

// Called gives an ioctl's argument another name than argp.
type Called struct {
	Name string
	Of   Type
}

// Layout implements Type.
func (t *Called) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Show implements Type.
func (t *Called) Show(c *Call, v View) { t.Of.Show(c, v) }

// Giving says what the result of an ioctl is, if it is not just a number.
type Giving struct {
	Ret Type
	Of  Type
}

// Layout implements Type.
func (t *Giving) Layout(abi tables.ABI) Layout { return t.Of.Layout(abi) }

// Show implements Type.
func (t *Giving) Show(c *Call, v View) { t.Of.Show(c, v) }

// IoctlDesc turns the argument into a description of what follows fd and op.
func IoctlDesc(r *Ioctl) *Desc {
	d := &Desc{Name: r.Names}
	name, t := "argp", r.Arg
	for {
		switch w := t.(type) {
		case *Called:
			name, t = w.Name, w.Of
		case *Giving:
			d.Ret, t = w.Ret, w.Of
		case nil:
			return d
		default:
			d.Args = Args{{name, t}}
			return d
		}
	}
}

// Requests are numbered by _IOC of asm-generic/ioctl.h: from the low end 8
// bits of number, 8 of type, 14 of argument size and 2 of direction.
const (
	IocWrite = 1
	IocRead  = 2
)

// IocNR is the number of a request.
func IocNR(op uint32) uint32 { return op & 0xff }

// IocType is the type of a request, mostly a letter.
func IocType(op uint32) uint8 { return uint8(op >> 8) }

// IocSize is the size of a request's argument, in bytes.
func IocSize(op uint32) uint32 { return op >> 16 & 0x3fff }

// IocDir is the direction of a request's argument: IocWrite, IocRead or both.
func IocDir(op uint32) uint32 { return op >> 30 }
