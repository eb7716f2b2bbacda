//go:build linux && amd64

package trace

import (
	"bytes"

	"golang.org/x/sys/unix"

	"trapline/decode"
)

// FileUse is what a call does with one file, according to the description of the call.
type FileUse struct {
	// Path is the file's absolute name without symbolic links, as trapline sees it; or
	// the kernel's name for a file without a path, such as "socket:[4711]". Where the
	// file does not exist, it is the name that it would have. It is empty if it is not
	// known.
	Path string
	// Name is the file's name as the call passes it; empty if the call passes a
	// descriptor.
	Name string
	FD   int // the descriptor, or -1
	Use  Use
	// Existed says whether a file of that name existed before a call that may create one
	// (UseNew).
	Existed Existence
	// Bytes is the number of bytes that the call has read from the file or written to it.
	Bytes uint64
	// CloseOnExec says that execve closes the descriptor that the call makes (UseNewFD),
	// if the arguments show that.
	CloseOnExec bool
}

// Use is what is done with a file: a set of bits. If no bit of the first group is set,
// the call only asks about the file.
type Use uint32

const (
	UseRead    Use = 1 << iota // it is read, or opened for that
	UseWritten                 // it is written to, or opened for that
	UseNew                     // a name that need not exist: the call creates the file, or gives it that name
	UseEntry                   // the entry in the directory is made, replaced (with UseNew) or removed
	UseRun                     // it is executed
	UseEntered                 // it becomes the working or root directory
	UseMapped                  // it is mapped
	UseChanged                 // its attributes are changed

	UseLink     // the call uses a symbolic link of that name itself
	UseByRules  // the call looks the name up by rules of its own, and Path is a guess
	UseDir      // the descriptor of a directory that other names are relative to
	UseNewFD    // the call makes the descriptor
	UseClosedFD // the call closes the descriptor
	UseListens  // connections are taken from the socket, or will be
	UseConnects // the socket is connected
	UseBinds    // the socket gets the address that is passed
)

// Existence says whether a file exists.
type Existence uint8

const (
	ExistenceUnknown Existence = iota
	Existed
	DidNotExist
)

// fileUses finds the files that calls use while the calls are decoded.
type fileUses struct {
	decoder *decode.Decoder
	files   []FileUse
	names   map[string]string // for names that occur often
	full    [unix.PathMax + len(" (deleted)")]byte
}

// namesMax is the number of names that are kept at once.
const namesMax = 1 << 16

func newFileUses(d *decode.Decoder) *fileUses {
	u := &fileUses{decoder: d, names: make(map[string]string)}
	decode.SeePaths(d, u.seePath)
	decode.SeeFDUses(d, u.seeFD)
	return u
}

// start begins with a call at its entry. At its end, files are those found at the entry.
func (u *fileUses) start(files []FileUse) { u.files = files }

// name returns b as a string, which is allocated once for each name.
func (u *fileUses) name(b []byte) string {
	if s, ok := u.names[string(b)]; ok {
		return s
	}
	if len(u.names) >= namesMax {
		clear(u.names)
	}
	s := string(b)
	u.names[s] = s
	return s
}

// useOfNaming translates what a description says about a path.
func useOfNaming(n decode.Naming) (use Use) {
	for _, bit := range [...]struct {
		naming decode.Naming
		use    Use
	}{
		{decode.NamesLink, UseLink}, {decode.NamesByRules, UseByRules}, {decode.NamesNew, UseNew},
		{decode.NamesEntry, UseEntry}, {decode.NamesEntered, UseEntered}, {decode.NamesChanged, UseChanged},
	} {
		if n&bit.naming != 0 {
			use |= bit.use
		}
	}
	if n&decode.NamesAsked != 0 {
		return use
	}
	for _, bit := range [...]struct {
		naming decode.Naming
		use    Use
	}{{decode.NamesRead, UseRead}, {decode.NamesWritten, UseWritten}, {decode.NamesRun, UseRun}} {
		if n&bit.naming != 0 {
			use |= bit.use
		}
	}
	return use
}

// useOfFD translates what a description says about a descriptor.
func useOfFD(f decode.FDUse) (use Use) {
	for _, bit := range [...]struct {
		fd  decode.FDUse
		use Use
	}{
		{decode.FDRead, UseRead}, {decode.FDWritten, UseWritten}, {decode.FDMapped, UseMapped}, {decode.FDChanged, UseChanged},
		{decode.FDEntered, UseEntered}, {decode.FDDir, UseDir}, {decode.FDNew, UseNewFD}, {decode.FDClosed, UseClosedFD},
		{decode.FDReplaced, UseNewFD | UseClosedFD}, {decode.FDListens, UseListens}, {decode.FDConnects, UseConnects},
		{decode.FDBinds, UseBinds},
	} {
		if f&bit.fd != 0 {
			use |= bit.use
		}
	}
	return use
}

// seePath is called with each path that a call passes.
func (u *fileUses) seePath(c *decode.Call, dir int, name []byte, link bool) {
	f := FileUse{Name: u.name(name), FD: -1, Use: useOfNaming(c.Naming)}
	h, process := decode.HostOf(u.decoder), decode.ProcessOf(c)
	switch {
	case len(name) == 0 && dir >= 0: // AT_EMPTY_PATH
		f.Path = u.nameOfFD(c, dir)
	case len(name) > 0:
		f.Path = u.name(h.Resolve(u.full[:unix.PathMax], process, dir, name, link))
		if f.Use&UseNew != 0 && !c.Exiting() {
			if exists, ok := h.Exists(process, dir, name, link); exists {
				f.Existed = Existed
			} else if ok {
				f.Existed = DidNotExist
			}
		}
	}
	u.files = append(u.files, f)
}

// seeFD is called with each descriptor that a call uses.
func (u *fileUses) seeFD(c *decode.Call, fd int, use decode.FDUse) {
	if fd < 0 || use&decode.FDNew != 0 && c.Failed() {
		return
	}
	u.files = append(u.files, FileUse{FD: fd, Use: useOfFD(use), Path: u.nameOfFD(c, fd)})
}

// nameOfFD is the name of the file behind a descriptor.
func (u *fileUses) nameOfFD(c *decode.Call, fd int) string {
	h := decode.HostOf(u.decoder)
	return u.name(bytes.TrimSuffix(h.Descriptor(u.full[:], decode.ProcessOf(c), fd), []byte(" (deleted)")))
}

// end completes the files of a call that has returned.
func (u *fileUses) end(c *decode.Call, values *builder) []FileUse {
	if c.Failed() {
		return u.files
	}
	bytes := dataMoved(c, values)
	var only, opened *FileUse
	for i := range u.files {
		f := &u.files[i]
		switch {
		case f.FD < 0:
			only = f
		case f.Use&UseNewFD != 0:
			f.CloseOnExec = closesOnExec(values.args)
			f.Path = u.nameOfFD(c, f.FD) // before, a descriptor that is replaced referred to another file
			opened = f
		case f.Use&(UseRead|UseWritten) != 0 && f.Use&UseMapped == 0:
			f.Bytes = bytes
		}
	}
	// The descriptor tells what was opened more reliably than a name that was looked up
	// beside the call.
	if only != nil && opened != nil && opened.Path != "" && opened.Path[0] == '/' {
		only.Path = opened.Path
	}
	return u.files
}

// dataMoved is the number of bytes that a call has read or written: its result or,
// for a vector of messages, the sum of their lengths.
func dataMoved(c *decode.Call, values *builder) uint64 {
	sum, messages := uint64(0), false
	for i := range values.args {
		for j := range values.args[i].Elems {
			if n := values.args[i].Elems[j].Member("msg_len"); n.Kind == Number {
				sum, messages = sum+n.Num, true
			}
		}
	}
	if messages {
		return sum
	}
	return uint64(max(0, c.Ret))
}

// closesOnExec reports whether a flag says that a new descriptor is closed by execve.
func closesOnExec(args []Value) bool {
	for i := range args {
		for _, name := range args[i].Names {
			if len(name) >= 7 && name[len(name)-7:] == "CLOEXEC" {
				return true
			}
		}
	}
	return false
}
