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

// noIoctl is the number in a row for an ABI that lacks the request. No request
// has the number zero.
const noIoctl = 0

func (r *ioctlRow) op(abi ABI) uint32 {
	if abi == X86_64 {
		return r.x86_64
	}
	return r.i386 // x32 programs use i386's requests
}

// key is the sort key of rows: the number on x86-64 if there is one.
func (r *ioctlRow) key() uint32 {
	if r.x86_64 == noIoctl {
		return r.i386
	}
	return r.x86_64
}

// movedIoctls are the few rows that a search by the i386 number does not find,
// sorted by that number. They are collected when first needed.
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

// AppendIoctlNames appends the names of an ioctl request, sorted: none if no
// kernel header defines the request, several if drivers share a number.
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

// IoctlsByName returns the numbers of all ioctl requests of an ABI by name.
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
