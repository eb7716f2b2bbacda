//go:build linux && amd64

package tracer

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

func init() {
	// Makes calls, and then clone with the flags in the first argument. The new process makes
	// calls as well. The program writes to the file in the second argument how that process
	// has ended: with status 0 if it has had the mask of its parent all the time.
	programs["bear"] = func() {
		flags, _ := strconv.ParseUint(os.Args[1], 0, 64)
		runtime.LockOSThread()
		var want, have unix.CPUSet
		mask := func(set *unix.CPUSet) {
			unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, 0, unsafe.Sizeof(*set), uintptr(unsafe.Pointer(set)))
		}
		mask(&want)
		busy()
		child, _, _ := unix.RawSyscall6(unix.SYS_CLONE, uintptr(flags)|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if child == 0 {
			// As after a fork, the Go runtime does not work here.
			status := uintptr(0)
			for range 3 {
				if mask(&have); have != want {
					status = 1
				}
				for range 1000 {
					unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
				}
				pause := unix.Timespec{Nsec: 5e7}
				unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
			}
			unix.RawSyscall(unix.SYS_EXIT_GROUP, status, 0, 0)
		}
		var status unix.WaitStatus
		unix.Wait4(int(child), &status, 0, nil)
		os.WriteFile(os.Args[2], strconv.AppendInt(nil, int64(status), 16), 0o600)
	}
}

// A process that is created by a tracee of a co-locating tracer has its parent's own mask, and
// its calls succeed, whether it is a tracee at once, later, or never.
func TestBornWithOwnMask(t *testing.T) {
	need.All(t, need.Processors)
	everything := func(tables.ABI, uint64) bool { return true }
	for name, opts := range map[string]Options{
		"not followed": {},
		"followed":     {Follow: true},
		"filtered":     {Follow: true, Traced: everything},
		"buffered":     buffering(ColocateAlways, allBuffered),
	} {
		for _, ends := range []bool{false, true} {
			for _, flags := range []uint64{0, unix.CLONE_PTRACE, unix.CLONE_UNTRACED, unix.CLONE_UNTRACED | unix.CLONE_PTRACE} {
				opts := opts
				opts.Colocate, opts.KillOnExit = ColocateAlways, ends
				if !canBuffer(t, &opts) {
					continue
				}
				tracer := newTracer(t, opts)
				file := t.TempDir() + "/status"
				launch(t, tracer, command("bear", strconv.FormatUint(flags, 10), file))
				run(t, tracer, func(*Event) {})
				if status, err := os.ReadFile(file); err != nil || string(status) != "0" {
					t.Errorf("%s, clone with flags %#x, KillOnExit %v: the process ended with wait status %s, %v", name, flags, ends, status, err)
				}
			}
		}
	}
}
