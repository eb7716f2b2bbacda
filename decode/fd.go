package decode

import (
	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/tables"
)

// FDs is what is shown of file descriptors beside their numbers (-y, -yy,
// --decode-fds).
type FDs uint8

const (
	FDPath     FDs = 1 << iota // the file's path
	FDSocket                   // protocol and addresses of sockets
	FDDevice                   // device numbers of device files
	FDEventfd                  // the counter of an eventfd
	FDPidfd                    // the pid behind a pidfd
	FDSignalfd                 // the signals of a signalfd
)

// FD is a file descriptor.
var FD Type = &descriptor{Number: Int}

// FD64 is a file descriptor in a 64-bit member.
var FD64 Type = &descriptor{Number: S64}

// DirFD is a directory descriptor that may be AT_FDCWD.
var DirFD Type = &descriptor{Number: Int, dir: true}

// contextFD is a descriptor of something that is not a file yet, so that a call
// which is given one does not use a file by it.
var contextFD Type = &descriptor{Number: Int, context: true}

// descriptor is the type of FD and the like.
type descriptor struct {
	*Number
	dir     bool
	context bool
}

func (t *descriptor) Show(c *Call, v View) {
	fd := int(int32(t.Value(c, v)))
	if t.context {
		c.writeFD(fd, false)
	} else {
		c.showFD(fd, t.dir)
	}
}

// ShowFD writes a descriptor and what is to be shown beside its number.
func (c *Call) ShowFD(fd int) { c.showFD(fd, false) }

// ShowFDOf is ShowFD for a descriptor of another process, by the number that the
// host knows it by.
func (c *Call) ShowFDOf(process, fd int) {
	c.Out.Number(uint64(fd), output.Signed)
	if ContextOf(c.Decoder).FDs != 0 && fd >= 0 && process > 0 {
		c.annotateFD(process, fd)
	}
}

// showFD is ShowFD for a descriptor that, if dir is set, stands for a directory
// and may be AT_FDCWD.
func (c *Call) showFD(fd int, dir bool) {
	if see := ContextOf(c.Decoder).SeeFD; see != nil {
		see(fd)
	}
	c.writeFD(fd, dir)
}

func (c *Call) writeFD(fd int, dir bool) {
	if dir && fd == unix.AT_FDCWD {
		c.Out.Symbol(uint64(fd), "AT_FDCWD", output.Signed)
		if ContextOf(c.Decoder).FDs&FDPath != 0 {
			if p := ContextOf(c.Decoder).Host.WorkingDir(c.alloc(pathMax), c.process()); p != nil {
				c.Out.Annotate("path", p)
			}
		}
		return
	}
	c.Out.Number(uint64(fd), output.Signed)
	if ContextOf(c.Decoder).FDs != 0 && fd >= 0 {
		c.annotateFD(c.process(), fd)
	}
}

// ID is a user or group id; -1 stands for none.
var ID Type = &id{U32}

// ID16 is an id of the old 16-bit i386 calls.
var ID16 Type = &id{U16}

type id struct{ *Number }

func (t *id) Show(c *Call, v View) {
	n := t.Value(c, v)
	if n == 1<<(8*uint(t.layouts[c.ABI].Size))-1 {
		c.Out.Number(^uint64(0), output.Signed)
		return
	}
	c.Out.Number(n, output.Unsigned)
}

// OpenFlags are the flags of open(2), with the access mode in the lowest bits.
var OpenFlags = Flags(tables.OpenFlags)

// fdPair is two descriptors, read one by one.
var fdPair = Array(FD, Func(func(*Call) uint64 { return 2 }))

// RetFD is a result that is a file descriptor.
var RetFD = Ret{typ: resultFD{S64}}

// resultFD is a file descriptor, or another value that was injected.
type resultFD struct{ *Number }

func (t resultFD) Show(c *Call, v View) {
	if n := int64(t.Value(c, v)); n != int64(int32(n)) {
		t.Number.Show(c, v)
		return
	}
	FD.Show(c, v)
}
