package host

import (
	"strings"
	"testing"
)

func TestFindRing(t *testing.T) {
	line := func(addresses, offset, inode string) string {
		return addresses + " rw-s " + offset + " 00:10 " + inode + "    anon_inode:[io_uring]\n"
	}
	both := line("7f00001000-7f00002000", "00000000", "9") + line("7f00003000-7f00005000", "10000000", "9")
	for name, tt := range map[string]struct {
		maps string
		want Ring
	}{
		"one":          {"1000-2000 r--p 00000000 00:10 9 /bin/x\n" + both, Ring{Inode: 9, Rings: 0x7f00001000, Entries: 0x7f00003000, EntrySize: 0x2000}},
		"of others":    {strings.ReplaceAll(both, " 9 ", " 8 "), Ring{Inode: 9}},
		"twice mapped": {line("1000-2000", "08000000", "9") + line("3000-4000", "00000000", "9"), Ring{Inode: 9, Rings: 0x3000}},
		"other order":  {line("3000-4000", "00000000", "9") + line("1000-2000", "08000000", "9"), Ring{Inode: 9, Rings: 0x3000}},
		"ambiguous":    {both + line("5000-6000", "10000000", "9"), Ring{Inode: 9}},
		"garbage":      {"x anon_inode:[io_uring]\n- - - - 9 anon_inode:[io_uring]\n", Ring{Inode: 9}},
	} {
		if got := findRing(strings.NewReader(tt.maps), 9); got != tt.want {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}
