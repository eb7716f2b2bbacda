//go:build linux && amd64

package buffered_test

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/tracer/buffered"
	"trapline/tracer/unwind"
)

// isGo reports whether the code of this program at an address was compiled from Go. The
// race detector adds code in C++, which has no call frame information here.
func isGo(addr uint64) bool {
	f := runtime.FuncForPC(uintptr(addr))
	return f != nil && strings.Contains(f.Name(), ".") && !strings.HasPrefix(f.Name(), "_")
}

// textOf returns the text of a file, its section, and the code in it.
func textOf(t *testing.T, f *os.File) (text *buffered.Text, section *elf.Section, code []byte) {
	t.Helper()
	functions, err := unwind.ReadFunctions(f)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(f)
	if err != nil {
		t.Fatal(err)
	}
	section = e.Section(".text")
	code, err = section.Data()
	if err != nil {
		t.Fatal(err)
	}
	text, ok := buffered.NewText(f, functions, section.Offset)
	if !ok {
		t.Fatal("the text is in no segment")
	}
	return text, section, code
}

// holes looks for a hole for each counted system call of a file, and returns the percentage
// for which it found one.
func holes(t *testing.T, path string, counts func(addr uint64) bool) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	text, section, code := textOf(t, f)
	calls, found, loads := 0, 0, 0
	taken := map[uint64]bool{}
	for at := 0; ; {
		i := bytes.Index(code[at:], []byte{0x0f, 0x05})
		if i < 0 {
			break
		}
		at += i + 2
		if !counts(section.Addr + uint64(at)) {
			continue
		}
		calls++
		hole, ok := text.Hole(section.Addr + uint64(at))
		if !ok {
			if text.Load(section.Addr+uint64(at)) != nil {
				loads++
			}
			continue
		}
		found++
		for i := range uint64(buffered.JumpSize) {
			if taken[hole+i] {
				t.Errorf("%s: the hole at %#x has two users", path, hole)
			}
			taken[hole+i] = true
		}
	}
	if calls == 0 {
		t.Skip(path, "has no system calls")
	}
	t.Logf("%s: %d of %d, and %d by the instruction before", path, found, calls, loads)
	return 100 * found / calls
}

func TestHoles(t *testing.T) {
	all := func(uint64) bool { return true }
	for _, test := range []struct {
		path   string
		counts func(addr uint64) bool
		want   int // minimum percentage
	}{
		{"/lib/x86_64-linux-gnu/libc.so.6", all, 50},
		{"/lib64/ld-linux-x86-64.so.2", all, 40},
		{"/bin/busybox", all, 50},
		{"/proc/self/exe", isGo, 50},
	} {
		t.Run(test.path, func(t *testing.T) {
			if got := holes(t, test.path, test.counts); got < test.want {
				t.Errorf("%d %% of the calls have a hole", got)
			}
		})
	}
}

// A call is not patched if its bytes are a part of another instruction, or if something jumps
// into it. A hole inside a function is not used if a jump may go anywhere.
func TestHoleOfUnusualCode(t *testing.T) {
	need.All(t, need.GCC64)
	const (
		immediate = "mov $0x66, %eax; jmp 1f+1; 1: mov $0xc3c3050f, %ecx; ret; "
		second    = "jmp 1f+1; 1: syscall; .long 0; ret; "
		backward  = "1: syscall; .long 0; ret; jmp 1b+1; "
		far       = "1: syscall; .long 0; ret; .fill 200, 1, 0xc3; jmp 1b+1; "

		begin, end = ".cfi_startproc; ", ".cfi_endproc; "
		traps      = ".fill 16, 1, 0xcc; "
		aligned    = traps + ".p2align 4, 0xcc; "
		code       = ".fill 130, 1, 0xc3; " // no hole is near
	)
	for _, test := range []struct {
		what, code string
		found      bool
	}{
		{"ordinary", begin + "syscall; ret; " + end + traps, true},
		{"immediate", begin + immediate + end + traps, false},
		{"immediate, without frame information", aligned + immediate + traps, false},
		{"second byte", begin + second + end + traps, false},
		{"second byte, from behind", begin + backward + end + traps, false},
		{"second byte, from far behind", traps + begin + far + end, false},
		{"second byte, without frame information", aligned + second + traps, false},
		{"behind a jump", code + begin + "jmp 1f; .nops 16; 1: syscall; " + code + end + code, true},
		{"behind a jump to a register", code + begin + "jmp *%rcx; .nops 16; syscall; " + code + end + code, false},
	} {
		t.Run(test.what, func(t *testing.T) {
			if found := holes(t, assemble(t, test.code), func(uint64) bool { return true }) == 100; found != test.found {
				t.Errorf("it has a hole: %v, want %v", found, test.found)
			}
		})
	}
}

// Code without call frame information, in a file that has some for other code, is treated
// as in files without any: it must be followed by traps. This is the case for Go code in
// programs that are linked with C.
func TestHoleWithoutFrameInformation(t *testing.T) {
	need.All(t, need.GCC64)
	for _, test := range []struct {
		what, code string
		found      bool
	}{
		{"traps behind a return", "syscall; ret; .fill 8, 1, 0xcc", true},
		{"traps that are run", "syscall; nop; .fill 8, 1, 0xcc; ret", false},
		{"traps behind the call", "syscall; .fill 10, 1, 0xcc; nop", true},
		{"traps behind the call, and one of two bytes", "syscall; .byte 0xcd, 3; .fill 8, 1, 0xcc; nop", true},
		{"few traps behind the call", "syscall; .fill 9, 1, 0xcc; nop; ud2", false},
		{"other padding", "syscall; ret; .nops 8", false},
	} {
		t.Run(test.what, func(t *testing.T) {
			library := assemble(t, test.code)
			if found := holes(t, library, func(uint64) bool { return true }) == 100; found != test.found {
				t.Errorf("it has a hole: %v, want %v", found, test.found)
			}
		})
	}
}

// The instruction before a call is used if it can be run elsewhere, is large enough, and nothing
// jumps behind its beginning.
func TestLoadOfUnusualCode(t *testing.T) {
	need.All(t, need.GCC64)
	const begin, end = ".cfi_startproc; ", ".cfi_endproc; "
	for _, test := range []struct {
		what, code string
		size       int
	}{
		{"the number", "mov $3, %eax; syscall", 5},
		{"an argument", "mov 8(%rsp), %r9; syscall", 5},
		{"a store of seven bytes", "movups %xmm0, 0x2d8(%rbx); syscall", 7},
		{"ten bytes", "movabs $0x123456789, %rdx; syscall", 0},
		{"few bytes", "mov %edi, %eax; syscall", 0},
		{"an address of the code", "lea 1f(%rip), %rsi; syscall; 1: nop", 0},
		{"a call of a function", "call *0x100(%rax); syscall", 0},
		{"a system call before it", "mov $1, %eax; syscall; syscall", 0},
		{"a jump into it", "jmp 1f+1; 1: mov $3, %eax; syscall", 0},
		{"a jump to its beginning", "jmp 1f; 1: mov $3, %eax; syscall", 5},
		{"a jump to the call", "je 1f; mov $3, %eax; 1: syscall", 5},
		{"rt_sigreturn, as unwinders know it", "mov $15, %rax; syscall", 0},
		{"a segment register", ".byte 0x8e, 0x9c, 0x24, 0, 0, 0, 0; syscall", 0},
	} {
		t.Run(test.what, func(t *testing.T) {
			f, err := os.Open(assemble(t, begin+test.code+"; ret; "+end))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			text, section, code := textOf(t, f)
			call := bytes.LastIndex(code, []byte{0x0f, 0x05})
			want := code[call-test.size : call]
			if load := text.Load(section.Addr + uint64(call) + 2); !bytes.Equal(load, want) {
				t.Errorf("the instruction is % x, not % x", load, want)
			}
		})
	}
}

// assemble returns a library that has this code between two functions in C.
func assemble(t *testing.T, code string) (library string) {
	t.Helper()
	dir := t.TempDir()
	source, library := filepath.Join(dir, "code.c"), filepath.Join(dir, "code.so")
	text := fmt.Sprintf("int known(int a) { return a + 1; }\nasm(\".text\\n.p2align 4\\nunknown: %s\\n.p2align 4\\n\");\nint other(int a) { return a + 2; }\n", code)
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("gcc", "-O1", "-fno-toplevel-reorder", "-shared", "-nostdlib", "-o", library, source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return library
}
