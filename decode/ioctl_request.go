package decode

// How ioctl requests are described: by name, with the type of their argument.

// ioctls describe what the third argument of ioctl is for some requests.
type ioctls []ioctl

// ioctl is one or more requests, by name, and their argument; nil if they take
// none.
type ioctl = struct {
	Names string
	Arg   Type
}

// called gives an ioctl's argument another name than argp.
func called(name string, t Type) Type { return &calledArg{t, name} }

type calledArg struct {
	Type
	name string
}

// giving says what the result of an ioctl is, if it is not just a number.
func giving(ret Ret, t Type) Type { return &givingArg{t, ret} }

type givingArg struct {
	Type
	ret Ret
}

// ioctlDesc turns the argument into a description of what follows fd and op.
func ioctlDesc(r *ioctl) *Desc {
	d := &Desc{Name: r.Names}
	name, t := "argp", r.Arg
	for {
		switch w := t.(type) {
		case *calledArg:
			name, t = w.name, w.Type
		case *givingArg:
			d.Ret, t = w.ret, w.Type
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
	iocWrite = 1
	iocRead  = 2
)

// iocNR is the number of a request.
func iocNR(op uint32) uint32 { return op & 0xff }

// iocType is the type of a request, mostly a letter.
func iocType(op uint32) uint8 { return uint8(op >> 8) }

// iocSize is the size of a request's argument, in bytes.
func iocSize(op uint32) uint32 { return op >> 16 & 0x3fff }

// iocDir is the direction of a request's argument: iocWrite, iocRead or both.
func iocDir(op uint32) uint32 { return op >> 30 }
