//go:build linux && amd64

package unwind

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// Addresses of the tests' code and stacks.
const (
	codeAt  = 0x400000 // a mapping of the file with call frame information, if any
	jitAt   = 0x700000 // a mapping of no file
	stackAt = 0x900000
)

// testMappings are mappings of one page of code at codeAt, in a file that has
// these call frames for its address 0x1000 and up, and of one page at jitAt.
func testMappings(u *Unwinder, f *file) *Mappings {
	return &Mappings{generation: u.generation, list: []mapping{
		{start: codeAt, end: codeAt + 0x1000, inode: 1, name: "/code", file: f, sought: true},
		{start: jitAt, end: jitAt + 0x1000, sought: true},
	}}
}

func testFile(s ...callFrames) *file {
	return &file{
		segments: []elf.ProgHeader{{Type: elf.PT_LOAD, Flags: elf.PF_X, Vaddr: funcStart, Filesz: 0x1000}},
		frames:   s,
		symbols:  symbols{list: []symbol{{addr: funcStart, size: funcSize, name: 1}}, reach: []uint64{funcStart + funcSize}, strings: []byte("\x00function\x00")},
		places:   map[uint64]place{},
	}
}

// walkOf returns the frames of a stack as lines.
func walkOf(u *Unwinder, m *Mappings, regs unix.PtraceRegs, mem memory) (lines []string) {
	frames, more := u.Walk(m, -1, &regs, mem, nil)
	for _, f := range frames {
		lines = append(lines, fmt.Sprintf("%#x %s+%#x", f.PC, f.Symbol, f.Offset))
	}
	if more {
		lines = append(lines, "more")
	}
	return lines
}

func check(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

const code64 = 0x33 // __USER_CS

// A function that has pushed rbp, called at the very end of one that has pushed
// nothing, which is called by code without any information.
func TestWalkByRows(t *testing.T) {
	s := frames(cfaAdvanceLoc|1, cfaDefCFAOffset, 16, cfaOffset|6, 2, cfaAdvanceLoc1, 0x80, cfaDefCFA, 7, 8, cfaRestore|6)
	u := New(Options{})
	mem := memory{stackAt: words(0x1234, codeAt+funcSize, jitAt+0x10)}
	regs := unix.PtraceRegs{Rip: codeAt + 4, Rsp: stackAt, Rbp: 1, Cs: code64}
	check(t, walkOf(u, testMappings(u, testFile(s)), regs, mem),
		"0x400004 function+0x4", "0x4000ff function+0xff", "0x70000f +0x0")
	check(t, walkOf(New(Options{Limit: 2}), testMappings(u, testFile(s)), regs, mem),
		"0x400004 function+0x4", "0x4000ff function+0xff", "more")
	check(t, walkOf(New(Options{Limit: 3}), testMappings(u, testFile(s)), regs, mem),
		"0x400004 function+0x4", "0x4000ff function+0xff", "0x70000f +0x0")
}

// The return address of the outermost function is undefined.
func TestWalkEnds(t *testing.T) {
	u := New(Options{})
	stack := memory{stackAt: words(codeAt+0x20, codeAt+0x30, codeAt+0x40)}
	for name, program := range map[string][]byte{
		"undefined":   {cfaUndefined, 16},
		"no rule":     {cfaSameValue, 16},
		"unreadable":  {cfaOffset | 16, 100},
		"no CFA":      {cfaDefCFA, 99, 0},
		"bad program": {0x3f},
	} {
		regs := unix.PtraceRegs{Rip: codeAt + 4, Rsp: stackAt, Cs: code64}
		if got := walkOf(u, testMappings(u, testFile(frames(program...))), regs, stack); len(got) != 1 {
			t.Errorf("%s: %q", name, got)
		}
	}
	// A function that returns to itself without changing the stack.
	regs := unix.PtraceRegs{Rip: codeAt + 4, Rsp: stackAt, R12: codeAt + 4, Cs: code64}
	check(t, walkOf(u, testMappings(u, testFile(frames(cfaDefCFA, 7, 0, cfaRegister, 16, 12))), regs, nil), "0x400004 function+0x4")
	// Two that return to each other forever.
	regs.R12, regs.R13 = codeAt+9, codeAt+5
	swap := frames(cfaDefCFA, 7, 0, cfaRegister, 16, 12, cfaRegister, 12, 13, cfaRegister, 13, 12)
	if got := walkOf(u, testMappings(u, testFile(swap)), regs, nil); len(got) != DefaultLimit+1 {
		t.Errorf("%d frames", len(got))
	}
}

// A signal trampoline whose expressions locate all registers.
func TestWalkThroughSignalFrame(t *testing.T) {
	saved := func(register, offset byte) []byte { return []byte{cfaExpression, register, 2, opBreg0 + 7, offset} }
	program := slices.Concat([]byte{cfaDefCFAExpression, 3, opBreg0 + 7, 8, opDeref}, saved(7, 8), saved(6, 16), saved(16, 24))
	b := cieBytes("zRS", []byte{encPCRelative | encS4}, atStart...)
	trampoline := callFrames{data: fdeBytes(b, funcStart+0x10f, 0x10, program...), addr: ehAddr, eh: true, word: 8}
	u := New(Options{})
	mem := memory{stackAt: words(codeAt+0x110, 0, stackAt+0x100, 0xbbbb, codeAt), stackAt + 0x100: words(codeAt + 0x20)}
	f := testFile(frames(), trampoline)
	check(t, walkOf(u, testMappings(u, f), unix.PtraceRegs{Rip: codeAt + 4, Rsp: stackAt, Cs: code64}, mem),
		"0x400004 function+0x4", "0x400110 +0x0", "0x400000 function+0x0", "0x40001f function+0x1f")
}

// An entry of a PLT has pushed a number from its second instruction on.
func TestWalkFromPLT(t *testing.T) {
	program := []byte{cfaDefCFAExpression, 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22}
	u := New(Options{})
	f := testFile(frames(program...))
	mem := memory{stackAt: words(codeAt+0x90, codeAt+0x90)}
	for _, tt := range []struct{ pc, sp uint64 }{{codeAt + 0x26, stackAt}, {codeAt + 0x2b, stackAt - 8}} {
		check(t, walkOf(u, testMappings(u, f), unix.PtraceRegs{Rip: tt.pc, Rsp: stackAt, Cs: code64}, mem)[:2],
			fmt.Sprintf("%#x function+%#x", tt.pc, tt.pc-codeAt), "0x40008f function+0x8f")
	}
}

func TestWalkByFramePointers(t *testing.T) {
	u := New(Options{})
	// The calls before the return addresses: direct, through a register,
	// through memory.
	code := make([]byte, 0x1000)
	copy(code[0x10-5:], []byte{0xe8, 0, 0, 0, 0})
	copy(code[0x20-2:], []byte{0xff, 0xd0})
	copy(code[0x30-6:], []byte{0xff, 0x15, 1, 2, 3, 4})
	mem := memory{
		codeAt:           code,
		stackAt + 0x10:   words(stackAt+0x100, codeAt+0x10),
		stackAt + 0x100:  words(stackAt+0x200, codeAt+0x20),
		stackAt + 0x200:  words(stackAt+0x1000, codeAt+0x30),
		stackAt + 0x1000: words(stackAt+0x2000, codeAt+0x50), // not after a call
	}
	m := testMappings(u, nil)
	regs := unix.PtraceRegs{Rip: jitAt + 0x20, Rsp: stackAt, Rbp: stackAt + 0x10, Cs: code64}
	check(t, walkOf(u, m, regs, mem), "0x700020 +0x0", "0x40000f +0x0", "0x40001f +0x0", "0x40002f +0x0")
	regs.Rbp = stackAt - 8 // not a frame pointer
	check(t, walkOf(u, m, regs, mem), "0x700020 +0x0")
	regs.Rbp = stackAt + 0x11
	check(t, walkOf(u, m, regs, mem), "0x700020 +0x0")
}

// Functions that push nothing.
func TestWalkFromLeaf(t *testing.T) {
	u := New(Options{})
	code := make([]byte, 0x1000)
	copy(code[0x10-5:], []byte{0xe8, 0xf0, 0, 0, 0}) // call codeAt+0x100
	copy(code[0x20-2:], []byte{0xff, 0xd0})
	m := testMappings(u, nil)
	for _, tt := range []struct {
		pc, top uint64
		want    []string
	}{
		{codeAt + 0x120, codeAt + 0x10, []string{"0x400120 +0x0", "0x40000f +0x0"}},
		{codeAt + 0xff, codeAt + 0x10, []string{"0x4000ff +0x0"}},   // before the function that is called
		{codeAt + 0x120, codeAt + 0x20, []string{"0x400120 +0x0"}},  // an indirect call may call anything
		{codeAt + 0x120, stackAt + 0x10, []string{"0x400120 +0x0"}}, // not a return address
		{0, codeAt + 0x20, []string{"0x0 +0x0", "0x40001f +0x0"}},   // a call to NULL
		{0, codeAt + 0x10, []string{"0x0 +0x0"}},
	} {
		mem := memory{codeAt: code, stackAt: words(tt.top)}
		check(t, walkOf(u, m, unix.PtraceRegs{Rip: tt.pc, Rsp: stackAt, Cs: code64}, mem), tt.want...)
	}
}

// A signal trampoline without call frame information.
func TestWalkThroughSigreturn(t *testing.T) {
	u := New(Options{})
	code := make([]byte, 0x1000)
	copy(code[0x10-2:], []byte{0xff, 0xd0})
	copy(code[0x40:], amd64.sigreturn)
	context := make([]uint64, 5+17)
	context[5+10], context[5+15], context[5+16] = stackAt+0x400, stackAt+0x300, codeAt+0x60 // rbp, rsp, rip
	mem := memory{codeAt: code, stackAt: words(0, codeAt+0x40), stackAt + 16: words(context...), stackAt + 0x400: words(0, codeAt+0x10)}
	check(t, walkOf(u, testMappings(u, nil), unix.PtraceRegs{Rip: jitAt, Rsp: stackAt, Rbp: stackAt, Cs: code64}, mem),
		"0x700000 +0x0", "0x400040 +0x0", "0x400060 +0x0", "0x40000f +0x0")
}

// i386 has narrower registers with other numbers.
func TestWalkOfI386(t *testing.T) {
	body := []byte{0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x7c, 8, 1, encPCRelative | encS4, cfaDefCFA, 4, 4, cfaOffset | 8, 1}
	s := callFrames{
		data: fdeBytes(entryBytes(body), funcStart, funcSize, cfaAdvanceLoc|1, cfaDefCFAOffset, 8, cfaOffset|5, 2),
		addr: ehAddr, eh: true, word: 4,
	}
	stack := order.AppendUint32(nil, 0x77)
	stack = order.AppendUint32(stack, codeAt+0x11)
	stack = order.AppendUint32(stack, 0x66)
	stack = order.AppendUint32(stack, jitAt+0x20)
	u := New(Options{})
	regs := unix.PtraceRegs{Rip: codeAt + 4, Rsp: 0xffffffff<<32 | stackAt, Cs: code32}
	check(t, walkOf(u, testMappings(u, testFile(s)), regs, memory{stackAt: stack}),
		"0x400004 function+0x4", "0x400010 function+0x10", "0x70001f +0x0")
}

// A mapping that appeared unnoticed is found; one that was replaced is found
// after MappingsChanged.
func TestMappingsChange(t *testing.T) {
	u := New(Options{})
	m := testMappings(u, testFile(frames()))
	u.MappingsChanged()
	regs := unix.PtraceRegs{Rip: codeAt + 4, Rsp: stackAt, Cs: code64}
	check(t, walkOf(u, m, regs, nil), "0x400004 +0x0") // there is no thread that could have mappings
	if len(m.list) != 0 {
		t.Errorf("%d mappings", len(m.list))
	}
}

func TestReadFile(t *testing.T) {
	s := frames(cfaAdvanceLoc|1, cfaDefCFAOffset, 16)
	sym := append([]byte{1, 0, 0, 0, byte(elf.STT_FUNC), 0, 1, 0}, words(funcStart, funcSize)...)
	image := tinyELF(map[string][]byte{".eh_frame": s.data, ".symtab": sym, ".strtab": []byte("\x00name\x00")})
	f, err := readFile(bytes.NewReader(image), true)
	if err != nil {
		t.Fatal(err)
	}
	const fileOffset = 64 + 56 // of the code
	addr, ok := f.address(fileOffset + 0x10)
	if !ok || addr != funcStart+0x10 {
		t.Errorf("address %#x, %v", addr, ok)
	}
	if d, ok := f.fde(addr); !ok || d.start != funcStart || d.end != funcStart+funcSize {
		t.Errorf("%+v, %v", d, ok)
	}
	if p := f.place(addr, nil); p.symbol != "name" || p.offset != 0x10 {
		t.Errorf("%+v", p)
	}
	if _, ok := f.address(fileOffset + 0x200); ok {
		t.Error("an address after the segment is found")
	}
	for n := range image {
		readFile(bytes.NewReader(image[:n]), true) // does not panic
	}
	other := bytes.Clone(image)
	other[18] = byte(elf.EM_AARCH64)
	if _, err := readFile(bytes.NewReader(other), false); err == nil {
		t.Error("a file for another machine is accepted")
	}
}

// hostileMemory repeats a few bytes everywhere.
type hostileMemory []byte

func (m hostileMemory) ReadMemory(addr uint64, b []byte) int {
	for i := range b {
		b[i] = m[(addr+uint64(i))%uint64(len(m))]
	}
	return len(b)
}

func FuzzWalk(f *testing.F) {
	good := frames(cfaAdvanceLoc|1, cfaDefCFAOffset, 16, cfaOffset|6, 2)
	f.Add(good.data, words(codeAt+8, stackAt, codeAt+0x10, stackAt+8), uint64(codeAt+1), uint64(stackAt), false)
	f.Add(good.data, words(jitAt+8, stackAt+0x100), uint64(jitAt), uint64(stackAt), true)
	f.Add([]byte{}, amd64.sigreturn, uint64(jitAt), uint64(stackAt), false)
	f.Fuzz(func(t *testing.T, section, mem []byte, pc, sp uint64, narrow bool) {
		if len(mem) == 0 {
			return
		}
		u := New(Options{})
		regs := unix.PtraceRegs{Rip: pc, Rsp: sp, Rbp: sp, R12: pc, Rbx: sp, Cs: code64}
		word := 8
		if narrow {
			regs.Cs, word = code32, 4
		}
		m := testMappings(u, testFile(callFrames{data: section, addr: ehAddr, eh: true, word: word}))
		frames, _ := u.Walk(m, -1, &regs, hostileMemory(mem), nil)
		if len(frames) == 0 || len(frames) > DefaultLimit {
			t.Errorf("%d frames", len(frames))
		}
	})
}

// Twenty frames with call frame information, such as a call in a library has.
func BenchmarkWalk(b *testing.B) {
	s := frames(cfaAdvanceLoc|1, cfaDefCFAOffset, 16, cfaOffset|6, 2, cfaAdvanceLoc|3, cfaDefCFARegister, 6)
	u := New(Options{})
	m := testMappings(u, testFile(s))
	stack := make([]uint64, 64)
	for i := range 19 {
		stack[2*i], stack[2*i+1] = stackAt+uint64(16*(i+1)), codeAt+0x20
	}
	mem := memory{stackAt: words(stack...)}
	regs := unix.PtraceRegs{Rip: codeAt + 8, Rsp: stackAt, Rbp: stackAt, Cs: code64}
	var frames []Frame
	for b.Loop() {
		frames, _ = u.Walk(m, -1, &regs, mem, frames[:0])
		if len(frames) != 20 {
			b.Fatalf("%d frames", len(frames))
		}
	}
}
