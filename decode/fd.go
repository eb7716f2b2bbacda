package decode

import (
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/output"
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

// contextFD is a descriptor of something that is no file yet: a call that is
// given one uses no file by it.
var contextFD Type = &descriptor{Number: Int, context: true}

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

// ShowFDOf is ShowFD for a descriptor of another process.
func (c *Call) ShowFDOf(pid, fd int) {
	c.Out.Number(uint64(fd), output.Signed)
	if c.FDs != 0 && fd >= 0 && pid > 0 {
		c.annotateFD(pid, fd)
	}
}

// showFD is ShowFD for descriptors of which dir says that they stand for a
// directory, and so may be AT_FDCWD.
func (c *Call) showFD(fd int, dir bool) {
	if c.SeeFD != nil {
		c.SeeFD(fd)
	}
	c.writeFD(fd, dir)
}

func (c *Call) writeFD(fd int, dir bool) {
	if dir && fd == unix.AT_FDCWD {
		c.Out.Symbol(uint64(fd), "AT_FDCWD", output.Signed)
		if c.FDs&FDPath != 0 {
			if p, ok := c.readLink("/proc/" + strconv.Itoa(c.procTID()) + "/cwd"); ok {
				c.Out.Annotate("path", p)
			}
		}
		return
	}
	c.Out.Number(uint64(fd), output.Signed)
	if c.FDs != 0 && fd >= 0 {
		c.annotateFD(c.procTID(), fd)
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

// custom is a value that a Go function shows.
type custom struct {
	layouts
	d    Dir
	show func(c *Call, v View)
}

// shownBy is a type that a Go function shows.
type shownBy struct {
	Type
	show func(c *Call, v View)
}

func (t *shownBy) Show(c *Call, v View) { t.show(c, v) }

func (t *custom) dir() Dir             { return t.d }
func (t *custom) Show(c *Call, v View) { t.show(c, v) }

// Word is a register-wide value that a Go function shows, at the stop that dir
// says: for what types cannot say.
func Word(dir Dir, show func(c *Call, v View)) Type { return &custom{wordLayout(), dir, show} }

// Value32 is a 32-bit value that a Go function shows.
func Value32(show func(c *Call, v uint32)) Type {
	return &custom{sameLayout(4), In, func(c *Call, v View) { show(c, uint32(v.Uint(4))) }}
}

// Value64 is a 64-bit value that a Go function shows.
func Value64(show func(c *Call, v uint64)) Type {
	return &custom{sameLayout(8), In, func(c *Call, v View) { show(c, v.Uint(8)) }}
}

// ValueOf is a value kept in an n that a Go function shows.
func ValueOf(n *Number, show func(c *Call, v uint64)) Type { return &shown{n, show} }

type shown struct {
	*Number
	show func(c *Call, v uint64)
}

func (t *shown) Show(c *Call, v View) { t.show(c, t.Value(c, v)) }

// Memory behind a pointer that a Go function shows; it gets the address.
func AtAddr(show func(c *Call, addr uint64)) Type { return &followed{show: show} }

// TextAt is an AtAddr that shows a string.
func TextAt(show func(c *Call, addr uint64)) Type { return &followed{show: show, text: true} }

type followed struct {
	unsized
	show func(c *Call, addr uint64)
	text bool
}

func (t *followed) shownPlain(*Call) bool { return t.text }

func (t *followed) Show(c *Call, v View)        { t.show(c, v.Addr) }
func (t *followed) showAt(c *Call, addr uint64) { t.show(c, addr) }

func putUint(b []byte, v uint64) {
	for i := range b {
		b[i] = byte(v)
		v >>= 8
	}
}
