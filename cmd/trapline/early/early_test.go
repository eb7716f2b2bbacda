//go:build linux && amd64

package early

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/integration/surroundings"
)

func TestMain(m *testing.M) {
	if field := os.Getenv("EARLY_TEST"); field != "" {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			panic(err)
		}
		for line := range strings.Lines(string(status)) {
			if mask, ok := strings.CutPrefix(line, field+":\t"); ok {
				fmt.Print(mask)
			}
		}
		return
	}
	surroundings.Settle()
	os.Exit(m.Run())
}

// TestUnblocked starts a Go program with all signals blocked, to see which ones
// the runtime unblocks, without cgo and with it.
func TestUnblocked(t *testing.T) {
	for _, enabled := range []string{"CGO_ENABLED=0", "CGO_ENABLED=1"} {
		t.Run(enabled, func(t *testing.T) {
			if enabled == "CGO_ENABLED=1" {
				need.All(t, need.GCC64)
			}
			program := filepath.Join(t.TempDir(), "early.test")
			build := exec.Command("go", "test", "-c", "-o", program, ".")
			build.Env = append(os.Environ(), enabled)
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if got := unblockedIn(t, program); got != unblockedByRuntime {
				t.Errorf("the runtime unblocks %#x, not %#x", got, uint64(unblockedByRuntime))
			}
		})
	}
	if more := unblocked &^ unblockedByRuntime; more != 0 {
		t.Errorf("%#x of the signals that have to be taken is not unblocked", more)
	}
}

// unblockedIn returns the signals that are not blocked in a program of this test that is
// started with all of them blocked.
func unblockedIn(t *testing.T, program string) uint64 {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "EARLY_TEST=SigBlk")
	var all, before unix.Sigset_t
	all.Val[0] = ^uint64(0)
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.Output()
	unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	if err != nil {
		t.Fatal(err)
	}
	blocked, err := strconv.ParseUint(string(bytes.TrimSpace(out)), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	const never = 1<<(unix.SIGKILL-1) | 1<<(unix.SIGSTOP-1)
	return ^blocked &^ never
}

// TestActionsAtStart starts a Go program with some signals ignored. The runtime leaves
// SIGHUP and SIGINT ignored, does not touch SIGTSTP, and catches most others.
func TestActionsAtStart(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ignored, caught []unix.Signal
		started         string // with these ignored
	}{
		{nil, []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1, unix.SIGWINCH, unix.SIGSEGV, unix.SIGURG, lastSignal}, ""},
		{[]unix.Signal{unix.SIGHUP, unix.SIGTSTP}, []unix.Signal{unix.SIGINT, unix.SIGUSR1, unix.SIGWINCH, unix.SIGURG}, "HUP TSTP USR1 URG"},
		{[]unix.Signal{unix.SIGINT, unix.SIGTERM}, []unix.Signal{unix.SIGHUP, unix.SIGPROF, lastSignal}, "INT TERM PROF 64"},
	} {
		masks := map[string]uint64{}
		for _, field := range []string{"SigIgn", "SigCgt"} {
			cmd := exec.Command("sh", "-c", "trap '' "+tt.started+`; exec "$0"`, program)
			if tt.started == "" {
				cmd = exec.Command(program)
			}
			cmd.Env = append(os.Environ(), "EARLY_TEST="+field)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if masks[field], err = strconv.ParseUint(string(bytes.TrimSpace(out)), 16, 64); err != nil {
				t.Fatal(err)
			}
		}
		for field, signals := range map[string][]unix.Signal{"SigIgn": tt.ignored, "SigCgt": tt.caught} {
			for _, sig := range signals {
				if masks[field]&(1<<(sig-1)) == 0 {
					t.Errorf("with %q ignored, %v is not in %s (%#x)", tt.started, sig, field, masks[field])
				}
			}
		}
		if both := masks["SigIgn"] & masks["SigCgt"]; both != 0 {
			t.Errorf("%#x is ignored and caught", both)
		}
	}
}

// TestHeapStart: the page that is taken for the first one of the heap is used, and the page
// before it is not. The search passes over a page at the beginning of a chunk, where the heap
// begins with the race detector, and by chance once in 512 starts without it.
func TestHeapStart(t *testing.T) {
	const chunk, page = 4 << 20, 8 << 10 // HEAP_CHUNK and HEAP_PAGE of populate_amd64.s
	if !isUsed(heapStart) {
		t.Errorf("%#x is not used", heapStart)
	}
	if before := heapStart - 4096; isUsed(before) && heapStart%chunk != page {
		t.Errorf("%#x is used as well, before %#x", before, heapStart)
	}
}

// isUsed reports whether there is memory for the page at an address.
func isUsed(addr uint64) bool {
	var resident [1]byte
	_, _, e := unix.Syscall(unix.SYS_MINCORE, uintptr(addr), 4096, uintptr(unsafe.Pointer(&resident)))
	return e == 0 && resident[0]&1 != 0
}
