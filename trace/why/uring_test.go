//go:build linux && amd64

package why

import (
	"slices"
	"testing"
)

// ringInfo is the fdinfo of a ring on Linux 6.18.
const ringInfo = "pos:\t0\nflags:\t02000002\nSqMask:\t0x7\nSqHead:\t5\nCqMask:\t0xf\nCqHead:\t4294967295\nCqTail:\t1\nCachedCqTail:\t1\n" +
	"UserFiles:\t0\nPollList:\n  op=6, task_works=0\n  op=27, task_works=0\n  op=250, task_works=0\nCqOverflowList:\n  op=1, task_works=0\n"

func TestParseRing(t *testing.T) {
	want := []string{"IORING_OP_POLL_ADD", "IORING_OP_RECV", "operation 250"}
	if r, ok := parseRing([]byte(ringInfo)); !ok || r.completions != 2 || !slices.Equal(r.polled, want) {
		t.Errorf("%+v, %v, want 2 completions and %v", r, ok, want)
	}
	for _, bad := range []string{"", "CqHead:\t1\n", "CqHead:\t1\nCqTail:\tx\n", "CqHead:\t-1\nCqTail:\t1\n", "CqHead:\t4294967296\nCqTail:\t1\n"} {
		if r, ok := parseRing([]byte(bad)); ok {
			t.Errorf("%q: %+v", bad, r)
		}
	}
	for _, none := range []string{"CqHead:\t1\nCqTail:\t1\nPollList:\nop=1, \n", "CqHead:\t1\nCqTail:\t1\nPollList:\n  op=256, x\n", "CqHead:\t1\nCqTail:\t1\n  op=6, x\n"} {
		if r, ok := parseRing([]byte(none)); !ok || r.completions != 0 || r.polled != nil {
			t.Errorf("%q: %+v, %v", none, r, ok)
		}
	}
}

func FuzzParseRing(f *testing.F) {
	f.Add([]byte(ringInfo))
	f.Fuzz(func(t *testing.T, info []byte) {
		r, ok := parseRing(info)
		if !ok && (r.completions != 0 || r.polled != nil) {
			t.Errorf("%q: %+v of what is no ring", info, r)
		}
		if len(r.polled) > len(info)/len("  op=0,") {
			t.Errorf("%q: %d operations", info, len(r.polled))
		}
	})
}
