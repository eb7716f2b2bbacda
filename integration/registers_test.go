package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"trapline/integration/need"
	"trapline/tables"
)

// callLines returns the lines of a trace from the call whose line begins with
// prefix to the next line that is not indented.
func callLines(log, prefix string) []string {
	lines := strings.Split(log, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		end := i + 1
		for end < len(lines) && strings.HasPrefix(lines[end], " ") {
			end++
		}
		return lines[i:end]
	}
	return nil
}

var blanks = regexp.MustCompile(` +`)

// squeeze replaces runs of blanks by one blank.
func squeeze(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = blanks.ReplaceAllString(strings.TrimSpace(line), " ")
	}
	return out
}

func equalLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The test program puts a pattern into every register and asks for a priority that it
// cannot set, through each entry into the kernel: getpriority(11, r).
func TestRegistersOfOneCall(t *testing.T) {
	need.All(t, need.X86)
	uninterrupted(t)
	t.Run("syscall", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"--regs", "-e", "trace=getpriority"}, program(t, "registers", "amd64"), "native")
		equalLines(t, squeeze(callLines(tr.log, "getpriority")),
			"getpriority(0xb /* PRIO_??? */, 571540480) = -1 EINVAL (Invalid argument)",
			"rax 0xffffffffffffffda => 0xffffffffffffffea result: -EINVAL")
	})
	t.Run("int 0x80 by a 64-bit program", func(t *testing.T) {
		need.All(t, need.I386)
		tr := trace(t, trapline(t), []string{"--regs", "-e", "trace=getpriority"}, program(t, "registers", "amd64"), "int80")
		lines := squeeze(callLines(tr.log, "getpriority"))
		equalLines(t, lines,
			"getpriority(0xb /* PRIO_??? */, 571540480) = -1 EINVAL (Invalid argument)",
			"rax 0xffffffffffffffda => 0xffffffffffffffea result: -EINVAL")
	})
	for _, door := range []string{"int80", "vdso"} {
		t.Run("32-bit "+door, func(t *testing.T) {
			tr := trace(t, trapline(t), []string{"--regs", "-e", "trace=getpriority"}, program(t, "registers", "386"), door)
			equalLines(t, squeeze(callLines(tr.log, "getpriority")),
				"getpriority(0xb /* PRIO_??? */, 571540480) = -1 EINVAL (Invalid argument)",
				"eax 0xffffffda => 0xffffffea result: -EINVAL")
		})
	}
}

// full reads the registers of a call from JSON.
type jsonRegs struct {
	Name string `json:"name"`
	ABI  string `json:"abi"`
	Regs struct {
		Enter, Exit      map[string]string
		Changed, Between []struct {
			Reg, From, To, Why string
			Unexplained        bool
		}
	} `json:"regs"`
}

func jsonCall(t *testing.T, log, name string) jsonRegs {
	t.Helper()
	for line := range strings.Lines(log) {
		var call jsonRegs
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if call.Name == name {
			return call
		}
	}
	t.Fatalf("no call of %s in\n%s", name, log)
	return jsonRegs{}
}

// The values that the test program loads: 0x22110000 + 0x100*i, in all registers but those
// of the call itself and the stack pointer.
func TestRegisterSnapshots(t *testing.T) {
	need.All(t, need.X86)
	uninterrupted(t)
	flags := []string{"--json", "--regs=full,between", "-e", "trace=getpriority"}
	check := func(t *testing.T, regs map[string]string, want map[string]string) {
		t.Helper()
		for reg, value := range want {
			if regs[reg] != value {
				t.Errorf("%s is %s, want %s", reg, regs[reg], value)
			}
		}
	}
	t.Run("64-bit", func(t *testing.T) {
		call := jsonCall(t, trace(t, trapline(t), flags, program(t, "registers", "amd64"), "native").log, "getpriority")
		want := map[string]string{
			"rax": "0xffffffffffffffda", "orig_rax": "0x8c", "rdi": "0xb", "rsi": "0x22110400",
			"rbx": "0x22110100", "rdx": "0x22110300", "rbp": "0x22110600",
			"r8": "0x22110800", "r9": "0x22110900", "r10": "0x22110a00", "r12": "0x22110c00",
			"r13": "0x22110d00", "r14": "0x22110e00", "r15": "0x22110f00",
			"rcx": call.Regs.Enter["rip"], "r11": call.Regs.Enter["eflags"], "cs": "0x33", "ss": "0x2b",
		}
		check(t, call.Regs.Enter, want)
		want["rax"] = "0xffffffffffffffea"
		check(t, call.Regs.Exit, want)
		if len(call.Regs.Enter) != 27 {
			t.Errorf("%d registers, want 27", len(call.Regs.Enter))
		}
	})
	t.Run("32-bit", func(t *testing.T) {
		call := jsonCall(t, trace(t, trapline(t), flags, program(t, "registers", "386"), "int80").log, "getpriority")
		check(t, call.Regs.Enter, map[string]string{
			"eax": "0xffffffda", "orig_eax": "0x60", "ebx": "0xb", "ecx": "0x22110400",
			"edx": "0x22110300", "esi": "0x22110500", "edi": "0x22110700", "ebp": "0x22110600", "cs": "0x23",
		})
		if _, ok := call.Regs.Enter["r8"]; ok || call.ABI != "i386" {
			t.Errorf("a 32-bit tracee (%s) shows r8", call.ABI)
		}
	})
}

// Calls of ordinary programs change registers only for known reasons.
func TestNoUnexplainedChange(t *testing.T) {
	for name, command := range map[string]func(t *testing.T) []string{
		"ls":      func(*testing.T) []string { return []string{"ls", "-l", "/"} },
		"sh":      func(*testing.T) []string { return []string{"sh", "-c", "ls / | wc -l; (exit 3); kill -USR1 $$"} },
		"go":      func(t *testing.T) []string { return []string{program(t, "registers", "amd64"), "all"} },
		"go, 386": func(t *testing.T) []string { return []string{program(t, "registers", "386"), "all"} },
	} {
		t.Run(name, func(t *testing.T) {
			tr := trace(t, trapline(t), []string{"-f", "--regs", "--regs-set=gp,segment,fp,vector"}, command(t)...)
			if strings.Contains(tr.log, "unexplained") {
				for line := range strings.Lines(tr.log) {
					if strings.Contains(line, "unexplained") {
						t.Error(line)
					}
				}
			}
			if !strings.Contains(tr.log, "=> ") {
				t.Errorf("no register changed at all:\n%s", tr.log)
			}
		})
	}
}

// The test program's "signals" interrupts a clock_nanosleep with a signal whose
// handler returns by rt_sigreturn; "children" calls vfork and clone; "exec"
// executes itself.
func TestRegistersOfSpecialCalls(t *testing.T) {
	need.All(t, need.X86)
	uninterrupted(t)
	self := program(t, "registers", "amd64")
	t.Run("execve", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"--regs", "-e", "trace=execve"}, self, "native")
		for _, line := range callLines(tr.log, "execve")[1:] {
			if !strings.HasSuffix(line, "new program (execve)") {
				t.Errorf("execve: %s", line)
			}
		}
	})
	t.Run("rt_sigreturn", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"-f", "--json", "--regs=diff,between", "-e", "trace=rt_sigreturn,clock_nanosleep"}, self, "signals")
		call := jsonCall(t, tr.log, "rt_sigreturn")
		for _, c := range call.Regs.Changed {
			if c.Why != "restored from the signal frame" {
				t.Errorf("%s: %s", c.Reg, c.Why)
			}
		}
		if len(call.Regs.Changed) == 0 {
			t.Error("rt_sigreturn changed nothing")
		}
		sleep := jsonCall(t, tr.log, "clock_nanosleep")
		if c := sleep.Regs.Changed; len(c) != 1 || !strings.Contains(c[0].Why, "ERESTART") {
			t.Errorf("interrupted clock_nanosleep: %v, want rax with the restart code", c)
		}
	})
	t.Run("clone", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"-f", "--json", "--regs=diff,between", "-e", "trace=clone,clone3,vfork,fork,getpriority"}, self, "children")
		if call := jsonCall(t, tr.log, "clone"); len(call.Regs.Changed) != 1 || call.Regs.Changed[0].Why != "result" {
			t.Errorf("clone in the parent: %v, want rax alone", call.Regs.Changed)
		}
		if !strings.Contains(tr.log, `"why":"0 in the child"`) {
			t.Errorf("no child's rax:\n%s", tr.log)
		}
	})
}

// TestRegistersOfSegments checks calls that change the base of a segment in
// use.
func TestRegistersOfSegments(t *testing.T) {
	need.All(t, need.X86)
	uninterrupted(t)
	flags := []string{"--regs", "-e", "trace=arch_prctl,set_thread_area"}
	t.Run("arch_prctl", func(t *testing.T) {
		tr := trace(t, trapline(t), flags, program(t, "registers", "amd64"), "segments")
		equalLines(t, squeeze(callLines(tr.log, "arch_prctl(ARCH_SET_GS, 0x10000)")),
			"arch_prctl(ARCH_SET_GS, 0x10000) = 0",
			"rax 0xffffffffffffffda => 0x0 result",
			"gs_base 0x0 => 0x10000 arch_prctl(ARCH_SET_GS)")
	})
	t.Run("set_thread_area", func(t *testing.T) {
		tr := trace(t, trapline(t), flags, program(t, "registers", "386"), "segments")
		all := squeeze(strings.Split(tr.log, "\n"))
		i := slices.IndexFunc(all, func(line string) bool { return strings.Contains(line, "base_addr=0x020000") })
		if i < 0 || i+2 >= len(all) {
			t.Fatalf("no second set_thread_area in\n%s", tr.log)
		}
		equalLines(t, all[i+1:i+3],
			"eax 0xffffffda => 0x0 result",
			"fs_base 0x10000 => 0x20000 segment descriptor changed (set_thread_area)")
	})
}

// TestRegistersOfVfork follows a child that runs while its parent waits.
func TestRegistersOfVfork(t *testing.T) {
	need.All(t, need.X86)
	uninterrupted(t)
	tr := trace(t, trapline(t), []string{"-f", "--json", "--regs=diff,between", "-e", "trace=vfork,exit,wait4"}, program(t, "registers", "amd64"), "vfork")
	call := jsonCall(t, tr.log, "vfork")
	if c := call.Regs.Changed; len(c) != 1 || c[0].Why != "result" {
		t.Errorf("vfork in the parent: %v, want rax alone", c)
	}
	if strings.Contains(tr.log, "unexplained") {
		t.Error(tr.log)
	}
}

// TestRegistersOfRestart stops a sleep and continues it: no handler runs, so
// the kernel restarts the call.
func TestRegistersOfRestart(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	need.All(t, need.X86)
	longer(t, func(seconds string) error {
		log, pid := stoppedWhileAsleep(t, seconds)
		got := squeeze(strings.Split(strings.ReplaceAll(log, strconv.Itoa(pid)+" ", ""), "\n"))
		first := slices.IndexFunc(got, func(line string) bool { return strings.HasPrefix(line, "restart_syscall") })
		if first < 0 {
			return fmt.Errorf("no restart in\n%s", log)
		}
		nr := fmt.Sprintf("orig_rax %#x", syscall.SYS_CLOCK_NANOSLEEP)
		if !strings.Contains(log, "clock_nanosleep(") {
			nr = fmt.Sprintf("orig_rax %#x", syscall.SYS_NANOSLEEP)
		}
		equalLines(t, got[first+1:first+4],
			"between rax 0xfffffffffffffdfc => 0xffffffffffffffda restarted: the number again with ip set back, then preset to -ENOSYS",
			"between "+nr+" => 0xdb number of restart_syscall, to take up the call before",
			"rax 0xffffffffffffffda => 0x0 result")
		return nil
	})
}

// stoppedWhileAsleep traces the calls of a sleep that is stopped and continued, unless it
// ends first. It returns the trace and the id of the process.
func stoppedWhileAsleep(t *testing.T, seconds string) (trace string, pid int) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(trapline(t), "-o", log, "--always-show-pid", "--regs=diff,between", "-e", "trace=/nanosleep,restart_syscall", "sleep", seconds)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	written := func() string {
		b, _ := os.ReadFile(log)
		return string(b)
	}
	eventually(t, func() bool { return strings.Contains(written(), "nanosleep(") })
	fmt.Sscan(written(), &pid)
	for _, sig := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		syscall.Kill(pid, sig)
		eventually(t, func() bool {
			return strings.Contains(written(), "--- "+tables.SignalName(int(sig))+" {") || strings.Contains(written(), "+++ exited")
		})
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	return written(), pid
}

// --regs composes with the other options.
func TestRegistersCompose(t *testing.T) {
	need.All(t, need.X86)
	uninterrupted(t)
	native := []string{program(t, "registers", "amd64"), "native"}
	t.Run("color", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"--regs", "--color=always", "-e", "trace=getpriority"}, native...)
		plain := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(tr.log, "")
		looks := regexp.MustCompile("(\x1b\\[[0-9;]*m)0xffffffffffffff(?:da|ea)").FindAllStringSubmatch(tr.log, -1)
		if len(looks) < 2 || looks[0][1] == looks[1][1] {
			t.Errorf("the new value does not stand out: %q", tr.log)
		}
		equalLines(t, squeeze(callLines(plain, "getpriority"))[1:], "rax 0xffffffffffffffda => 0xffffffffffffffea result: -EINVAL")
	})
	t.Run("full and multiplexer", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"--regs=full", "--multiplexer", "-e", "trace=socketcall"}, program(t, "socketcall", "386"))
		lines := squeeze(callLines(tr.log, "socketcall(SYS_SOCKET, "))
		if len(lines) < 2 || !strings.Contains(lines[0], "): socket(") || !strings.HasPrefix(lines[1], "* eax 0xffffffda ") {
			t.Errorf("got %q", lines)
		}
	})
	t.Run("summary only", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"--regs", "-c"}, native...)
		if strings.Contains(tr.log, "=>") || !strings.Contains(tr.log, "getpriority") {
			t.Errorf("got\n%s", tr.log)
		}
	})
	t.Run("enter and exit", func(t *testing.T) {
		for _, mode := range []string{"enter", "exit"} {
			tr := trace(t, trapline(t), []string{"--regs=" + mode, "--regs-set=gp", "-e", "trace=getpriority"}, native...)
			lines := squeeze(callLines(tr.log, "getpriority"))
			if len(lines) != 1+19 || !slices.Contains(lines, mode+" rbx 0x22110100") {
				t.Errorf("--regs=%s: %q", mode, lines)
			}
		}
	})
}

// Without --regs, registers are fetched to launch a command, but not for its calls. The
// test traces trapline with trapline to show this: the main thread does the tracing. With
// -f, the outer trapline would trace the tracee as well.
func TestRegistersOff(t *testing.T) {
	need.All(t, need.Live, need.Unbuffered) // a traced tracer with a filter cannot attach
	self := trapline(t)
	fetched := func(argv ...string) int {
		log := trace(t, self, []string{"-e", "trace=ptrace"}, append([]string{self, "-o", os.DevNull}, argv...)...).log
		return strings.Count(log, "PTRACE_GETREGS")
	}
	few, many, with := fetched("true"), fetched("ls", "-l", "/"), fetched("--regs", "true")
	if few != many || with < few+2*20 {
		t.Errorf("PTRACE_GETREGS for true: %d times, for ls: %d, for true with --regs: %d", few, many, with)
	}
}

// gdb, stopped at the same call of the same program, prints the same registers.
func TestRegistersAsGDB(t *testing.T) {
	need.All(t, need.X86, need.GDB)
	self := program(t, "registers", "amd64")
	out, err := exec.Command("gdb", "-nx", "-batch", "-ex", "set pagination off", "-ex", "catch syscall getpriority",
		"-ex", "run native", "-ex", "info registers", self).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	call := jsonCall(t, trace(t, trapline(t), []string{"--json", "--regs=enter", "-e", "trace=getpriority"}, self, "native").log, "getpriority")
	compared := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] == "rsp" { // the stack's address varies
			continue
		}
		if ours, ok := call.Regs.Enter[f[0]]; ok {
			compared++
			if ours != f[1] {
				t.Errorf("%s is %s, gdb has %s", f[0], ours, f[1])
			}
		}
	}
	if compared < 22 {
		t.Errorf("compared %d registers, want at least 22; gdb said\n%s", compared, out)
	}
}
