//go:build linux && amd64

package explain

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
)

// quoted is a name as it is shown: in quotes if it contains blanks, quotes or unprintable
// characters.
func quoted(name string) string {
	for _, r := range name {
		if r <= ' ' || r == '"' || r == '\\' || r == '\'' || r >= 0x7f {
			return strconv.QuoteToASCII(name)
		}
	}
	if name == "" || strings.Contains(name, "*/") {
		return strconv.Quote(name)
	}
	return name
}

// typeName names the type of a file.
func typeName(f *host.File) string {
	switch f.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "a regular file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFLNK:
		return "a symbolic link"
	case unix.S_IFIFO:
		return "a FIFO"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFCHR, unix.S_IFBLK:
		return "a device"
	}
	return "a file"
}

// owned describes who owns a file.
func owned(f *host.File) string {
	return fmt.Sprintf("mode %04o, owner %d:%d", f.Mode&0o7777, f.UID, f.GID)
}
