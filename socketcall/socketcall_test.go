package socketcall

import (
	"encoding/binary"
	"testing"

	"trapline/tables"
)

// page is a tracee's memory: one page at pageAddr, with nothing behind it. It
// takes note of the reads.
type page struct {
	data  [4096]byte
	reads []int // their sizes in bytes
}

const pageAddr = 0xffff0000

func (p *page) ReadMemory(addr uint64, b []byte) int {
	p.reads = append(p.reads, len(b))
	if addr < pageAddr || addr >= pageAddr+uint64(len(p.data)) {
		return 0
	}
	return copy(b, p.data[addr-pageAddr:])
}

// put writes words from offset off on and returns their address.
func (p *page) put(off int, words ...uint32) uint64 {
	for i, w := range words {
		binary.LittleEndian.PutUint32(p.data[off+4*i:], w)
	}
	return pageAddr + uint64(off)
}

// TestSocketSubs holds the table against linux/net.h and nas[] of the kernel's
// net/compat.c.
func TestSocketSubs(t *testing.T) {
	names := []string{
		"socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername",
		"socketpair", "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt",
		"getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg",
	}
	nargs := []int{3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4}
	for i, name := range names {
		s := Socket(uint32(i + 1))
		if s == nil || s.Name != name || s.Args != nargs[i] {
			t.Errorf("call %d is %+v, want %s with %d arguments", i+1, s, name, nargs[i])
		}
	}
	for _, call := range []uint32{0, 21, 22, 0x80000001, 0xffffffff} {
		if s := Socket(call); s != nil {
			t.Errorf("call %#x is %s, want none", call, s.Name)
		}
	}
}

func TestEverySocketcallIsReadOnce(t *testing.T) {
	for call := uint32(1); call <= 20; call++ {
		sub := Socket(call)
		// The array ends where the page does: one byte more would fail.
		mem := new(page)
		words := make([]uint32, sub.Args)
		for i := range words {
			words[i] = 0x80000000 + uint32(i)
		}
		addr := mem.put(len(mem.data)-4*sub.Args, words...)
		var c Call
		// What stands above the low 32 bits of a register is no part of it.
		if !c.Socketcall(&[6]uint64{uint64(call) | 7<<32, addr | 7<<32}, mem) {
			t.Errorf("%s: failed", sub.Name)
			continue
		}
		if len(mem.reads) != 1 || mem.reads[0] != 4*sub.Args {
			t.Errorf("%s: reads of %v bytes, want one of %d", sub.Name, mem.reads, 4*sub.Args)
		}
		if c.Sub != sub || c.Addr != addr || len(c.Raw()) != sub.Args {
			t.Errorf("%s: %v at %#x with %d words", sub.Name, c.Sub, c.Addr, len(c.Raw()))
		}
		for i := range words {
			if c.Args[i] != uint64(words[i]) || c.Raw()[i] != uint64(words[i]) {
				t.Errorf("%s: argument %d is %#x, want %#x", sub.Name, i, c.Args[i], words[i])
			}
		}
		for _, a := range c.Args[sub.Args:] {
			if a != 0 {
				t.Errorf("%s: %#x behind the last argument", sub.Name, a)
			}
		}
	}
}

func TestSocketcallFailures(t *testing.T) {
	mem := new(page)
	var c Call
	for _, call := range []uint64{0, 21, 1 << 31, 0xffffffff} {
		if c.Socketcall(&[6]uint64{call, pageAddr}, mem) {
			t.Errorf("call %#x was found", call)
		}
	}
	if c.Socketcall(&[6]uint64{1, 0}, mem) {
		t.Error("an array at NULL was read")
	}
	if len(mem.reads) != 0 {
		t.Errorf("memory was read for calls that there are none of: %v", mem.reads)
	}
	// The last of three words lies on the page behind, which is not there.
	if c.Socketcall(&[6]uint64{1, pageAddr + 4096 - 8}, mem) {
		t.Error("an array that goes on beyond memory was read")
	}
	if c.Socketcall(&[6]uint64{1, 0x1000}, mem) {
		t.Error("an array outside of memory was read")
	}
}

func TestIPC(t *testing.T) {
	regs := func(call uint64) *[6]uint64 { return &[6]uint64{call, 11, 12, 13, pageAddr, 15} }
	for _, tt := range []struct {
		call uint64
		name string
		args []uint64
	}{
		{1, "semop", []uint64{11, pageAddr, 12}},
		{2, "semget", []uint64{11, 12, 13}},
		{3, "semctl", []uint64{11, 12, 13, pageAddr}},
		{4, "semtimedop", []uint64{11, pageAddr, 12, 15}},
		{11, "msgsnd", []uint64{11, pageAddr, 12, 13}},
		{12, "msgrcv", []uint64{11, 1000, 12, 1001, 13}},
		{1<<16 | 12, "msgrcv", []uint64{11, pageAddr, 12, 15, 13}},
		{13, "msgget", []uint64{11, 12}},
		{14, "msgctl", []uint64{11, 12, pageAddr}},
		{21, "shmat", []uint64{11, pageAddr, 12, 13}},
		{22, "shmdt", []uint64{pageAddr}},
		{23, "shmget", []uint64{11, 12, 13}},
		{24, "shmctl", []uint64{11, 12, pageAddr}},
		{42<<16 | 2, "semget", []uint64{11, 12, 13}},
	} {
		mem := new(page)
		mem.put(0, 1000, 1001)
		var c Call
		if !c.IPC(regs(tt.call), mem) {
			t.Errorf("%#x: failed", tt.call)
			continue
		}
		if c.Sub.Name != tt.name || c.Sub.Args != len(tt.args) || c.Version != uint32(tt.call>>16) || c.Kludge {
			t.Errorf("%#x: %+v, version %d, want %s", tt.call, c.Sub, c.Version, tt.name)
		}
		for i, want := range tt.args {
			if c.Args[i] != want {
				t.Errorf("%#x: argument %d is %d, want %d", tt.call, i, c.Args[i], want)
			}
		}
		if raw := c.Raw(); len(raw) != 5 || raw[0] != 11 || raw[4] != 15 {
			t.Errorf("%#x: raw %v", tt.call, raw)
		}
		if read := len(mem.reads) > 0; read != (tt.call == 12) {
			t.Errorf("%#x: reads of %v bytes", tt.call, mem.reads)
		}
	}
	var c Call
	for _, call := range []uint64{0, 5, 10, 15, 20, 25, 1<<16 | 30, 0xffffffff} {
		if c.IPC(regs(call), new(page)) {
			t.Errorf("call %#x was found", call)
		}
	}
}

func TestMessageKludgeOutOfReach(t *testing.T) {
	var c Call
	if !c.IPC(&[6]uint64{12, 1, 2, 3, pageAddr + 4096 - 4, 5}, new(page)) {
		t.Fatal("failed")
	}
	if !c.Kludge || c.Args[1] != pageAddr+4096-4 {
		t.Errorf("kludge %v at %#x", c.Kludge, c.Args[1])
	}
}

// Every call but send and recv also has a number of its own by now.
func TestNamesAreInTheTable(t *testing.T) {
	for _, subs := range [][]Sub{socketSubs[:], ipcSubs[:]} {
		for i := range subs {
			s := &subs[i]
			if s.Name == "" {
				continue
			}
			direct := tables.ByName(tables.I386, s.Name) != nil
			switch s.Name {
			case "send", "recv", "accept", "semop", "semtimedop":
				if direct {
					t.Errorf("%s has a number of its own", s.Name)
				}
			default:
				if !direct {
					t.Errorf("%s is not in the table", s.Name)
				}
			}
		}
	}
}

func TestTakingApartAllocatesNothing(t *testing.T) {
	mem := &page{reads: make([]int, 0, 10000)}
	addr := mem.put(0, 1, 2, 3)
	var c Call
	if n := testing.AllocsPerRun(100, func() {
		c.Socketcall(&[6]uint64{3, addr}, mem)
		c.IPC(&[6]uint64{1, 1, 2, 3, addr, 5}, mem)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
