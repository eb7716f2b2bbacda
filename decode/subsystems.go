package decode

import "slices"

// subsystems are the descriptions of all calls.
var subsystems = slices.Concat(
	processGroups,
	memoryGroups,
	fileGroups,
	netGroups,
	ipcGroups,
	bpfGroups,
	uringGroups,
	[]group{{both: ioctlCall}},
)

// ioctlRequests are the descriptions of all ioctls.
var ioctlRequests = slices.Concat(ioctlListed, processRequests, memoryRequests, kvmRequests)
