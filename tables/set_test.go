package tables

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// flagNames writes a flags word as its names, and what is left in hexadecimal.
func flagNames(s *Set, v uint64) string {
	var names []string
	c, rest, i := s.Next(v, 0)
	for ; c != nil; c, rest, i = s.Next(rest, i) {
		names = append(names, c.Name)
	}
	if rest != 0 || names == nil {
		names = append(names, fmt.Sprintf("%#x", rest))
	}
	return strings.Join(names, "|")
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		set  *Set
		v    uint64
		want string
	}{
		{&OpenFlags, 0, "O_RDONLY"},
		{&OpenFlags, unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC, "O_RDWR|O_CREAT|O_TRUNC"},
		{&OpenFlags, unix.O_ACCMODE, "O_ACCMODE"},
		{&OpenFlags, unix.O_SYNC, "O_RDONLY|O_SYNC"},
		{&OpenFlags, unix.O_DSYNC, "O_RDONLY|O_DSYNC"},
		{&OpenFlags, unix.O_TMPFILE, "O_RDONLY|O_TMPFILE"},
		{&OpenFlags, unix.O_DIRECTORY, "O_RDONLY|O_DIRECTORY"},
		{&OpenFlags, 0x30, "O_RDONLY|0x30"},
		{&MmapProt, 0, "PROT_NONE"},
		{&MmapProt, unix.PROT_READ | unix.PROT_EXEC, "PROT_READ|PROT_EXEC"},
		{&MmapProt, 0x80, "0x80"},
		{&StatxMask, unix.STATX_ALL, "STATX_ALL"},
		{&StatxMask, unix.STATX_BASIC_STATS, "STATX_BASIC_STATS"},
		{&StatxMask, unix.STATX_TYPE | unix.STATX_MNT_ID, "STATX_TYPE|STATX_MNT_ID"},
		{&MsgFlags, unix.MSG_PEEK | unix.MSG_DONTWAIT, "MSG_PEEK|MSG_DONTWAIT"},
		{&EpollEvents, 1<<64 - 1, "EPOLLIN|EPOLLPRI|EPOLLOUT|EPOLLERR|EPOLLHUP|EPOLLNVAL|EPOLLRDNORM|EPOLLRDBAND|EPOLLWRNORM|" +
			"EPOLLWRBAND|EPOLLMSG|EPOLLRDHUP|EPOLLEXCLUSIVE|EPOLLWAKEUP|EPOLLONESHOT|EPOLLET|0xffffffff0fffd800"},
		{&CloneFlags, unix.CLONE_VM | unix.CLONE_NEWNET, "CLONE_VM|CLONE_NEWNET"},
	} {
		if got := flagNames(c.set, c.v); got != c.want {
			t.Errorf("%#x\ngot  %s\nwant %s", c.v, got, c.want)
		}
	}
}

// i386Sets are the sets of i386 that differ.
func i386Sets() (list []*Set) {
	for _, s := range sets {
		if s.i386 != nil {
			list = append(list, s.i386)
		}
	}
	return list
}

// A set says from which position on its constants are not zero, so that Next need not look
// at them when nothing is left of a word.
func TestConstantsThatAreNotZero(t *testing.T) {
	known := 0
	for _, s := range append(sets[:], i386Sets()...) {
		if s.nonzero == 0 {
			continue
		}
		known++
		for i := int(s.nonzero); i < len(s.Consts); i++ {
			if s.Consts[i].Value == 0 {
				t.Errorf("%s: the constant at %d is zero, the set says that none from %d on is", s.Consts[i].Name, i, s.nonzero)
			}
		}
	}
	if known == 0 {
		t.Error("no set says it")
	}
}

func TestSetLookup(t *testing.T) {
	for _, c := range []struct {
		set  *Set
		v    uint64
		want string // empty: no name
	}{
		{&Whence, unix.SEEK_HOLE, "SEEK_HOLE"},
		{&Whence, 5, ""},
		{&AddressFamily, unix.AF_UNSPEC, "AF_UNSPEC"},
		{&AddressFamily, unix.AF_UNIX, "AF_UNIX"},
		{&AddressFamily, unix.AF_MCTP, "AF_MCTP"},
		{&AddressFamily, unix.AF_MAX, ""},
		{&AddressFamily, 1<<64 - 1, ""},
		{&Madvise, unix.MADV_DONTNEED, "MADV_DONTNEED"},
		{&Madvise, 1000, ""},
		{&SiCode, 0xffffffff, "SI_QUEUE"}, // -1 of 32 bits
		{&SiCode, 1<<64 - 1, "SI_QUEUE"},
		{&SiCode, 0xffffffffff, ""},
		{&SiCode, 0x80, "SI_KERNEL"},
		{&Uint64Max, 0xffffffff, ""},
		{&ListnsUsers, 0xffffffff, ""},
		{&Uint64Max, 1<<64 - 1, "UINT64_MAX"},
		{&FutexOp, 0, "FUTEX_WAIT"},
		{&FcntlCmd, unix.F_OFD_SETLK, "F_OFD_SETLK"},
		{&PtraceRequest, unix.PTRACE_GETREGS, "PTRACE_GETREGS"},
		{&RouteMsgType, unix.RTM_NEWROUTE, "RTM_NEWROUTE"},
	} {
		name, ok := c.set.Lookup(c.v)
		if name != c.want || ok != (c.want != "") {
			t.Errorf("%s: Lookup(%#x) = %q, %v, want %q", c.set.Unknown, c.v, name, ok, c.want)
		}
	}
}

// TestSetsByABI checks sets whose values are not those of x86-64 on i386.
func TestSetsByABI(t *testing.T) {
	if OpenFlags.For(I386) != &OpenFlags {
		t.Error("OpenFlags has a copy for i386")
	}
	i386 := &Set{Consts: []Const{{Value: 2, Name: "B"}}}
	s := &Set{Consts: []Const{{Value: 1, Name: "A"}}, i386: i386}
	if s.For(I386) != i386 || s.For(X86_64) != s || s.For(X32) != s {
		t.Error("For does not tell ABIs apart")
	}
}

func BenchmarkSetLookup(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		InputKeys.Lookup(uint64(i % 0x300))
	}
}

func BenchmarkSetNext(b *testing.B) {
	b.ReportAllocs()
	const v = unix.O_RDWR | unix.O_CREAT | unix.O_CLOEXEC | unix.O_TRUNC
	for b.Loop() {
		n := 0
		for c, rest, i := OpenFlags.Next(v, 0); c != nil; c, rest, i = OpenFlags.Next(rest, i) {
			n++
		}
		if n != 4 {
			b.Fatal(n)
		}
	}
}
