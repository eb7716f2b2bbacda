//go:build linux && amd64

package tracer

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

func init() {
	// Writes the contents of two pages to a file that does not read them. No
	// process serves the second page.
	programs["served"] = func() {
		runtime.LockOSThread()
		const page = 4096
		uffd, _, errno := unix.RawSyscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
		if errno != 0 {
			panic(errno)
		}
		b, err := unix.Mmap(-1, 0, 2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		if err != nil {
			panic(err)
		}
		b[page-1] = 'x'
		second := uint64(uintptr(unsafe.Pointer(&b[0]))) + page
		api := [3]uint64{0xaa}                      // struct uffdio_api: UFFD_API
		register := [4]uint64{second, page, 1 << 0} // struct uffdio_register: UFFDIO_REGISTER_MODE_MISSING
		const uffdioAPI, uffdioRegister = 0xc018aa3f, 0xc020aa00
		if _, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uffd, uffdioAPI, uintptr(unsafe.Pointer(&api))); errno != 0 {
			panic(errno)
		}
		if _, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uffd, uffdioRegister, uintptr(unsafe.Pointer(&register))); errno != 0 {
			panic(errno)
		}
		null, err := unix.Open("/dev/null", unix.O_WRONLY, 0)
		if err != nil {
			panic(err)
		}
		fmt.Println("ready")
		unix.Read(0, make([]byte, 1))
		for range servedWrites {
			unix.RawSyscall(unix.SYS_PWRITE64, uintptr(null), uintptr(second-1), 1)
			unix.RawSyscall(unix.SYS_PWRITE64, uintptr(null), uintptr(second), 1)
		}
	}
}

const servedWrites = maxLeftBehind + 2

// Memory that no process serves cannot be read, and the read is abandoned.
func TestMemoryServedByNobody(t *testing.T) {
	need.All(t, need.Userfaultfd)
	t.Run("launched", func(t *testing.T) {
		tracer := newTracer(t, Options{})
		launch(t, tracer, command("served"))
		testServed(t, tracer)
	})
	t.Run("attached", func(t *testing.T) {
		cmd := selfCommand("served")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Process.Kill()
		if _, err := fmt.Fscan(out, new(string)); err != nil {
			t.Fatal(err)
		}
		tracer := newTracer(t, Options{Follow: true})
		if _, err := tracer.Attach(cmd.Process.Pid); err != nil {
			t.Fatal(err)
		}
		in.Close()
		testServed(t, tracer)
	})
}

func testServed(t *testing.T, tracer *Tracer) {
	t.Helper()
	writes := 0
	run(t, tracer, func(ev *Event) {
		if ev.Kind != Enter || ev.Call.NR != unix.SYS_PWRITE64 {
			return
		}
		b := []byte{0}
		n := ev.Tracee.ReadMemory(ev.Call.Args[1], b)
		switch writes++; {
		case writes%2 == 0 && n != 0:
			t.Errorf("write %d: memory that nobody serves is read", writes)
		case writes%2 == 1 && (n != 1 || b[0] != 'x'):
			t.Error("the memory before cannot be read")
		}
	})
	if writes != 2*servedWrites {
		t.Errorf("%d writes, want %d", writes, 2*servedWrites)
	}
}
