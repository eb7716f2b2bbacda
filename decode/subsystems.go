package decode

import (
	"slices"

	"trapline/decode/bpf"
	"trapline/decode/file"
	"trapline/decode/ioctl"
	"trapline/decode/ipc"
	"trapline/decode/kernel"
	"trapline/decode/kvm"
	"trapline/decode/lang"
	"trapline/decode/memory"
	"trapline/decode/net"
	"trapline/decode/process"
	"trapline/decode/uring"
)

// subsystems are the descriptions of all calls.
func subsystems() []lang.Group {
	return slices.Concat(
		process.Groups,
		memory.Groups,
		file.Groups,
		net.Groups,
		ipc.Groups,
		bpf.Groups,
		uring.Groups,
		[]lang.Group{{Both: ioctlCall}},
	)
}

// ioctlRequests are the descriptions of all ioctls.
func ioctlRequests() []kernel.Ioctls {
	return slices.Concat(ioctl.Requests, process.Requests, memory.Requests, kvm.Requests)
}
