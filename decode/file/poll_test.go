package file_test

import (
	"fmt"
	"strings"
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestWaitingForFiles(t *testing.T) {
	polls := func(revents ...uint64) []byte {
		var b []byte
		for i, r := range revents {
			b = append(append(b, Numbers(4, uint64(3+i))...), Numbers(2, 1, r)...)
		}
		return b
	}
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "poll", Args: []uint64{At0, 2, 10}, Mem: FakeMemory{At0: polls(0, 0)},
			Want: `poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN}], 2, 10) = 0 (Timeout)`},
		{Abi: tables.X86_64, Name: "poll", Args: []uint64{At0, 2, 1<<64 - 1}, Mem: FakeMemory{At0: polls(0, 0x11)}, Ret: 1,
			Want: `poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN}], 2, -1) = 1 ([{fd=4, revents=POLLIN|POLLHUP}])`},
		{Abi: tables.X86_64, Name: "poll", Args: []uint64{0, 1 << 40, 0}, Errno: tables.EINVAL,
			Want: `poll(NULL, 0, 0) = -1 EINVAL (Invalid argument)`},
		{Abi: tables.X86_64, Name: "ppoll", Args: []uint64{At0, 1, At1, At2, 8}, Ret: 1,
			Mem:  FakeMemory{At0: polls(1), At1: Numbers(8, 1, 500), At2: Numbers(8, 0)},
			Want: `ppoll([{fd=3, events=POLLIN}], 1, {tv_sec=1, tv_nsec=500}, [], 8) = 1 ([{fd=3, revents=POLLIN}], left {tv_sec=1, tv_nsec=500})`},
		{Abi: tables.X86_64, Name: "select", Args: []uint64{5, At0, 0, At1, At2}, Ret: 2,
			Mem:  FakeMemory{At0: Numbers(8, 0x18), At1: Numbers(8, 1), At2: Numbers(8, 1, 2)},
			Want: `select(5, [3 4], NULL, [0], {tv_sec=1, tv_usec=2}) = 2 (in [3 4], left {tv_sec=1, tv_usec=2})`},
		{Abi: tables.X86_64, Name: "select", Args: []uint64{1<<64 - 1, At0, 0, 0, 0}, Errno: tables.EINVAL,
			Want: `select(-1, 0x7000, NULL, NULL, NULL) = -1 EINVAL (Invalid argument)`},
		{Abi: tables.I386, Name: "select", Args: []uint64{At0}, Ret: 0,
			Mem:  FakeMemory{At0: Numbers(4, 33, At1, 0, 0, 0), At1: Numbers(4, 2, 1)},
			Want: `select(33, [1 32], NULL, NULL, NULL) = 0 (Timeout)`},
		{Abi: tables.X86_64, Name: "epoll_wait", Args: []uint64{3, At0, 8, 0}, Mem: FakeMemory{At0: append(Numbers(4, 1), Numbers(8, 7)...)}, Ret: 1,
			Want: `epoll_wait(3, [{events=EPOLLIN, data=0x7}], 8, 0) = 1`},
		{Abi: tables.X86_64, Name: "epoll_ctl", Args: []uint64{3, 2, 4, At0}, Want: `epoll_ctl(3, EPOLL_CTL_DEL, 4, 0x7000) = 0`},
		// After a call that failed, only addresses are shown.
		{Abi: tables.X86_64, Name: "epoll_pwait2", Args: []uint64{3, At0, 1, At1, At2, 8}, Mem: FakeMemory{At1: Numbers(8, 1, 2), At2: Numbers(8, 0)},
			Errno: tables.EBADF, Want: `epoll_pwait2(3, 0x7000, 1, 0x7400, 0x7800, 8) = -1 EBADF (Bad file descriptor)`},
	})
}

// The ready file comes after those that the argument shows.
func TestPollOfManyFiles(t *testing.T) {
	const most, n = 32, 40
	var files []byte
	shown := make([]string, most)
	for i := range n {
		revents := uint64(0)
		if i == n-1 {
			revents = 1
		}
		files = append(append(files, Numbers(4, uint64(i))...), Numbers(2, 1, revents)...)
		if i < most {
			shown[i] = fmt.Sprintf("{fd=%d, events=POLLIN}", i)
		}
	}
	Check(t, []Wanted{
		{Abi: tables.X86_64, Name: "poll", Args: []uint64{At0, n, 0}, Mem: FakeMemory{At0: files}, Ret: 1,
			Want: "poll([" + strings.Join(shown, ", ") + ", ...], 40, 0) = 1 ([{fd=39, revents=POLLIN}])"},
	})
}
