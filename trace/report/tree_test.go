//go:build linux && amd64

package report

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/trace"
)

// A process that ends before the kernel has counted its memory is shown without a size, not
// with size 0.
func TestFactsOfShortProcesses(t *testing.T) {
	start := time.Unix(1700000000, 0)
	for _, tt := range []struct {
		size int64
		want string
	}{
		{0, "5, killed by SIGSEGV, 0.004s, cpu 0.002s + 0.000s"},
		{300, "5, killed by SIGSEGV, 0.004s, cpu 0.002s + 0.000s, 300K"},
	} {
		p := &process{
			pid: 5, start: start, end: start.Add(4 * time.Millisecond), ended: true, status: unix.WaitStatus(unix.SIGSEGV),
			usage: &trace.Usage{User: 2 * time.Millisecond, MaxRSS: tt.size},
		}
		if got := p.facts(); got != tt.want {
			t.Errorf("%d KiB: %q, want %q", tt.size, got, tt.want)
		}
	}
}
