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

// kernelHeaders are those of the kernel's own headers, below include/, that
// define values which cross the interface but which no UAPI header has.
var kernelHeaders = []string{
	"linux/errno.h",     // ERESTARTSYS
	"linux/file_lock.h", // FL_
	"linux/fs.h",        // SB_
	"linux/net.h",       // SOCK_
	"linux/socket.h",    // AF_, MSG_, SOL_
	"linux/time64.h",
}

var plainDefine = regexp.MustCompile(`^\s*#\s*define\s+([A-Z_][A-Z0-9_]*)\s+(0[xX][0-9a-fA-F]+|[0-9]+)[uUlL]*\s*(?:/\*.*)?$`)

// collectKernel writes the constants that the kernel's own headers define as
// plain numbers, under names such as <kernel/linux/socket.h>. Of several
// definitions of one name the first is taken: that for a 64-bit kernel which
// runs 32-bit programs.
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
