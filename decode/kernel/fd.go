package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// FDs selects what is shown of file descriptors after their numbers (-y, -yy,
// --decode-fds).
type FDs uint8

const (
	FDPath     FDs = 1 << iota // the file's path
	FDSocket                   // protocol and addresses of sockets
	FDDevice                   // device numbers of device files
	FDEventfd                  // the counter of an eventfd
	FDPidfd                    // the pid that a pidfd refers to
	FDSignalfd                 // the signals of a signalfd
)

// FDUse is what a call does with a file descriptor: a set of bits. None are set
// if the call only asks about the file, or changes the descriptor.
type FDUse uint16

const (
	FDDir      FDUse = 1 << iota // paths may be relative to it
	FDRead                       // data is read from the file
	FDWritten                    // data is written to it
	FDMapped                     // it is mapped
	FDChanged                    // its attributes are changed
	FDEntered                    // it becomes the working directory
	FDNew                        // the call makes the descriptor
	FDClosed                     // the call closes it
	FDReplaced                   // the call makes the descriptor, and closes what had its number
	FDListens                    // connections are taken from the socket, or will be
	FDConnects                   // the socket is connected
	FDBinds                      // the socket gets the address that is passed
)

// Descriptor is the type of FD and similar words.
type Descriptor struct {
	Number
	Dir     bool
	Use     FDUse
	For     func(c *Call) FDUse // what the call does with it besides; or nil
	context bool
}

func (t *Descriptor) Show(c *Call, v View) {
	fd := int(int32(t.Value(c, v)))
	settings := SettingsOf(c.Decoder)
	if t.context {
		settings.writeFD(c, fd, false)
		return
	}
	if settings.SeeFDUse != nil {
		t.seeUse(c, fd, settings.SeeFDUse)
	}
	settings.showFD(c, fd, t.Dir)
}

// seeUse tells see what the call does with a descriptor.
func (t *Descriptor) seeUse(c *Call, fd int, see func(c *Call, fd int, use FDUse)) {
	use := t.Use
	if t.Dir {
		use |= FDDir
	}
	if t.For != nil {
		use |= t.For(c)
	}
	see(c, fd, use)
}

// Keep implements keeper of package lang.
func (t *Descriptor) Keep(k *Keeps) {
	if t.Use&(FDNew|FDClosed|FDReplaced|FDEntered) != 0 {
		k.Change()
	}
	if t.Use&(FDClosed|FDReplaced) != 0 {
		k.Close()
	}
	keepFD(k)
}

// keepFD notes that what the settings select is shown with a descriptor.
func keepFD(k *Keeps) {
	if SettingsOf(k.Decoder).FDs != 0 {
		k.AskFD()
	}
	if SettingsOf(k.Decoder).Contexts != 0 {
		k.Gap("the context of a descriptor")
	}
}

// ShowFD shows a descriptor: its number and what FDs selects.
func ShowFD(c *Call, fd int) { SettingsOf(c.Decoder).showFD(c, fd, false) }

// ShowFDOf is ShowFD for a descriptor of another process. process is the number
// by which the host identifies it.
func ShowFDOf(c *Call, process, fd int) {
	c.Out.Number(uint64(fd), output.Signed)
	if SettingsOf(c.Decoder).FDs != 0 && fd >= 0 && process > 0 {
		annotateFD(c, process, fd)
	}
	contextOfFD(c, process, fd)
}

// showFD is ShowFD. If dir is set, the descriptor refers to a directory and may
// be AT_FDCWD.
func (settings *Settings) showFD(c *Call, fd int, dir bool) {
	if settings.SeeFD != nil {
		settings.SeeFD(fd, dir)
	}
	settings.writeFD(c, fd, dir)
}

// writeFD is showFD without telling SeeFD.
func (settings *Settings) writeFD(c *Call, fd int, dir bool) {
	if dir {
		SeeFrom(c, fd)
	}
	if dir && fd == tables.AT_FDCWD {
		c.Out.Symbol(uint64(fd), "AT_FDCWD", output.Signed)
		if settings.FDs&FDPath != 0 {
			if p := settings.Host().WorkingDir(c.Alloc(PathMax), ProcessOf(c)); p != nil {
				c.Out.Annotate("path", p)
			}
		}
		return
	}
	c.Out.Number(uint64(fd), output.Signed)
	if settings.FDs != 0 && fd >= 0 {
		annotateFD(c, ProcessOf(c), fd)
	}
	if settings.Contexts != 0 {
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

// FdPair is an array of two descriptors. They are read one at a time.
var FdPair = List{Of: NewFD, Count: Const(2)}

// resultFD is a result that is a file descriptor, unless another value was
// injected.
type resultFD struct{ Number }

// Keep implements keeper of package lang.
func (t resultFD) Keep(k *Keeps) {
	k.Change()
	keepFD(k)
}

func (t resultFD) Show(c *Call, v View) {
	if n := int64(t.Value(c, v)); n != int64(int32(n)) {
		t.Number.Show(c, v)
		return
	}
	NewFD.Show(c, v)
}
