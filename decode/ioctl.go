package decode

import (
	"slices"
	"strings"
	"sync"

	"trapline/decode/ioctl"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/tables"
)

// ioctlCall is the call ioctl. It is described here, and not in the package
// ioctl, since its requests are described by several packages.
var ioctlCall = lang.Calls{
	{"ioctl", lang.Args{{"fd", kernel.FD}, {"op", ioctl.Op}, {"", &lang.Rest{By: ioctlArg, Among: []*lang.Desc{&ioctl.PlainArg}}}}, lang.RetUnsigned},
}

// ioctlIndex finds descriptions by request.
type ioctlIndex struct {
	byOp  map[uint32]*lang.Desc
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
	x := &ioctlIndex{byOp: make(map[uint32]*lang.Desc)}
	ops := tables.IoctlsByName(abi)
	var families []kernel.Ioctls
	for _, requests := range ioctlRequests {
		families = append(families, *requests...)
	}
	if abi == tables.X86_64 {
		families = append(slices.Clip(families), ioctl.NativeRequests...)
	}
	for _, family := range families {
		for i := range family {
			d := kernel.IoctlDesc(&family[i])
			for name := range strings.FieldsSeq(d.Name) {
				if op, ok := ops[name]; ok {
					x.byOp[op] = d
					x.types[kernel.IocType(op)] = true
				}
			}
		}
	}
	return x
}

// ioctlArg chooses the description of a request's argument.
func ioctlArg(c *Call) *lang.Desc {
	x := ioctlIndexOf(c.ABI)
	op := uint32(c.Args[1])
	if ioctl.ShownPlain(c, op) {
		return &ioctl.PlainArg
	}
	if d := x.byOp[op]; d != nil {
		return d
	}
	return ioctl.Undescribed(c, op, x.types[kernel.IocType(op)])
}
