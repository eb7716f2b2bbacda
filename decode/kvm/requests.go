package kvm

import (
	. "trapline/decode/kernel"
)

// Requests are the ioctls described here, one line a file.
var Requests = []Ioctls{
	kvmIoctls,
}
