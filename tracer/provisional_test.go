//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

// A thread without an fs base of its own gets a provisional one, and its calls do not
// stop. The thread cannot notice: it reads that it has none, its accesses through fs
// fault at the same address, and its signals arrive in its own code.
func TestProvisionalFS(t *testing.T) {
	if err := CanBuffer(); err != nil {
		t.Skip(err)
	}
	flags := []string{"-nostdlib", "-fPIE", "-fno-stack-protector", "-fcf-protection=none"}
	static := buildProgram(t, "early", append(flags, "-static-pie")...)
	linked := buildProgram(t, "early", append(flags, "-pie", "-Wl,--dynamic-linker="+static)...)
	for what, c := range map[string]struct {
		kept  int         // minimum number of calls that did not stop
		sig   unix.Signal // the signal that kills it
		fault uint64      // and the address of the fault

		static bool // not a dynamic linker: no provisional fs base
	}{
		"get":       {kept: 100},
		"crash":     {kept: 100, sig: unix.SIGSEGV, fault: 0x28},
		"write":     {kept: 100, sig: unix.SIGSEGV},
		"fork":      {kept: 200},
		"set":       {kept: 300},
		"other":     {kept: 100},
		"interrupt": {kept: 100},
		"handler":   {kept: 100, sig: unix.SIGSEGV},
		"zero":      {kept: 100, sig: unix.SIGSEGV, static: true},
		"before":    {kept: 100, sig: unix.SIGSEGV, fault: ^uint64(7), static: true},
	} {
		t.Run(what, func(t *testing.T) {
			program := linked
			if c.static {
				program = static
			}
			tracer := newTracer(t, Options{
				Follow: true, Traced: func(tables.ABI, uint64) bool { return true },
				Buffered: func(nr uint64) BufferedCall { return BufferedCall{Buffered: nr == unix.SYS_GETPPID} },
			})
			defer tracer.Close()
			null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			tracee := launch(t, tracer, Command{
				Path: program, Argv: []string{"early", what}, Files: [3]*os.File{null, null, null},
			})
			kept, provisional, steps, inStub := 0, 0, 0, 0
			run(t, tracer, func(ev *Event) {
				switch {
				case ev.Kind == Exit && ev.Call.NR == unix.SYS_GETPPID && ev.Kept:
					kept++
				case ev.Kind == Signal && ev.Signal == unix.SIGSEGV:
					if fault := binary.NativeEndian.Uint64(ev.Siginfo[16:]); fault != c.fault || c.sig == 0 {
						t.Errorf("a fault at %#x, want %#x", fault, c.fault)
					}
				case ev.Kind == Exited && ev.Status.ExitStatus() != 0:
					t.Errorf("status %d", ev.Status.ExitStatus())
				case ev.Kind == Killed && ev.Signal != c.sig, ev.Kind == Exited && c.sig != 0 && ev.Tracee == tracee:
					t.Errorf("%v, killed by %v, want %v", ev.Kind, ev.Signal, c.sig)
				case ev.Kind == Exit && ev.Call.NR == unix.SYS_GETPGID:
					if fsOf(ev.Tracee) == buffered.ProvisionalFS {
						provisional++
					}
					steps++
					if singleStep(t, ev.Tracee, steps, false) {
						inStub++
					}
					unix.Tgkill(ev.Tracee.TID, ev.Tracee.TID, unix.SIGUSR1)
				}
			})
			if kept < c.kept {
				t.Errorf("only %d calls did not stop", kept)
			}
			if what == "interrupt" && (provisional < 120 || inStub < 60) {
				t.Errorf("%d signals, %d in the stub", provisional, inStub)
			}
		})
	}
}
