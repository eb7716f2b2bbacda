package decode

import (
	"slices"
	"strings"
	"sync"

	"trapline/tables"
)

// ioctlCall is the call ioctl. It is described here, and not in the package
// ioctl, since its requests are described by several packages.
var ioctlCall = Calls{
	{"ioctl", Args{{"fd", FD}, {"op", ioctlOp}, RestBy(ioctlArg, &plainIoctl)}, RetUnsigned},
}

// ioctlIndex finds descriptions by request.
type ioctlIndex struct {
	byOp  map[uint32]*Desc
	types [256]bool // the types of requests with a description
}

// ioctlIndexes are made when a program of their ABI first needs one.
var ioctlIndexes [tables.NumABI]struct {
	once  sync.Once
	index *ioctlIndex
}

func ioctlIndexOf(abi tables.ABI) *ioctlIndex {
	x := &ioctlIndexes[abi]
	x.once.Do(func() { x.index = newIoctlIndex(abi) })
	return x.index
}

func newIoctlIndex(abi tables.ABI) *ioctlIndex {
	x := &ioctlIndex{byOp: make(map[uint32]*Desc)}
	ops := tables.IoctlsByName(abi)
	families := ioctlRequests
	if abi == tables.X86_64 {
		families = append(slices.Clip(families), ioctlNative...)
	}
	for _, family := range families {
		for i := range family {
			d := ioctlDesc(&family[i])
			for name := range strings.FieldsSeq(d.Name) {
				if op, ok := ops[name]; ok {
					x.byOp[op] = d
					x.types[iocType(op)] = true
				}
			}
		}
	}
	return x
}

// ioctlArg chooses the description of a request's argument.
func ioctlArg(c *Call) *Desc {
	x := ioctlIndexOf(c.ABI)
	op := uint32(c.Args[1])
	if shownPlain(c, op) {
		return &plainIoctl
	}
	if d := x.byOp[op]; d != nil {
		return d
	}
	return undescribed(c, op, x.types[iocType(op)])
}
