package tables

import "strconv"

// ErrnoName gives the name of an error number, such as "ENOENT" for 2. It
// knows the kernel's internal errors too, which only a tracer sees:
// ERESTARTSYS (512) and its kin. The name of an unknown error is empty.
func ErrnoName(errno uint32) string {
	if errno < uint32(len(errnos)) {
		return errnos[errno].name
	}
	return ""
}

// ErrnoMessage gives the text that glibc's strerror has for an error number in
// the C locale.
func ErrnoMessage(errno uint32) string {
	if errno < uint32(len(errnos)) && errnos[errno].message != "" {
		return errnos[errno].message
	}
	return "Unknown error " + strconv.FormatUint(uint64(errno), 10)
}

// ErrnoByName gives the number of a named error.
func ErrnoByName(name string) (uint32, bool) {
	for i := range errnos {
		if errnos[i].name == name && name != "" {
			return uint32(i), true
		}
	}
	return 0, false
}
