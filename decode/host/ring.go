package host

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// A RingFinder is a Host that knows where io_uring rings are mapped.
type RingFinder interface {
	// Ring returns the mappings of the ring behind a descriptor of a process; false if it
	// is not a ring, or if that is unknown.
	Ring(process, fd int) (Ring, bool)
}

// Ring is a ring of io_uring, as a process has it mapped. Addresses are 0 if there is no
// mapping.
type Ring struct {
	Inode     uint64
	Rings     uint64 // address of struct io_rings
	Entries   uint64 // address of the submission queue's entries
	EntrySize uint64 // size of the latter mapping

	// Known says that Rings and Entries, if the process provides the memory, and the
	// following members are known already: the flags of io_uring_setup, and the offset of
	// the indexes of requests in struct io_rings, or 0.
	Known        bool
	Flags, Array uint64
}

// A RingNoter is a Host that notes what is known about a ring, for readers of a recording
// of its answers.
type RingNoter interface {
	NoteRing(process, fd int, r Ring)
}

// Offsets of mappings (linux/io_uring.h).
const (
	offSQRing = 0
	offCQRing = 0x8000000
	offSQEs   = 0x10000000
)

var _ RingFinder = (*Local)(nil)

// Ring implements RingFinder. It reads the mappings of the whole process.
func (l *Local) Ring(process, fd int) (Ring, bool) {
	var st unix.Stat_t
	var link [32]byte
	if string(l.Descriptor(link[:], process, fd)) != "anon_inode:[io_uring]" {
		return Ring{}, false
	}
	if unix.Stat(string(l.pathOfFD(process, "/fd/", fd)), &st) != nil {
		return Ring{}, false
	}
	f, err := os.Open(string(l.pathOf(process, "/maps")))
	if err != nil {
		return Ring{}, false
	}
	defer f.Close()
	return findRing(io.LimitReader(f, mapsMax), st.Ino), true
}

// findRing looks for the mappings of a ring in a maps file. Before Linux 5.12 all rings
// have the same inode: if there are several rings, it finds none.
func findRing(maps io.Reader, inode uint64) Ring {
	r := Ring{Inode: inode}
	lines := bufio.NewScanner(maps)
	for lines.Scan() {
		if !bytes.HasSuffix(lines.Bytes(), []byte(" anon_inode:[io_uring]")) {
			continue
		}
		fields := bytes.Fields(lines.Bytes()) // addresses, permissions, offset, device, inode, path
		if len(fields) < 6 || string(fields[4]) != strconv.FormatUint(inode, 10) {
			continue
		}
		from, to, _ := bytes.Cut(fields[0], []byte("-"))
		first, err1 := strconv.ParseUint(string(from), 16, 64)
		end, err2 := strconv.ParseUint(string(to), 16, 64)
		offset, err3 := strconv.ParseUint(string(fields[2]), 16, 64)
		if err1 != nil || err2 != nil || err3 != nil || end <= first {
			continue
		}
		at := &r.Rings
		switch offset {
		case offSQRing, offCQRing: // the same memory, since Linux 5.4
			if r.Rings != 0 && offset == offCQRing {
				continue
			}
		case offSQEs:
			at = &r.Entries
			r.EntrySize = end - first
		default:
			continue
		}
		if *at != 0 && offset != offSQRing {
			return Ring{Inode: inode}
		}
		*at = first
	}
	return r
}
