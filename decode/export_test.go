package decode

import (
	"maps"
	"slices"

	"trapline/tables"
)

// DescribedIoctls are the requests that have a description.
func DescribedIoctls(abi tables.ABI) []uint32 {
	return slices.Sorted(maps.Keys(ioctlIndexOf(abi).byOp))
}
