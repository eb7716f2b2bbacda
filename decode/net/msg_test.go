package net_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

// recvmmsg reports how much time is left.
func TestTimeLeftOfMessages(t *testing.T) {
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "recvmmsg", Args: []uint64{3, At0, 1, 0, At1}, Ret: 1,
			Mem:  FakeMemory{At0: Numbers(8, 0, 0, 0, 0, 0, 0, 0, 0), At1: Numbers(8, 0, 500)},
			Want: `recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=NULL, msg_iovlen=0, msg_controllen=0, msg_flags=0}, msg_len=0}], 1, 0, {tv_sec=0, tv_nsec=500}) = 1 (left {tv_sec=0, tv_nsec=500})`},
		{Abi: tables.X86_64, Name: "recvmmsg", Args: []uint64{3, At0, 1, 0, 0}, Ret: 1,
			Mem:  FakeMemory{At0: Numbers(8, 0, 0, 0, 0, 0, 0, 0, 0)},
			Want: `recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=NULL, msg_iovlen=0, msg_controllen=0, msg_flags=0}, msg_len=0}], 1, 0, NULL) = 1`},
		{Abi: tables.X86_64, Name: "recvmmsg", Args: []uint64{3, At0, 1, 0, At1}, Ret: 0,
			Mem:  FakeMemory{At0: Numbers(8, 0, 0, 0, 0, 0, 0, 0, 0), At1: Numbers(8, 0, 500)},
			Want: `recvmmsg(3, [], 1, 0, {tv_sec=0, tv_nsec=500}) = 0 (Timeout)`},
	})
}
