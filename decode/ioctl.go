package decode

import (
	"cmp"
	"slices"
	"strings"

	"trapline/decode/ioctl"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/tables"
)

// ioctlCall is the call ioctl. It is described here rather than in package ioctl, because
// several packages describe its requests.
var ioctlCall = lang.Calls{
	{"ioctl", lang.Args{{"fd", kernel.FD}, {"op", &ioctl.Op}, {"", &lang.Rest{On: lang.Ref("op"), By: ioctlArg, Among: []*lang.Desc{&ioctl.PlainArg}, All: allIoctlArgs}}}, lang.RetUnsigned},
}

// ioctlPlace says where the description of a request is: in which of ioctlRequests, in
// which of its lists, and the index in the list.
type ioctlPlace struct {
	op        uint32
	requests  uint8
	list, row uint8
}

// description is the description at the place.
func (p ioctlPlace) description() *kernel.Ioctl {
	return &(*ioctlRequests[p.requests])[p.list][p.row]
}

// ioctlDescs are the descriptions that a Decoder has needed so far, by ABI and
// request.
var ioctlDescs lang.DecoderSlot[[tables.NumABI]map[uint32]*lang.Desc]

// ioctlDesc finds the description of the argument of a request, or returns nil.
func ioctlDesc(c *Call, op uint32) *lang.Desc {
	made := &ioctlDescs.Of(c.Decoder)[c.ABI]
	if d := (*made)[op]; d != nil {
		return d
	}
	index := ioctlIndex[c.ABI]
	i, found := slices.BinarySearchFunc(index, op, func(p ioctlPlace, op uint32) int { return cmp.Compare(p.op, op) })
	if !found {
		return nil
	}
	if *made == nil {
		*made = make(map[uint32]*lang.Desc)
	}
	d := kernel.IoctlDesc(index[i].description())
	(*made)[op] = d
	return d
}

// allIoctlArgs adds the descriptions of all requests.
func allIoctlArgs(add func(*lang.Desc)) {
	for _, requests := range ioctlRequests {
		for _, family := range *requests {
			for i := range family {
				add(kernel.IoctlDesc(&family[i]))
			}
		}
	}
}

// ioctlArg chooses the description of a request's argument.
func ioctlArg(c *Call) *lang.Desc {
	op := uint32(c.Args[1])
	if ioctl.ShownPlain(c, op) {
		return &ioctl.PlainArg
	}
	if d := ioctlDesc(c, op); d != nil {
		return d
	}
	known := strings.IndexByte(ioctlTypes[c.ABI], kernel.IocType(op)) >= 0
	return ioctl.Undescribed(c, op, known)
}
