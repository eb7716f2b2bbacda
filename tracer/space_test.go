//go:build linux && amd64

package tracer

import (
	"cmp"
	"os"
	"slices"
	"testing"

	"trapline/tracer/buffered"

	"golang.org/x/sys/unix"
)

// Mappings are found in the list with all details that the kernel gives, even if the name
// of a file contains blanks.
func TestReadMappings(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/two  blanks")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(3 * pageSize); err != nil {
		t.Fatal(err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		t.Fatal(err)
	}
	memory, err := unix.MmapPtr(int(f.Fd()), pageSize, nil, 2*pageSize, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.MunmapPtr(memory, 2*pageSize)
	list := ownMappings(t)
	start := uint64(uintptr(memory))
	want := mapping{start: start, end: start + 2*pageSize, offset: pageSize, inode: st.Ino, mode: "r--p", name: f.Name()}
	want.dev = findMapping(list, start).dev // not that of stat in some file systems
	for _, addr := range []uint64{start, start + 2*pageSize - 1} {
		if m := findMapping(list, addr); m == nil || *m != want {
			t.Errorf("at %#x there is %+v, want %+v", addr, m, want)
		}
	}
	if !slices.IsSortedFunc(list, func(a, b mapping) int { return cmp.Compare(a.start, b.start) }) {
		t.Error("the list is not in the order of addresses")
	}
}

// ownMappings reads the mappings of this process.
func ownMappings(t *testing.T) []mapping {
	t.Helper()
	fd, err := unix.Open("/proc/self/maps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	var c scratch
	if err := c.readMappings(fd); err != nil {
		t.Fatal(err)
	}
	return c.mapped
}

// codeMappings finds the same mappings of code as the text of /proc/PID/maps has, with the
// device that stat shows for a memfd, and nothing else.
func TestCodeMappings(t *testing.T) {
	file, err := unix.MemfdCreate("code", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(file)
	if err := unix.Ftruncate(file, 3*pageSize); err != nil {
		t.Fatal(err)
	}
	for _, prot := range []int{unix.PROT_READ | unix.PROT_EXEC, unix.PROT_READ | unix.PROT_WRITE} {
		memory, err := unix.MmapPtr(file, pageSize, nil, 2*pageSize, prot, unix.MAP_PRIVATE)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.MunmapPtr(memory, 2*pageSize)
	}
	var st unix.Stat_t
	if err := unix.Fstat(file, &st); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open("/proc/self/maps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	list, err := appendCodeMappings(nil, fd)
	if err == unix.ENOTTY {
		t.Skip("the kernel has no PROCMAP_QUERY (Linux 6.11)")
	}
	if err != nil {
		t.Fatal(err)
	}
	var want []mapping
	found := false
	for _, m := range ownMappings(t) {
		if m.mode == "r-xp" && m.inode != 0 {
			found = found || m.inode == st.Ino && m.dev == st.Dev
			m.name = ""
			want = append(want, m)
		}
	}
	if !slices.Equal(list, want) {
		t.Errorf("the mappings of code are %+v, want %+v", list, want)
	}
	if !found {
		t.Errorf("no mapping has the device %#x and the inode %d: %+v", st.Dev, st.Ino, list)
	}
}

// Data that a call may change is forgotten, and the rest is kept. With a second thread,
// nothing is kept.
func TestForgetMappings(t *testing.T) {
	for _, c := range []struct {
		addr, size uint64
		threads    bool
		left       []uint64 // where mappings start
	}{
		{0x1000, 0x1000, false, []uint64{0x3000, 0x5000, 0x6000}},
		{0x0, 0x1000, false, []uint64{0x1000, 0x3000, 0x5000, 0x6000}},
		{0x2000, 0x1000, false, []uint64{0x3000, 0x5000, 0x6000}},
		{0x4000, 0x1001, false, []uint64{0x1000, 0x3000, 0x6000}},
		{0x4000, 0x1000, false, []uint64{0x1000, 0x3000, 0x5000, 0x6000}},
		{0x3000, 0x3800, false, []uint64{0x1000}},
		{0x5000, ^uint64(0), false, []uint64{0x1000, 0x3000}},
		{0x7000, 0x1000, false, []uint64{0x1000, 0x3000, 0x5000, 0x6000}},
		{0, 0, false, []uint64{0x1000, 0x3000, 0x5000, 0x6000}},
		{0, 0, true, nil},
		{0x1000, 0x1000, true, nil},
	} {
		s := &space{mapped: []mapping{
			{start: 0x1000, end: 0x3000}, {start: 0x3000, end: 0x4000},
			{start: 0x5000, end: 0x6000}, {start: 0x6000, end: 0x7000},
		}}
		tr, other := &Tracee{TID: 1, space: s}, &Tracee{TID: 2, space: &space{}}
		if c.threads {
			other.space = s
		}
		tracer := &Tracer{tracees: map[int]*Tracee{1: tr, 2: other}}
		tracer.forgetMappings(tr, c.addr, c.size)
		var left []uint64
		for _, m := range s.mapped {
			left = append(left, m.start)
		}
		if !slices.Equal(left, c.left) {
			t.Errorf("%+v: left are %#x", c, left)
		}
	}
}

// A child has its first area where its parent has one, unless the index, of which it has a
// copy, may lead to areas of its parent's other threads.
func TestAreasOfChild(t *testing.T) {
	for _, threaded := range []bool{false, true} {
		parent := &space{areas: 3, threaded: threaded}
		if child := parent.clone(1); threaded && child.areas < parent.areas || !threaded && child.areas != 0 {
			t.Errorf("threads %t: the next area of the child has number %d", threaded, child.areas)
		}
	}
}

// A process and its child made by fork have trampolines of their own, at the same addresses.
func TestForkedArena(t *testing.T) {
	parent := &space{arenas: []arena{{}}}
	for i := range uint64(5) {
		parent.arenas[0].add(&site{returns: 100 + i})
	}
	child := parent.clone(1)
	parent.arenas[0].add(&site{returns: 200, load: make([]byte, 5)})
	child.arenas[0].add(&site{returns: 300, load: make([]byte, 7)})
	for _, test := range []struct {
		of      *space
		returns uint64
		load    uint64
	}{{parent, 200, 5}, {child, 300, 7}} {
		at := 5*buffered.TrampolineSize + test.of.lookup.LoadEntry()
		if ip, returns, ok := test.of.interrupted(at); !ok || returns != test.returns || ip != test.returns-callSize-test.load {
			t.Errorf("the call at the trampoline ends at %d, %v, and began at %d", returns, ok, ip)
		}
	}
}
