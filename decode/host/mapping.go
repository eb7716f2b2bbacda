package host

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strconv"
)

// mapsMax is how many bytes of /proc/PID/maps are read. A process can have as many
// mappings as vm.max_map_count says, 65530 by default, each with a path of its
// own.
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
