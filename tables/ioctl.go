package tables

import (
	"cmp"
	"slices"
	"sort"
	"sync"
)

// ioctlRow is one request: its number on each ABI, and its name.
type ioctlRow struct {
	x86_64, i386 uint32
	name         string
}

// noIoctl stands in a row for the number on an ABI that lacks the request. No
// request is numbered zero.
const noIoctl = 0

func (r *ioctlRow) op(abi ABI) uint32 {
	if abi == X86_64 {
		return r.x86_64
	}
	return r.i386 // x32 programs make i386's requests, too
}

// key is what rows are sorted by: the number on x86-64 if there is one.
func (r *ioctlRow) key() uint32 {
	if r.x86_64 == noIoctl {
		return r.i386
	}
	return r.x86_64
}

// movedIoctls are the few rows that are not found by their number on i386,
// sorted by it. They are looked for when the first i386 program needs them.
var movedIoctls struct {
	once sync.Once
	rows []*ioctlRow
}

func findMovedIoctls() {
	var rows []*ioctlRow
	for i := range ioctlRows {
		if r := &ioctlRows[i]; r.i386 != noIoctl && r.i386 != r.key() {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b *ioctlRow) int {
		return cmp.Or(cmp.Compare(a.i386, b.i386), cmp.Compare(a.name, b.name))
	})
	movedIoctls.rows = rows
}

// AppendIoctlNames appends the names of an ioctl request, sorted: none for a
// request that no header of the kernel defines, and several where drivers use
// the same number.
func AppendIoctlNames(names []string, abi ABI, op uint32) []string {
	if op == noIoctl {
		return names
	}
	before := len(names)
	i := sort.Search(len(ioctlRows), func(i int) bool { return ioctlRows[i].key() >= op })
	for ; i < len(ioctlRows) && ioctlRows[i].key() == op; i++ {
		if r := &ioctlRows[i]; r.op(abi) == op {
			names = append(names, r.name)
		}
	}
	if abi == X86_64 {
		return names
	}
	movedIoctls.once.Do(findMovedIoctls)
	rows := movedIoctls.rows
	i = sort.Search(len(rows), func(i int) bool { return rows[i].i386 >= op })
	if i < len(rows) && rows[i].i386 == op {
		for ; i < len(rows) && rows[i].i386 == op; i++ {
			names = append(names, rows[i].name)
		}
		slices.Sort(names[before:])
	}
	return names
}

// IoctlsByName gives the number of every ioctl request of an ABI.
func IoctlsByName(abi ABI) map[string]uint32 {
	m := make(map[string]uint32, len(ioctlRows))
	for i := range ioctlRows {
		r := &ioctlRows[i]
		if op := r.op(abi); op != noIoctl {
			m[r.name] = op
		}
	}
	return m
}
