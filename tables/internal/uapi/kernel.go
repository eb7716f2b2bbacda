package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// kernelHeaders are the kernel's internal headers, below include/, that define
// values visible to programs which no UAPI header has.
var kernelHeaders = []string{
	"linux/errno.h",  // ERESTARTSYS
	"linux/net.h",    // SOCK_
	"linux/socket.h", // AF_, MSG_, SOL_
	"net/bluetooth/bluetooth.h",
	"net/bluetooth/hci_sock.h",
	"net/bluetooth/l2cap.h",
	"net/bluetooth/rfcomm.h",
	"net/tcp_states.h",
}

var (
	plainDefine = regexp.MustCompile(`^\s*#\s*define\s+([A-Z_][A-Z0-9_]*)\s+(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*\s*(?:/\*.*)?$`)
	iocDefine   = regexp.MustCompile(`^#define\s+([A-Z_][A-Z0-9_]*)\s+_IO(R|W|WR)\('(.)',\s*([0-9]+),\s*int\)`)
)

// collectKernel writes the constants that the kernel's internal headers define
// as plain numbers or as ioctl requests with an int, under names such as
// <kernel/linux/socket.h>. Of several definitions of one name it uses the
// first: the one for a 64-bit kernel that runs 32-bit programs.
func collectKernel(tree, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, header := range kernelHeaders {
		data, err := os.ReadFile(filepath.Join(tree, "include", header))
		if os.IsNotExist(err) {
			continue // headers come and go with versions
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "<kernel/%s>\n", header)
		seen := make(map[string]bool)
		for line := range strings.Lines(string(data)) {
			if m := iocDefine.FindStringSubmatch(line); m != nil {
				nr, err := strconv.ParseUint(m[4], 10, 8)
				if err != nil {
					return fmt.Errorf("%s: %s: %w", header, m[1], err)
				}
				dir := map[string]uint64{"W": 1, "R": 2, "WR": 3}[m[2]]
				const sizeofInt = 4
				fmt.Fprintf(w, "%s %#x ioc\n", m[1], dir<<30|sizeofInt<<16|uint64(m[3][0])<<8|nr)
				continue
			}
			m := plainDefine.FindStringSubmatch(strings.TrimRight(line, "\n"))
			if m == nil || seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			v, err := strconv.ParseUint(m[2], 0, 64)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", header, m[1], err)
			}
			fmt.Fprintf(w, "%s %#x\n", m[1], v)
		}
	}
	return cmp.Or(w.Flush(), f.Close())
}
