//go:build linux && amd64

package buffered

import (
	"strings"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// disassemble returns code as lines of assembly.
func disassemble(t *testing.T, code []byte, addr uint64) string {
	t.Helper()
	var b strings.Builder
	for at := 0; at < len(code); {
		i, err := x86asm.Decode(code[at:], 64)
		if err != nil {
			t.Fatalf("%v at %#x:\n%s", err, at, b.String())
		}
		b.WriteString(x86asm.GNUSyntax(i, addr+uint64(at), nil) + "\n")
		at += i.Len
	}
	return b.String()
}

func TestTrampoline(t *testing.T) {
	const addr, returns = 0x7f0000001000, 0x7f0000400012
	for _, test := range []struct {
		lookup Lookup
		want   string
	}{
		{ByFS, `movzwl %fs:0x1,%r11d
lea (%r11,%r11),%r11
mov 0x40000(,%r11,8),%rcx
mov %fs:,%r11
lea (%rcx,%r11),%rcx
jrcxz 0x7f0000001027
jmp 0x7f000000104d
movzwl %fs:0x1,%r11d
lea (%r11,%r11),%r11
mov 0x40008(,%r11,8),%rcx
jrcxz 0x7f000000104d
mov %rcx,%r11
lea 0x4(%rip),%rcx
jmpq *0x18(%r11)
syscall
lea 0x3fefbc(%rip),%rcx
jmpq 0x7f0000400012
`},
		{ByGS, `mov %gs:,%rcx
jrcxz 0x7f0000001019
mov %rcx,%r11
lea 0x4(%rip),%rcx
jmpq *0x18(%r11)
syscall
lea 0x3feff0(%rip),%rcx
jmpq 0x7f0000400012
`},
	} {
		code := test.lookup.Trampoline(addr, returns)
		if len(code) > TrampolineSize {
			t.Errorf("%v: %d bytes", test.lookup, len(code))
		}
		end := test.lookup.SlowCall() + 12
		if got := disassemble(t, code[:end], addr); got != test.want {
			t.Errorf("%v:\n%s\nwant:\n%s", test.lookup, got, test.want)
		}
		code = test.lookup.AppendLoad(code, []byte{0xb8, 0x4f, 0, 0, 0})
		if len(code) > TrampolineSize {
			t.Errorf("%v with a load: %d bytes", test.lookup, len(code))
		}
		const want = "mov $0x4f,%eax\njmp 0x7f0000001000\n"
		entry := test.lookup.LoadEntry()
		if got := disassemble(t, code[entry:], addr+entry); got != want {
			t.Errorf("%v: the other entry:\n%s\nwant:\n%s", test.lookup, got, want)
		}
	}
}

// The stub does not depend on its address: it neither calls nor returns, it does not
// access memory at addresses that depend on this program, and all its jumps stay inside.
func TestStub(t *testing.T) {
	s := NewStub()
	if len(s.Code) > StubSize {
		t.Errorf("the stub has %d bytes, %d are available", len(s.Code), StubSize)
	}
	for l := 1; l <= int(labelEnd); l++ {
		if s.labels[l] <= s.labels[l-1] {
			t.Errorf("label %d is at %d, the one before at %d", l, s.labels[l], s.labels[l-1])
		}
	}
	if at := s.labels[labelReturning]; at <= s.labels[labelFilled] || at >= s.labels[labelReady] {
		t.Errorf("rt_sigreturn is made at %#x, not between the other labels", at)
	}
	calls, at, leaves := 0, 0, uint64(0)
	starts := map[int]bool{}
	for at < len(s.Code) {
		if s.Code[at] == 0xcc { // padding between the parts
			at++
			continue
		}
		starts[at] = true
		i, err := x86asm.Decode(s.Code[at:], 64)
		if err != nil {
			t.Fatalf("%v at %#x", err, at)
		}
		text := x86asm.GNUSyntax(i, 0, nil)
		next := at + i.Len
		for _, arg := range i.Args {
			switch arg := arg.(type) {
			case x86asm.Rel:
				if target := next + int(arg); target < 0 || target >= len(s.Code) {
					t.Errorf("%#x: %s leaves the stub", at, text)
				}
			case x86asm.Mem:
				if arg.Base == x86asm.RIP || arg.Base == 0 {
					t.Errorf("%#x: %s refers to a place of its own", at, text)
				}
			case x86asm.Reg:
				if arg >= x86asm.X0 && arg <= x86asm.X15 {
					t.Errorf("%#x: %s uses a vector register", at, text)
				}
			}
		}
		switch i.Op {
		case x86asm.CALL, x86asm.RET, x86asm.PUSH, x86asm.POP:
			t.Errorf("%#x: %s", at, text)
		case x86asm.SYSCALL:
			calls++
			returns := s.labels[labelFilled] < uint64(at) && uint64(at) < s.labels[labelReady]
			if uint64(next) < s.labels[labelNoted] && uint64(next) != s.after && !returns {
				t.Errorf("the program's call ends at %#x, not at %#x", next, s.after)
			}
			if returns && uint64(next) == s.labels[labelReturning]-labelSize {
				leaves = uint64(at)
			}
		}
		at = next
	}
	if leaves == 0 || leaves != s.leaves {
		t.Errorf("rt_sigreturn is made at %#x, not at %#x", leaves, s.leaves)
	}
	// The calls of the stub: the program's own, copies of memory and of a number by the
	// kernel, calls that ask for masks, actions, the type of a socket and the type of a file,
	// the tracer's, and rt_sigreturn with two copies of its frame.
	if calls != 11 {
		t.Errorf("%d system call instructions", calls)
	}
	for l, offset := range s.labels[:labelEnd] {
		if !starts[int(offset)] {
			t.Errorf("label %d is not at an instruction", l)
		}
	}
}
