package kvm

import (
	. "trapline/decode/kernel"
)

// Requests lists the ioctls described here, one line per file.
var Requests = []Ioctls{
	ioctls,
}
