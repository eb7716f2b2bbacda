package kernel

import (
	. "trapline/decode/lang"
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

// Descriptor is the type of FD and the like.
type Descriptor struct {
	Number
	Dir     bool
	context bool
}

func (t *Descriptor) Show(c *Call, v View) {
	fd := int(int32(t.Value(c, v)))
	if t.context {
		writeFD(c, fd, false)
	} else {
		showFD(c, fd, t.Dir)
	}
}

// ShowFD writes a descriptor and what is to be shown beside its number.
func ShowFD(c *Call, fd int) { showFD(c, fd, false) }

// ShowFDOf is ShowFD for a descriptor of another process, by the number that the
// host knows it by.
func ShowFDOf(c *Call, process, fd int) {
	c.Out.Number(uint64(fd), output.Signed)
	if ContextOf(c.Decoder).FDs != 0 && fd >= 0 && process > 0 {
		annotateFD(c, process, fd)
	}
	contextOfFD(c, process, fd)
}

// showFD is ShowFD for a descriptor that, if dir is set, stands for a directory
// and may be AT_FDCWD.
func showFD(c *Call, fd int, dir bool) {
	if see := ContextOf(c.Decoder).SeeFD; see != nil {
		see(fd)
	}
	writeFD(c, fd, dir)
}

func writeFD(c *Call, fd int, dir bool) {
	if dir {
		SeeFrom(c, fd)
	}
	if dir && fd == tables.AT_FDCWD {
		c.Out.Symbol(uint64(fd), "AT_FDCWD", output.Signed)
		if ContextOf(c.Decoder).FDs&FDPath != 0 {
			if p := ContextOf(c.Decoder).Host.WorkingDir(c.Alloc(PathMax), ProcessOf(c)); p != nil {
				c.Out.Annotate("path", p)
			}
		}
		return
	}
	c.Out.Number(uint64(fd), output.Signed)
	if ContextOf(c.Decoder).FDs != 0 && fd >= 0 {
		annotateFD(c, ProcessOf(c), fd)
	}
	if ContextOf(c.Decoder).Contexts != 0 {
		contextOfFD(c, ProcessOf(c), fd)
	}
}

type id struct{ Number }

func (t *id) Show(c *Call, v View) {
	n := t.Value(c, v)
	if n == 1<<(8*uint(t.SizeIn(c.ABI)))-1 {
		c.Out.Number(^uint64(0), output.Signed)
		return
	}
	c.Out.Number(n, output.Unsigned)
}

// OpenFlags are the flags of open(2), with the access mode in the lowest bits.
var OpenFlags = Flags{Set: &tables.OpenFlags}

// FdPair is two descriptors, read one by one.
var FdPair = List{Of: FD, Count: Func(func(*Call) uint64 { return 2 })}

// resultFD is a file descriptor, or another value that was injected.
type resultFD struct{ Number }

func (t resultFD) Show(c *Call, v View) {
	if n := int64(t.Value(c, v)); n != int64(int32(n)) {
		t.Number.Show(c, v)
		return
	}
	FD.Show(c, v)
}
