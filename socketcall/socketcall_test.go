package socketcall

import (
	"encoding/binary"
	"slices"
	"testing"

	"trapline/tables"
)

// page is a tracee's memory: one page at pageAddr, with nothing after it. It
// records the reads.
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

// split splits an i386 call.
func split(nr uint64, regs [6]uint64, mem Memory) *Call {
	return new(Splitter).Split(tables.I386, nr, &regs, mem)
}

// TestSocketSubs compares the table with linux/net.h and nas[] of the kernel's
// net/compat.c.
func TestSocketSubs(t *testing.T) {
	names := []string{
		"socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername",
		"socketpair", "send", "recv", "sendto", "recvfrom", "shutdown", "setsockopt",
		"getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg",
	}
	nargs := []int{3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4}
	for i, name := range names {
		s := socketSub(uint32(i + 1))
		if s == nil || s.Name != name || s.Args != nargs[i] {
			t.Errorf("call %d is %+v, want %s with %d arguments", i+1, s, name, nargs[i])
		}
	}
	for _, call := range []uint32{0, 21, 22, 0x80000001, 0xffffffff} {
		if s := socketSub(call); s != nil {
			t.Errorf("call %#x is %s, want none", call, s.Name)
		}
	}
}

// TestSubsAsInTables compares numbers and symbols with those of the kernel's
// headers.
func TestSubsAsInTables(t *testing.T) {
	symbols := map[*Multiplexer]*tables.Set{&socketcall: &tables.SocketCall, &ipc: &tables.IpcCall}
	for outer, set := range symbols {
		if row := tables.ByName(tables.I386, outer.Name); row == nil || row.NR != outer.NR {
			t.Errorf("%s is not number %d", outer.Name, outer.NR)
		}
		for _, k := range set.Consts {
			if !slices.ContainsFunc(Subs(), func(s Sub) bool { return s.Outer == outer && s.Symbol == k.Name && uint64(s.Number) == k.Value }) {
				t.Errorf("%s has no %s", outer.Name, k.Name)
			}
		}
	}
	for i := range Subs() {
		s := &Subs()[i]
		if name, _ := symbols[s.Outer].Lookup(uint64(s.Number)); name != s.Symbol {
			t.Errorf("%s: call %d is %s, want %s", s.Name, s.Number, s.Symbol, name)
		}
		if s.Outer == &ipc && len(s.order) != s.Args {
			t.Errorf("%s has %d arguments in %d registers", s.Name, s.Args, len(s.order))
		}
	}
}

func TestEverySocketcallIsReadOnce(t *testing.T) {
	for call := uint32(1); call <= numSocketSubs; call++ {
		sub := socketSub(call)
		// The array ends at the end of the page: one byte more would fail.
		mem := new(page)
		words := make([]uint32, sub.Args)
		for i := range words {
			words[i] = 0x80000000 + uint32(i)
		}
		addr := mem.put(len(mem.data)-4*sub.Args, words...)
		// Bits above the low 32 bits of a register are ignored.
		c := split(nrSocketcall, [6]uint64{uint64(call) | 7<<32, addr | 7<<32}, mem)
		if c == nil {
			t.Errorf("%s: failed", sub.Name)
			continue
		}
		if len(mem.reads) != 1 || mem.reads[0] != 4*sub.Args {
			t.Errorf("%s: reads of %v bytes, want one of %d", sub.Name, mem.reads, 4*sub.Args)
		}
		v := &c.Via
		if c.Sub != sub || c.Form != sub.Name || len(v.Raw) != sub.Args {
			t.Errorf("%s: %v as %s with %d words", sub.Name, c.Sub, c.Form, len(v.Raw))
		}
		if v.Name != "socketcall" || v.Call != uint64(call) || v.Symbol != sub.Symbol || v.ArgsAddr != addr || v.Version != 0 || v.Entry != sub.Entry {
			t.Errorf("%s: came by %+v", sub.Name, v)
		}
		for i := range words {
			if c.Args[i] != uint64(words[i]) || v.Raw[i] != uint64(words[i]) {
				t.Errorf("%s: argument %d is %#x, want %#x", sub.Name, i, c.Args[i], words[i])
			}
		}
		for _, a := range c.Args[sub.Args:] {
			if a != 0 {
				t.Errorf("%s: %#x after the last argument", sub.Name, a)
			}
		}
	}
}

func TestNothingInside(t *testing.T) {
	mem := new(page)
	for _, call := range []uint64{0, 21, 1 << 31, 0xffffffff} {
		if split(nrSocketcall, [6]uint64{call, pageAddr}, mem) != nil {
			t.Errorf("call %#x was found", call)
		}
	}
	if split(nrSocketcall, [6]uint64{1, 0}, mem) != nil {
		t.Error("an array at NULL was read")
	}
	for _, other := range []struct {
		abi tables.ABI
		nr  uint64
	}{
		{tables.X86_64, nrSocketcall}, {tables.X32, nrSocketcall}, {tables.X86_64, nrIPC}, {tables.I386, 3}, {tables.I386, 1<<32 + nrSocketcall},
	} {
		if new(Splitter).Split(other.abi, other.nr, &[6]uint64{1, pageAddr}, mem) != nil {
			t.Errorf("call %d of %v was taken for a multiplexer's", other.nr, other.abi)
		}
	}
	if len(mem.reads) != 0 {
		t.Errorf("memory was read although there is nothing inside: %v", mem.reads)
	}
	// The last of three words is on the next page, which does not exist.
	if split(nrSocketcall, [6]uint64{1, pageAddr + 4096 - 8}, mem) != nil {
		t.Error("an array that goes on beyond memory was read")
	}
	if split(nrSocketcall, [6]uint64{1, 0x1000}, mem) != nil {
		t.Error("an array outside of memory was read")
	}
}

func TestIPC(t *testing.T) {
	regs := func(call uint64) [6]uint64 { return [6]uint64{call, 11, 12, 13, pageAddr, 15} }
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
		c := split(nrIPC, regs(tt.call), mem)
		if c == nil {
			t.Errorf("%#x: failed", tt.call)
			continue
		}
		form := tt.name
		if tt.name == "semctl" || tt.name == "shmat" {
			form = "ipc_" + tt.name
		}
		if c.Name != tt.name || c.Sub.Args != len(tt.args) || c.Form != form {
			t.Errorf("%#x: %+v, described as %s, want %s", tt.call, c.Sub, c.Form, tt.name)
		}
		for i := range c.Args {
			want := uint64(0)
			if i < len(tt.args) {
				want = tt.args[i]
			}
			if c.Args[i] != want {
				t.Errorf("%#x: argument %d is %d, want %d", tt.call, i, c.Args[i], want)
			}
		}
		v := &c.Via
		if v.Name != "ipc" || v.Call != tt.call&0xffff || v.Version != uint32(tt.call>>16) || v.Symbol != c.Symbol || v.ArgsAddr != 0 || v.Entry != c.Entry {
			t.Errorf("%#x: came by %+v", tt.call, v)
		}
		if want := []uint64{11, 12, 13, pageAddr, 15}; !slices.Equal(v.Raw, want) {
			t.Errorf("%#x: raw %v, want %v", tt.call, v.Raw, want)
		}
		if read := len(mem.reads) > 0; read != (tt.call == 12) {
			t.Errorf("%#x: reads of %v bytes", tt.call, mem.reads)
		}
	}
	for _, call := range []uint64{0, 5, 10, 15, 20, 25, 1<<16 | 30, 0xffffffff} {
		if split(nrIPC, regs(call), new(page)) != nil {
			t.Errorf("call %#x was found", call)
		}
	}
}

func TestMessageKludgeOutOfReach(t *testing.T) {
	const addr = pageAddr + 4096 - 4
	c := split(nrIPC, [6]uint64{12, 1, 2, 3, addr, 5}, new(page))
	if c == nil {
		t.Fatal("failed")
	}
	if c.Name != "msgrcv" || c.Form != kludgeForm || c.Args[1] != addr {
		t.Errorf("%s, described as %s, with its arguments at %#x", c.Name, c.Form, c.Args[1])
	}
}

// TestSplitForgets checks that a call has no data of the previous one.
func TestSplitForgets(t *testing.T) {
	mem := new(page)
	addr := mem.put(0, 1, 2, 3, 4, 5, 6)
	var s Splitter
	s.Split(tables.I386, nrSocketcall, &[6]uint64{11, addr}, mem)
	c := s.Split(tables.I386, nrSocketcall, &[6]uint64{4, addr}, mem)
	if want := [6]uint64{1, 2}; c.Args != want || len(c.Via.Raw) != 2 {
		t.Errorf("listen with %v, raw %v", c.Args, c.Via.Raw)
	}
	s.Split(tables.I386, nrIPC, &[6]uint64{12, 1, 2, 3, 0, 5}, mem)
	s.Split(tables.I386, nrIPC, &[6]uint64{1<<16 | 12, 1, 2, 3, 4, 5}, mem)
	c = s.Split(tables.I386, nrIPC, &[6]uint64{22, 1, 2, 3, 4, 5}, mem)
	if want := [6]uint64{4}; c.Args != want || c.Form != "shmdt" || c.Via.Version != 0 || c.Via.ArgsAddr != 0 {
		t.Errorf("shmdt with %v as %s by %+v", c.Args, c.Form, c.Via)
	}
}

// Except send and recv, every call now also has a number of its own, on one of
// the two ABIs. The classes are those of the call on x86-64.
func TestNamesAreInTheTable(t *testing.T) {
	network, _ := tables.ClassByName("network")
	sysv, _ := tables.ClassByName("ipc")
	for i := range Subs() {
		s := &Subs()[i]
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
		want := network
		if s.Outer == &ipc {
			want = sysv
		}
		if s.Classes()&want == 0 {
			t.Errorf("%s has the classes %b, not %b", s.Name, s.Classes(), want)
		}
	}
}

// A Set distinguishes all calls.
func TestSet(t *testing.T) {
	for i := range Subs() {
		var one Set
		one.Add(&Subs()[i])
		for j := range Subs() {
			if got := one.Has(&Subs()[j]); got != (i == j) {
				t.Errorf("a set with call %d has call %d: %v", i, j, got)
			}
		}
		outer := uint64(Subs()[i].Outer.NR)
		for _, nr := range []uint64{nrSocketcall, nrIPC, 3} {
			if got := one.HasAny(nr); got != (nr == outer) {
				t.Errorf("a set with call %d has one of number %d: %v", i, nr, got)
			}
		}
	}
}

func TestSplitAllocatesNothing(t *testing.T) {
	mem := &page{reads: make([]int, 0, 10000)}
	addr := mem.put(0, 1, 2, 3)
	var s Splitter
	if n := testing.AllocsPerRun(100, func() {
		s.Split(tables.I386, nrSocketcall, &[6]uint64{3, addr}, mem)
		s.Split(tables.I386, nrIPC, &[6]uint64{1, 1, 2, 3, addr, 5}, mem)
		s.Split(tables.I386, nrIPC, &[6]uint64{12, 1, 2, 3, addr, 5}, mem)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSplit(b *testing.B) {
	mem := new(page)
	addr := mem.put(0, 1, 2, 3, 4, 5, 6)
	for _, call := range []struct {
		name string
		abi  tables.ABI
		nr   uint64
		regs [6]uint64
	}{
		{"x86_64", tables.X86_64, nrSocketcall, [6]uint64{}},
		{"other", tables.I386, 3, [6]uint64{}},
		{"socket", tables.I386, nrSocketcall, [6]uint64{1, addr}},
		{"sendmmsg", tables.I386, nrSocketcall, [6]uint64{20, addr}},
		{"unreadable", tables.I386, nrSocketcall, [6]uint64{1, 16}},
		{"shmctl", tables.I386, nrIPC, [6]uint64{24, 1, 2, 3, 4, 5}},
	} {
		b.Run(call.name, func(b *testing.B) {
			b.ReportAllocs()
			var s Splitter
			for b.Loop() {
				mem.reads = mem.reads[:0]
				s.Split(call.abi, call.nr, &call.regs, mem)
			}
		})
	}
}
