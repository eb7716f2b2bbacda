package decode

import (
	"slices"

	"trapline/decode/bpf"
	"trapline/decode/file"
	"trapline/decode/ioctl"
	"trapline/decode/ipc"
	"trapline/decode/kvm"
	"trapline/decode/lang"
	"trapline/decode/memory"
	"trapline/decode/net"
	"trapline/decode/process"
	"trapline/decode/uring"
)

// subsystems are the descriptions of all calls.
var subsystems = slices.Concat(
	process.Groups,
	memory.Groups,
	file.Groups,
	net.Groups,
	ipc.Groups,
	bpf.Groups,
	uring.Groups,
	[]lang.Group{{Both: ioctlCall}},
)

// ioctlRequests are the descriptions of all ioctls.
var ioctlRequests = slices.Concat(ioctl.Requests, process.Requests, memory.Requests, kvm.Requests)
