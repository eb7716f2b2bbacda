package ipc_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestFutex(t *testing.T) {
	ts := FakeMemory{At0: Numbers(8, 1, 500)}
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "futex", Args: []uint64{0x10, 0x80, 2, 0}, Errno: tables.EAGAIN,
			Want: `futex(0x10, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable)`},
		{Abi: tables.X86_64, Name: "futex", Args: []uint64{0x10, 0x189, 2, At0, 0, 0xffffffff}, Mem: ts, Errno: tables.ETIMEDOUT,
			Want: `futex(0x10, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 2, {tv_sec=1, tv_nsec=500}, FUTEX_BITSET_MATCH_ANY)` +
				` = -1 ETIMEDOUT (Connection timed out)`},
		{Abi: tables.X86_64, Name: "futex", Args: []uint64{0x10, 5, 1, 2, 0x20, 0x8<<28 | 4<<24 | 3<<12 | 1},
			Want: `futex(0x10, FUTEX_WAKE_OP, 1, 2, 0x20, FUTEX_OP_OPARG_SHIFT<<28|FUTEX_OP_SET<<28|0x3<<12|FUTEX_OP_CMP_GT<<24|0x1) = 0`},
		{Abi: tables.X86_64, Name: "futex", Args: []uint64{0x10, 4, 1, 2, 0x20, 3}, Want: `futex(0x10, FUTEX_CMP_REQUEUE, 1, 2, 0x20, 3) = 0`},
		{Abi: tables.X86_64, Name: "futex", Args: []uint64{0x10, 99, 1, 2, 3, 4}, Errno: tables.ENOSYS,
			Want: `futex(0x10, 0x63 /* FUTEX_??? */, 1, 0x2, 0x3, 0x4) = -1 ENOSYS (Function not implemented)`},
		{Abi: tables.I386, Name: "futex", Args: []uint64{0x10, 0, 2, At0}, Mem: FakeMemory{At0: Numbers(4, 1, 500)},
			Want: `futex(0x10, FUTEX_WAIT, 2, {tv_sec=1, tv_nsec=500}) = 0`},
		{Abi: tables.I386, Name: "futex_time64", Args: []uint64{0x10, 0, 2, At0}, Mem: ts,
			Want: `futex_time64(0x10, FUTEX_WAIT, 2, {tv_sec=1, tv_nsec=500}) = 0`},
	})
}
