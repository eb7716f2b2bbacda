package tables

import "strconv"

// ErrnoName returns the name of an error number, such as "ENOENT" for 2. It
// includes the kernel's internal errors, which only a tracer sees, such as
// ERESTARTSYS (512). The name of an unknown error is empty.
func ErrnoName(errno uint32) string {
	if errno < uint32(len(errnos)) {
		return errnos[errno].name
	}
	return ""
}

// ErrnoMessage returns the text of glibc's strerror for an error number in the
// C locale.
func ErrnoMessage(errno uint32) string {
	if errno < uint32(len(errnos)) && errnos[errno].message != "" {
		return errnos[errno].message
	}
	return "Unknown error " + strconv.FormatUint(uint64(errno), 10)
}

// ErrnoByName returns the number of a named error.
func ErrnoByName(name string) (uint32, bool) {
	for i := range errnos {
		if errnos[i].name == name && name != "" {
			return uint32(i), true
		}
	}
	return 0, false
}
