//go:build linux && amd64

package unwind

import (
	"bytes"
	"cmp"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Mappings is what an [Unwinder] knows of the address space of one thread. The
// zero Mappings is empty.
type Mappings struct {
	list       []mapping // by address
	generation uint64    // of the Unwinder, when list was made
}

// mapping is an executable part of an address space (proc_pid_maps(5)).
type mapping struct {
	start, end uint64
	offset     uint64 // of start in the file
	inode      uint64
	name       string // of the file, or a pseudo-name such as "[vdso]"; may be ""

	file   *file // nil before the lookup, and if it cannot be used
	sought bool
}

// Forget drops the mappings, because execve has given the thread another
// address space.
func (m *Mappings) Forget() { *m = Mappings{} }

// find returns the mapping that contains addr, or nil.
func (m *Mappings) find(addr uint64) *mapping {
	i, exact := slices.BinarySearchFunc(m.list, addr, func(x mapping, addr uint64) int { return cmp.Compare(x.start, addr) })
	if !exact {
		i--
	}
	if i < 0 || addr >= m.list[i].end {
		return nil
	}
	return &m.list[i]
}

// maxMaps bounds the bytes read of /proc/PID/maps. The kernel's default allows
// 65,530 mappings, of some 100 bytes each.
const maxMaps = 64 << 20

// readMaps reads the mappings of a thread. It keeps what is known of unchanged
// ones.
func (u *Unwinder) readMaps(m *Mappings, tid int) {
	old := m.list
	m.list, m.generation = nil, u.generation
	text, err := u.readProc("/proc/" + strconv.Itoa(tid) + "/maps")
	if err != nil {
		return
	}
	m.list = make([]mapping, 0, max(8, len(old)))
	for len(text) > 0 {
		var line []byte
		line, text, _ = bytes.Cut(text, []byte{'\n'})
		x, ok := parseMapping(line)
		if !ok {
			continue
		}
		for len(old) > 0 && old[0].start < x.start {
			old = old[1:]
		}
		if len(old) > 0 && old[0].same(&x) {
			x.name, x.file, x.sought = old[0].name, old[0].file, old[0].sought
		}
		m.list = append(m.list, x)
	}
}

func (x *mapping) same(y *mapping) bool {
	return x.start == y.start && x.end == y.end && x.offset == y.offset && x.inode == y.inode && x.name == y.name
}

// readProc reads a file of unknown size into a buffer that is valid until the
// next call.
func (u *Unwinder) readProc(name string) ([]byte, error) {
	f, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(f)
	u.text = u.text[:0]
	for len(u.text) < maxMaps {
		u.text = slices.Grow(u.text, 8<<10)
		n, err := unix.Read(f, u.text[len(u.text):cap(u.text)])
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return u.text, err
		}
		u.text = u.text[:len(u.text)+n]
	}
	return u.text, nil
}

// parseMapping parses a line of /proc/PID/maps. It returns false for a mapping
// that is not executable.
//
//	55d0c9a52000-55d0c9a57000 r-xp 00002000 fd:00 656134   /usr/bin/cat
func parseMapping(line []byte) (m mapping, ok bool) {
	field := func() []byte {
		line = bytes.TrimLeft(line, " ")
		f, rest, _ := bytes.Cut(line, []byte{' '})
		line = rest
		return f
	}
	hex := func(b []byte) uint64 {
		v, err := strconv.ParseUint(string(b), 16, 64)
		ok = ok && err == nil
		return v
	}
	ok = true
	start, end, _ := bytes.Cut(field(), []byte{'-'})
	mode := field()
	if len(mode) < 3 || mode[2] != 'x' {
		return m, false
	}
	m.start, m.end, m.offset = hex(start), hex(end), hex(field())
	field() // device
	inode, err := strconv.ParseUint(string(field()), 10, 64)
	m.inode = inode
	m.name = string(bytes.TrimLeft(line, " "))
	return m, ok && err == nil && m.start < m.end
}
