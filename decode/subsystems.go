package decode

import (
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

//go:generate go test -run ^Test(Call|Ioctl)Index$ -update .

// subsystems are the descriptions of all calls. Their places are in callIndex.
var subsystems = [...]*[]lang.Group{
	&process.Groups,
	&memory.Groups,
	&file.Groups,
	&net.Groups,
	&ipc.Groups,
	&bpf.Groups,
	&uring.Groups,
	&ioctlGroups,
}

var ioctlGroups = []lang.Group{{Both: ioctlCall}}

// ioctlRequests are the descriptions of all ioctls. Their places are in ioctlIndex.
var ioctlRequests = [...]*[]kernel.Ioctls{&ioctl.Requests, &process.Requests, &memory.Requests, &kvm.Requests, &ioctl.NativeRequests}
