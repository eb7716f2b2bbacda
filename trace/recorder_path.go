//go:build linux && amd64

package trace

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/trace/recording"
)

// A replay with Options.Paths or Options.Files needs to know where paths lead. Programs
// name the same files, and files in the same directories, again and again. So an answer is
// reused until a call changes names, or another block begins.

// resolver remembers where paths lead.
type resolver struct {
	resolved map[string][]byte // empty if it is not known
	room     recording.Room    // of resolved

	renaming   int  // number of unfinished calls that may change where paths lead
	unseen     bool // the trace may have such calls that the recorder does not see
	namespaces bool // there may be processes that see other files under the same names
	covered    bool // there may be directories with something mounted over their names

	view    []byte // identifies the process's view of names, if a path may lead elsewhere for other processes
	sees    bool   // the process sees the same file under a name as trapline does
	passing bool   // the answer being found holds for this call only
	key     []byte
	found   [unix.PathMax]byte
}

// moves are the calls that change where paths lead. (Changes by setns and rings of
// io_uring are not seen if these are not traced. Few programs use them, and %file, which
// is often traced alone, contains all others.)
const moves = `
	rename renameat renameat2 unlink unlinkat rmdir link linkat symlink symlinkat
	mount umount umount2 move_mount pivot_root chroot`

// lacksMoves reports whether the set lacks calls that change where paths lead. Programs may
// nevertheless make these calls.
func (s *CallSet) lacksMoves() bool {
	if s.IsAll() {
		return false
	}
	others := s.orAll()
	others = others.complement()
	return others.Overlaps(Calls(strings.Fields(moves)...))
}

// seePath asks where a path leads. It is called for each path that a call passes at its
// entry or returns.
func (r *recorder) seePath(c *decode.Call, dir int, name []byte, link bool) {
	if len(name) == 0 {
		return
	}
	if c.Naming&decode.NamesEntry != 0 && !r.harmless[c.Sig.Name] {
		r.renames = true
	}
	process := decode.ProcessOf(c)
	var base []byte
	switch {
	case name[0] == '/':
		base = r.host.Root(r.path[:], process)
	case dir == unix.AT_FDCWD:
		base = r.host.WorkingDir(r.path[:], process)
	default:
		if base = r.host.Descriptor(r.path[:], process, dir); len(base) == 0 || base[0] != '/' || bytes.HasSuffix(base, deletedMark) {
			base = nil
		}
	}
	if c.Naming&decode.NamesNew != 0 && !c.Exiting() {
		r.host.Exists(process, dir, name, link)
	}
	r.look(process)
	r.resolve(base, process, dir, name, true)
	if !link {
		r.resolve(base, process, dir, name, false)
	}
}

// deletedMark is what the kernel appends to the name of a deleted file.
var deletedMark = []byte(" (deleted)")

// look sets r.view and r.sees. Absolute links begin in the root directory of the process.
func (r *recorder) look(process int) {
	r.view, r.sees = r.view[:0], false
	if r.namespaces || !r.host.Holds() {
		r.view = binary.AppendVarint(r.view, int64(process))
		return
	}
	r.view = append(r.view, r.host.Root(r.found[:], process)...)
	r.sees = !r.covered && string(r.view) == "/"
}

// resolve asks where a path leads from a directory called base, if that is known.
func (r *recorder) resolve(base []byte, process, dir int, name []byte, link bool) {
	if base == nil || r.host.HeardResolve(process, dir, name, link) {
		r.host.Resolve(r.found[:], process, dir, name, link)
		return
	}
	if known, ok := r.resolved[string(r.resolveKey(base, name, link))]; ok {
		r.host.Resolved(process, dir, name, link, known)
		return
	}
	r.passing = false
	var found []byte
	if endsInDirectory(name) {
		found = r.directory(base, process, dir, name) // a link before the end is followed
	} else if found = r.inDirectory(base, process, dir, name); found != nil && !link && !r.isNoLink(found) {
		// If the file is not there, the call may be about to create it.
		found = nil
	}
	if len(found) > 0 {
		r.host.Resolved(process, dir, name, link, found)
	} else {
		found = r.room.Keep(r.host.Resolve(r.found[:], process, dir, name, link))
		r.passing = r.passing || r.machine.PassedProcess()
	}
	r.keep(base, name, link, found)
}

// keep remembers where a path leads.
func (r *recorder) keep(base, name []byte, link bool, found []byte) {
	if !r.passing {
		r.resolved[r.room.KeepString(r.resolveKey(base, name, link))] = found
	}
}

// resolveKey is the key of a path in r.resolved, valid until it is called again.
func (r *recorder) resolveKey(base, name []byte, link bool) []byte {
	key := append(append(r.key[:0], r.view...), 0)
	key = append(append(key, base...), 0)
	if link {
		key = append(key, 1)
	}
	r.key = append(append(key, 0), name...)
	return r.key
}

// endsInDirectory reports whether the end of a path can only be a directory: a slash, "."
// or "..".
func endsInDirectory(name []byte) bool {
	switch string(name[bytes.LastIndexByte(name, '/')+1:]) {
	case "", ".", "..":
		return true
	}
	return false
}

// inDirectory returns where a path leads whose last part is not followed: to that name in
// the directory before it. It returns nil if the host has to be asked.
func (r *recorder) inDirectory(base []byte, process, dir int, name []byte) []byte {
	if len(name) >= unix.PathMax {
		return nil
	}
	at := bytes.LastIndexByte(name, '/')
	parent, last := name[:max(at, 0)], name[at+1:]
	in := r.directory(base, process, dir, parent)
	if len(in) == 0 {
		return nil
	}
	return r.below(in, last)
}

// below returns the name of a file in a directory.
func (r *resolver) below(in, last []byte) []byte {
	slash := []byte("/")
	return r.room.Keep(bytes.TrimSuffix(in, slash), slash, last)
}

// forgetPaths drops all answers about paths.
func (r *resolver) forgetPaths() {
	clear(r.resolved)
	r.room.Empty()
}

// directory returns where a path to a directory leads, or nil.
func (r *recorder) directory(base []byte, process, dir int, name []byte) []byte {
	name = bytes.TrimRight(name, "/")
	if len(name) == 0 {
		return base // of a relative path, or the root directory
	}
	if known, ok := r.resolved[string(r.resolveKey(base, name, false))]; ok {
		return known
	}
	at := bytes.LastIndexByte(name, '/')
	in, last := r.directory(base, process, dir, name[:max(at, 0)]), name[at+1:]
	var found []byte
	switch {
	case string(last) == ".." && !r.isDirectory(in):
		// The rest is taken literally, but only until somebody creates the directory.
		r.passing = true
	case !r.seesName(in):
	case string(last) == ".":
		found = r.room.Keep(in)
	case string(last) == "..":
		found = r.room.Keep(in[:max(bytes.LastIndexByte(in, '/'), 1)])
	default:
		if to := r.below(in, last); r.isNoLink(to) {
			found = to
		}
	}
	if found == nil {
		r.passing = r.passing || r.host.HeardResolve(process, dir, name, false) // then it is not known how it was found
		found = r.room.Keep(r.host.Of.Resolve(r.found[:], process, dir, name, false))
		r.passing = r.passing || r.machine.PassedProcess()
	}
	r.keep(base, name, false, found)
	return found
}

// isNoLink reports whether it is certain that a name, without links before its last part,
// is not a link.
func (r *recorder) isNoLink(name []byte) bool {
	noLink, _ := r.linkAt(name)
	return noLink
}

// isDirectory reports whether it is certain that a name without links is that of a
// directory.
func (r *recorder) isDirectory(name []byte) bool {
	_, isDirectory := r.linkAt(name)
	return isDirectory
}

func (r *recorder) linkAt(name []byte) (noLink, isDirectory bool) {
	if !r.seesName(name) {
		return false, false
	}
	return r.machine.IsNoLink(name)
}

// seesName reports whether the process of the path sees the same file under a name as
// trapline does.
func (r *recorder) seesName(name []byte) bool { return r.sees && len(name) > 0 && name[0] == '/' }
