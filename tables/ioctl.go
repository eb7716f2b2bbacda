package tables

import "slices"

// ioctls gives the numbers of an ABI's ioctl requests, sorted, and the name of
// each. Requests of one number are sorted by their names.
func ioctls(abi ABI) (ops []uint32, names []string) {
	if abi == X86_64 {
		return ioctlOpsX86_64[:], ioctlNamesX86_64[:]
	}
	return ioctlOpsI386[:], ioctlNamesI386[:]
}

// IoctlNames gives the names of an ioctl request, sorted: none for a request
// that no header of the kernel defines, and several where drivers use the same
// number.
func IoctlNames(abi ABI, op uint32) []string {
	ops, names := ioctls(abi)
	first, found := slices.BinarySearch(ops, op)
	if !found {
		return nil
	}
	last := first
	for last < len(ops) && ops[last] == op {
		last++
	}
	return names[first:last:last]
}

// IoctlsByName gives the number of every ioctl request of an ABI.
func IoctlsByName(abi ABI) map[string]uint32 {
	ops, names := ioctls(abi)
	m := make(map[string]uint32, len(ops))
	for i, name := range names {
		m[name] = ops[i]
	}
	return m
}
