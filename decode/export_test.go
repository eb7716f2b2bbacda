package decode

import (
	"maps"
	"slices"

	"trapline/tables"
)

// describedIoctls are the requests that have a description.
func describedIoctls(abi tables.ABI) []uint32 {
	return slices.Sorted(maps.Keys(ioctlIndexOf(abi).byOp))
}
