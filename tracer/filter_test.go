//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"trapline/tables"
)

const (
	actionAllow = int(seccomp.ActionAllow)
	actionTrace = int(seccomp.ActionTrace)
)

// verdicts runs the filter of a set in an interpreter.
func verdicts(t *testing.T, traced func(tables.ABI, uint64) bool) func(arch, nr uint32) int {
	t.Helper()
	run := filterOf(t, 0, func(abi tables.ABI, nr uint64) verdict {
		if traced(abi, nr) {
			return stops
		}
		return passes
	})
	return func(arch, nr uint32) int { return run(arch, nr, 0) }
}

// filterOf runs the filter of verdicts in an interpreter.
func filterOf(t *testing.T, data uint16, verdictOf func(tables.ABI, uint64) verdict) func(arch, nr uint32, arg0 uint64) int {
	t.Helper()
	raw, err := newFilter(verdictOf, data, codeRange{})
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > 4096 {
		t.Fatalf("%d instructions", len(raw))
	}
	program, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the filter cannot be disassembled")
	}
	return interpret(t, program)
}

// interpret runs a filter on calls.
func interpret(t *testing.T, program []bpf.Instruction) func(arch, nr uint32, arg0 uint64) int {
	t.Helper()
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	return func(arch, nr uint32, arg0 uint64) int {
		// The interpreter loads big-endian words, the kernel native ones.
		data := make([]byte, 64)
		binary.BigEndian.PutUint32(data[0:], nr)
		binary.BigEndian.PutUint32(data[4:], arch)
		binary.BigEndian.PutUint32(data[16:], uint32(arg0))
		binary.BigEndian.PutUint32(data[20:], uint32(arg0>>32))
		action, err := vm.Run(data)
		if err != nil {
			t.Fatal(err)
		}
		return action
	}
}

func TestFilter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var some, every2nd [tables.NumABI]map[uint64]bool
	for abi := range some {
		some[abi], every2nd[abi] = map[uint64]bool{}, map[uint64]bool{}
		for nr := range uint64(600) {
			some[abi][nr] = random.IntN(3) == 0
			every2nd[abi][nr] = nr%2 == 0
		}
	}
	sets := map[string]func(tables.ABI, uint64) bool{
		"none":              func(tables.ABI, uint64) bool { return false },
		"all":               func(tables.ABI, uint64) bool { return true },
		"x86_64 openat":     func(abi tables.ABI, nr uint64) bool { return abi == tables.X86_64 && nr == unix.SYS_OPENAT },
		"i386 open":         func(abi tables.ABI, nr uint64) bool { return abi == tables.I386 && nr == 5 },
		"x32 only":          func(abi tables.ABI, _ uint64) bool { return abi == tables.X32 },
		"all but read":      func(abi tables.ABI, nr uint64) bool { return nr != 0 },
		"unknown ones only": func(_ tables.ABI, nr uint64) bool { return nr > 600 },
		"random":            func(abi tables.ABI, nr uint64) bool { return some[abi][nr] },
		"every second":      func(abi tables.ABI, nr uint64) bool { return every2nd[abi][nr] },
	}
	for name, traced := range sets {
		t.Run(name, func(t *testing.T) {
			verdict := verdicts(t, traced)
			check := func(arch, nr uint32, want bool) {
				t.Helper()
				action := actionAllow
				if want {
					action = actionTrace
				}
				if got := verdict(arch, nr); got != action {
					t.Errorf("call %#x of architecture %#x: %#x, want %#x", nr, arch, got, action)
				}
			}
			for nr := range uint32(700) {
				check(unix.AUDIT_ARCH_X86_64, nr, traced(tables.X86_64, uint64(nr)))
				check(unix.AUDIT_ARCH_X86_64, nr|1<<30, traced(tables.X32, uint64(nr)))
				check(unix.AUDIT_ARCH_I386, nr, traced(tables.I386, uint64(nr)))
			}
			for _, nr := range []uint32{1 << 20, 1<<30 - 1, 1 << 31, ^uint32(0)} {
				check(unix.AUDIT_ARCH_X86_64, nr, traced(tables.X86_64, maxNR))
				check(unix.AUDIT_ARCH_I386, nr, traced(tables.I386, maxNR))
			}
			check(unix.AUDIT_ARCH_X86_64, 1<<31-1, traced(tables.X32, maxNR))
			check(unix.AUDIT_ARCH_AARCH64, 0, true)
		})
	}
}

// The filter gives the same results as go-seccomp-bpf's filter for the same names.
func TestFilterAgreesWithLibrary(t *testing.T) {
	for _, names := range [][]string{
		{"openat"},
		{"read", "write", "close", "execve", "statx"},
		{"open", "openat", "mmap", "futex", "clone3", "ppoll", "io_uring_setup", "exit_group", "recvmsg", "nanosleep"},
	} {
		policy := seccomp.Policy{
			DefaultAction: seccomp.ActionAllow,
			Syscalls:      []seccomp.SyscallGroup{{Names: names, Action: seccomp.ActionTrace}},
		}
		program, err := policy.Assemble()
		if err != nil {
			t.Fatal(err)
		}
		theirs := interpret(t, program)
		ours := verdicts(t, func(abi tables.ABI, nr uint64) bool {
			return abi == tables.X86_64 && slices.Contains(names, arch.X86_64.SyscallNumbers[int(nr)])
		})
		for nr := range uint32(500) {
			if a, b := ours(unix.AUDIT_ARCH_X86_64, nr), theirs(unix.AUDIT_ARCH_X86_64, nr, 0); a != b {
				t.Errorf("%v: call %d: %#x, go-seccomp-bpf %#x", names, nr, a, b)
			}
		}
	}
}

func TestFilteredTrace(t *testing.T) {
	for _, colocate := range []Colocation{ColocateAuto, ColocateNever} {
		tracer := newTracer(t, Options{Follow: true, Colocate: colocate, Traced: func(abi tables.ABI, nr uint64) bool {
			return abi == tables.X86_64 && (nr == unix.SYS_GETPPID || nr == unix.SYS_EXIT_GROUP)
		}})
		launch(t, tracer, command("getppid", "20"))
		calls := map[uint64]int{}
		inside := map[*Tracee]bool{} // the runtime's monitor calls sched_getaffinity
		run(t, tracer, func(ev *Event) {
			switch ev.Kind {
			case Enter:
				calls[ev.Call.NR]++
				if inside[ev.Tracee] && ev.Call.NR == unix.SYS_GETPPID {
					t.Error("entered twice")
				}
				inside[ev.Tracee] = true
			case Exit:
				if ev.Call.NR == unix.SYS_GETPPID && ev.Call.Ret != int64(os.Getpid()) {
					t.Errorf("getppid: %d", ev.Call.Ret)
				}
				inside[ev.Tracee] = false
			}
		})
		for nr, want := range map[uint64]int{unix.SYS_EXECVE: 1, unix.SYS_GETPPID: 20, unix.SYS_EXIT_GROUP: 1, unix.SYS_MMAP: 0} {
			if calls[nr] != want {
				t.Errorf("call %d: %d times, want %d", nr, calls[nr], want)
			}
		}
	}
}

func init() {
	programs["ask-later"] = func() { // makes a filtered call after the end of the trace
		time.Sleep(300 * time.Millisecond)
		ppid, _, errno := unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
		os.WriteFile(os.Args[1], []byte(strconv.Itoa(int(ppid))+" "+strconv.Itoa(int(errno))), 0o600)
	}
	programs["start-ask-later"] = func() {
		cmd := *selfCommand("ask-later", os.Args[1])
		if err := cmd.Start(); err != nil {
			os.Exit(1)
		}
		time.Sleep(time.Minute)
	}
}

// A filtered tracee that outlives the trace is still served: without a tracer
// its calls would fail.
func TestFilteredTraceInterrupted(t *testing.T) {
	tracer := newTracer(t, Options{Follow: true, Traced: func(_ tables.ABI, nr uint64) bool { return nr == unix.SYS_GETPPID }})
	file := t.TempDir() + "/answer"
	launch(t, tracer, command("start-ask-later", file))
	executed, interrupted := 0, false
	run(t, tracer, func(ev *Event) {
		switch ev.Kind {
		case Exec:
			if executed++; executed == 2 { // the second program has begun
				go tracer.Interrupt(unix.SIGTERM)
			}
		case Detached, Killed:
			interrupted = true
		case Enter:
			if interrupted {
				t.Errorf("call %d is reported after the end of the trace", ev.Call.NR)
			}
		}
	})
	answer, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(answer); got == "" || got[len(got)-2:] != " 0" {
		t.Errorf("getppid after the trace: %q", got)
	}
	if !interrupted {
		t.Error("no tracee was detached")
	}
}
