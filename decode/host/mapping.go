package host

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// mapsMax limits how many bytes of /proc/PID/maps are read. A process can have
// vm.max_map_count mappings, 65530 by default, each with its own path.
const mapsMax = 16 << 20

// Mapping implements Host.
func (l *Local) Mapping(process int, path []byte) (first, end uint64, ok bool) {
	f, err := os.Open(string(l.pathOf(process, "/maps")))
	if err != nil {
		return 0, 0, false
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, mapsMax))
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes()) // addresses, permissions, offset, device, inode, path
		if len(fields) != 6 || !bytes.Equal(fields[5], path) {
			continue
		}
		from, to, _ := bytes.Cut(fields[0], []byte("-"))
		first, err1 := strconv.ParseUint(string(from), 16, 64)
		end, err2 := strconv.ParseUint(string(to), 16, 64)
		if err1 == nil && err2 == nil {
			return first, end, true
		}
	}
	return 0, 0, false
}

// MappedFile implements Host.
func (l *Local) MappedFile(b []byte, process int, first, end uint64) []byte {
	path := strconv.AppendUint(l.pathOf(process, "/map_files/"), first, 16)
	path = append(path, '-')
	return readLink(b, strconv.AppendUint(path, end, 16))
}

// MappedAt finds the mapping that contains an address, and returns its rights, such as
// "r--p"; empty if nothing is mapped there. known is false if the mappings are not
// visible.
func (l *Local) MappedAt(process int, addr uint64) (rights string, known bool) {
	f, err := os.Open(string(l.pathOf(process, "/maps")))
	if err != nil {
		return "", false
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, mapsMax))
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) < 2 {
			continue
		}
		from, to, _ := bytes.Cut(fields[0], []byte("-"))
		first, err1 := strconv.ParseUint(string(from), 16, 64)
		end, err2 := strconv.ParseUint(string(to), 16, 64)
		if err1 == nil && err2 == nil && first <= addr && addr < end {
			return string(fields[1]), true
		}
		known = known || err1 == nil && err2 == nil
	}
	return "", known && lines.Err() == nil
}

// Place is the location of an address in memory that processes may share.
type Place struct {
	Shared         bool // it is a shared mapping
	Device, Offset uint64
	Inode          uint64 // of the file, or of shared memory without one; 0 for private memory
}

// PlaceAt finds the location of an address of a process; false if nothing is mapped there.
func (l *Local) PlaceAt(process int, addr uint64) (p Place, ok bool) {
	f, err := os.Open(string(l.pathOf(process, "/maps")))
	if err != nil {
		return p, false
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, mapsMax))
	for lines.Scan() {
		if p, ok = parsePlace(lines.Bytes(), addr); ok {
			return p, true
		}
	}
	return Place{}, false
}

// parsePlace reads a line of /proc/PID/maps, if the line contains an address.
func parsePlace(line []byte, addr uint64) (p Place, ok bool) {
	f := bytes.Fields(line) // addresses, permissions, offset, device, inode, path
	if len(f) < 5 {
		return p, false
	}
	from, to, _ := bytes.Cut(f[0], []byte("-"))
	first, err1 := strconv.ParseUint(string(from), 16, 64)
	end, err2 := strconv.ParseUint(string(to), 16, 64)
	if err1 != nil || err2 != nil || addr < first || addr >= end {
		return p, false
	}
	major, minor, _ := bytes.Cut(f[3], []byte(":"))
	offset, err1 := strconv.ParseUint(string(f[2]), 16, 64)
	high, err2 := strconv.ParseUint(string(major), 16, 32)
	low, err3 := strconv.ParseUint(string(minor), 16, 32)
	inode, err4 := strconv.ParseUint(string(f[4]), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return p, false
	}
	return Place{bytes.HasSuffix(f[1], []byte("s")), unix.Mkdev(uint32(high), uint32(low)), offset + addr - first, inode}, true
}
