package memory_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestMemory(t *testing.T) {
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "mmap", Args: []uint64{0, 4096, 3, 0x22, 1<<64 - 1, 0}, Ret: 0x7f0000,
			Want: `mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000`},
		{Abi: tables.X86_64, Name: "mmap", Args: []uint64{0, 1 << 21, 0, 0x22 | tables.MAP_HUGETLB | 21<<26, 1<<64 - 1, 0x1000}, Errno: tables.ENOMEM,
			Want: `mmap(NULL, 2097152, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0x1000)` +
				` = -1 ENOMEM (Cannot allocate memory)`},
		{Abi: tables.I386, Name: "mmap2", Args: []uint64{0, 4096, 1, 2, 3, 0x100000}, Ret: 0xf7000000,
			Want: `mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0x100000000) = 0xf7000000`},
		{Abi: tables.I386, Name: "mmap", Args: []uint64{At0}, Mem: FakeMemory{At0: Numbers(4, 0, 4096, 1, 1, 3, 0x2000)}, Ret: 0xf7000000,
			Want: `mmap(NULL, 4096, PROT_READ, MAP_SHARED, 3, 0x2000) = 0xf7000000`},
		{Abi: tables.I386, Name: "mmap", Args: []uint64{At0}, Errno: tables.EFAULT, Want: `mmap(0x7000) = -1 EFAULT (Bad address)`},
		{Abi: tables.X86_64, Name: "mremap", Args: []uint64{0x1000, 1, 2, 1, 0x2000}, Ret: 0x3000,
			Want: `mremap(0x1000, 1, 2, MREMAP_MAYMOVE) = 0x3000`},
		{Abi: tables.X86_64, Name: "mremap", Args: []uint64{0x1000, 1, 2, 3, 0x2000}, Ret: 0x2000,
			Want: `mremap(0x1000, 1, 2, MREMAP_MAYMOVE|MREMAP_FIXED, 0x2000) = 0x2000`},
		{Abi: tables.X86_64, Name: "mincore", Args: []uint64{0x1000, 4097, At0}, Mem: FakeMemory{At0: {1, 0xfe}},
			Want: `mincore(0x1000, 4097, [1, 0]) = 0`},
		{Abi: tables.X86_64, Name: "mbind", Args: []uint64{0x1000, 1, 0x8002, At0, 64, 1}, Mem: FakeMemory{At0: Numbers(8, 1)},
			Want: `mbind(0x1000, 1, MPOL_BIND|MPOL_F_STATIC_NODES, [0x00000000000001], 64, MPOL_MF_STRICT) = 0`},
		{Abi: tables.X86_64, Name: "get_robust_list", Args: []uint64{0, At0, At1}, Mem: FakeMemory{At0: Numbers(8, 0x10), At1: Numbers(8, 24)},
			Want: `get_robust_list(0, [0x10], [24]) = 0`},
	})
}
