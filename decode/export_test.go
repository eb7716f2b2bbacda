package decode

import (
	"trapline/tables"
)

// DescribedIoctls are the requests that have a description.
func DescribedIoctls(abi tables.ABI) []uint32 {
	var ops []uint32
	for _, p := range ioctlIndex[abi] {
		ops = append(ops, p.op)
	}
	return ops
}
