//go:build linux && amd64

package unwind

import (
	"os"
	"testing"
)

func TestParseMapping(t *testing.T) {
	for _, tt := range []struct {
		line string
		want mapping
		ok   bool
	}{
		{"55d0c9a52000-55d0c9a57000 r-xp 00002000 fd:00 656134                     /usr/bin/cat",
			mapping{start: 0x55d0c9a52000, end: 0x55d0c9a57000, offset: 0x2000, inode: 656134, name: "/usr/bin/cat"}, true},
		{"7fff1000-7fff2000 r-xp 00000000 00:00 0                                  [vdso]",
			mapping{start: 0x7fff1000, end: 0x7fff2000, name: "[vdso]"}, true},
		{"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
			mapping{start: 0xffffffffff600000, end: 0xffffffffff601000, name: "[vsyscall]"}, true},
		{"1000-2000 rwxp 00000000 00:00 0 ", mapping{start: 0x1000, end: 0x2000}, true},
		{`1000-2000 r-xs 00000000 00:01 7 /tmp/a b\012c (deleted)`,
			mapping{start: 0x1000, end: 0x2000, inode: 7, name: `/tmp/a b\012c (deleted)`}, true},
		{"1000-2000 rw-p 00000000 00:00 0 [heap]", mapping{}, false},
		{"2000-1000 r-xp 00000000 00:00 0", mapping{}, false},
		{"1000-2000 r-xp 00000000 00:00", mapping{}, false},
		{"1000 r-xp 00000000 00:00 0", mapping{}, false},
		{"10g0-2000 r-xp 00000000 00:00 0", mapping{}, false},
		{"", mapping{}, false},
	} {
		if got, ok := parseMapping([]byte(tt.line)); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%q: %+v, %v; want %+v, %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}

// Data about a mapping is kept while the mapping is unchanged.
func TestReadMaps(t *testing.T) {
	u := New(Options{})
	var m Mappings
	u.readMaps(&m, os.Getpid())
	if len(m.list) == 0 || m.generation != u.generation {
		t.Fatalf("%d mappings", len(m.list))
	}
	for i := range m.list {
		x := &m.list[i]
		if m.find(x.start) != x || m.find(x.end-1) != x || m.find(x.end) == x {
			t.Errorf("%+v is not found", x)
		}
	}
	if m.find(0) != nil || m.find(1<<64-1) != nil {
		t.Error("a mapping is found where there is none")
	}
	first, last := &m.list[0], &m.list[len(m.list)-1]
	marked := new(file)
	first.file, first.sought = marked, true
	last.file, last.sought = marked, true
	last.offset++ // as if it were another mapping
	u.readMaps(&m, os.Getpid())
	if got := m.list[0]; got.file != marked || !got.sought {
		t.Errorf("%+v has been forgotten", got)
	}
	if got := m.list[len(m.list)-1]; len(m.list) > 1 && got.sought {
		t.Errorf("%+v is not new", got)
	}
	u.readMaps(&m, -1)
	if len(m.list) != 0 {
		t.Errorf("%d mappings of an empty file", len(m.list))
	}
}
