//go:build linux && amd64

package buffered

import (
	"encoding/binary"
	"io"
	"slices"

	"golang.org/x/arch/x86/x86asm"
)

// A system call instruction has two bytes, enough for a jump of at most 127 bytes. A hole is
// a place within this distance that is never executed and that has space for a jump to any
// address: padding between functions, or padding inside a function after a jump or a return.
// No code is moved, and the address after the program's instruction does not change.
//
// If there is no hole, the instruction before the call may be used. If it only moves data, as
// the one that loads the number of the call, and has space for a jump to any address, it is
// replaced by a jump to a trampoline, which begins with the same instruction. The call
// instruction itself remains.

// JumpSize is the size of a jump to a trampoline.
const JumpSize = 5

const (
	reach       = 127     // of a two-byte jump
	maxFunction = 1 << 13 // functions larger than this, in bytes, are not decoded

	maxInstruction = 15 // size in bytes
)

// Functions knows where the functions of a file are.
type Functions interface {
	Known() bool
	Before(addr uint64) (start, end uint64, ok bool)
	After(addr uint64) (start uint64, ok bool)
	Address(offset uint64) (addr uint64, ok bool)
}

// Text is the code of a file. Its addresses are those of the file.
type Text struct {
	file      io.ReaderAt
	functions Functions
	bias      uint64 // offset in the file of address 0
	code      []byte // the part of the file that was read last
	codeAt    uint64 // its offset in the file

	holes map[uint64]uint64 // address of the hole, by the address after the call; 0 if there is no hole
	loads map[uint64][]byte // results of Load, by the address after the call
	used  map[uint64]bool   // bytes that are part of holes
}

// NewText returns the Text for a mapping that begins at offset of a file.
func NewText(file io.ReaderAt, functions Functions, offset uint64) (*Text, bool) {
	addr, ok := functions.Address(offset)
	return &Text{
		file: file, functions: functions, bias: offset - addr,
		holes: map[uint64]uint64{}, loads: map[uint64][]byte{}, used: map[uint64]bool{},
	}, ok
}

// Address converts an offset in the file to an address of the file.
func (t *Text) Address(offset uint64) uint64 { return offset - t.bias }

// Read reads code. The result is valid until the next method is called.
//
// It reads more than that from the file: what is near a call is read together, and calls are
// often near each other.
func (t *Text) Read(addr uint64, size int) []byte {
	const before, part = 1 << 12, 1 << 14
	offset := addr + t.bias
	if offset < t.codeAt || offset+uint64(size) > t.codeAt+uint64(len(t.code)) {
		t.codeAt = offset - min(offset, before)
		n := max(part, int(offset-t.codeAt)+size)
		t.code = slices.Grow(t.code[:0], n)[:n]
		n, _ = t.file.ReadAt(t.code, int64(t.codeAt))
		t.code = t.code[:n]
	}
	code := t.code[min(offset-t.codeAt, uint64(len(t.code))):]
	return code[:min(size, len(code))]
}

// Hole finds the hole for a call whose instruction ends at returns. Each call of a file has
// its own hole.
func (t *Text) Hole(returns uint64) (addr uint64, ok bool) {
	addr, known := t.holes[returns]
	if !known {
		if code := t.Read(returns-2, 2); len(code) == 2 && code[0] == 0x0f && code[1] == 0x05 {
			addr = t.find(returns)
		}
		t.holes[returns] = addr
		for i := range uint64(JumpSize) {
			t.used[addr+i] = addr != 0
		}
	}
	return addr, addr != 0
}

// Describes reports whether there is call frame information for a call whose instruction ends
// at returns.
func (t *Text) Describes(returns uint64) bool {
	_, end, ok := t.functions.Before(returns - 2)
	return t.functions.Known() && ok && returns <= end
}

// MaxLoad is the maximum size of an instruction before a call that is replaced by a jump: there
// is no space for more in a trampoline.
const MaxLoad = 9

// Load returns the instruction before a call if it has JumpSize to MaxLoad bytes, does the same
// at any address and nothing but move data, and if nothing in its function jumps into it;
// otherwise nil. Often it loads the number of the call. The call's instruction ends at returns.
func (t *Text) Load(returns uint64) []byte {
	load, known := t.loads[returns]
	if !known {
		if size := t.findLoad(returns); size != 0 {
			load = slices.Clone(t.Read(returns-2-size, int(size)))
		}
		t.loads[returns] = load
	}
	return load
}

// findLoad returns the size of this instruction, or 0.
func (t *Text) findLoad(returns uint64) (size uint64) {
	call := returns - 2
	if code := t.Read(call, 2); len(code) != 2 || code[0] != 0x0f || code[1] != 0x05 {
		return 0
	}
	start, end, ok := t.functions.Before(call)
	if !t.functions.Known() || !ok || returns > end || end-start > maxFunction {
		return 0
	}
	runs := false
	targets := map[uint64]bool{}
	whole := t.walk(start, end, func(addr uint64, i *x86asm.Inst) {
		runs = runs || addr == call
		if addr+uint64(i.Len) == call && i.Len >= JumpSize && i.Len <= MaxLoad && onlyMoves(i) {
			size = uint64(i.Len)
		}
		if target, ok := targetOf(addr, i); ok {
			targets[target] = true
		}
	})
	if !whole || !runs {
		return 0
	}
	for at := call - size + 1; at < call; at++ {
		if targets[at] {
			return 0
		}
	}
	return size
}

// onlyMoves reports whether an instruction moves data, and does so in the same way at any
// address. The function that a signal handler returns to is known by its bytes, and must not
// be changed if it has just these (__restore_rt).
func onlyMoves(i *x86asm.Inst) bool {
	const sigreturn = 15 // SYS_rt_sigreturn
	switch i.Op {
	case x86asm.MOV, x86asm.LEA, x86asm.MOVUPS, x86asm.MOVAPS, x86asm.MOVDQU, x86asm.MOVDQA, x86asm.MOVQ, x86asm.MOVZX:
	default:
		return false
	}
	for _, arg := range i.Args {
		switch arg := arg.(type) {
		case x86asm.Rel:
			return false
		case x86asm.Mem:
			if arg.Base == x86asm.RIP || arg.Base == x86asm.EIP {
				return false
			}
		case x86asm.Reg:
			if arg >= x86asm.ES && arg <= x86asm.GS {
				return false
			}
		case x86asm.Imm:
			if arg == sigreturn && i.Len != JumpSize {
				return false
			}
		}
	}
	return true
}

// walk decodes the instructions of a function one after the other. It returns false
// if that fails.
func (t *Text) walk(start, end uint64, each func(addr uint64, i *x86asm.Inst)) bool {
	code := t.Read(start, int(end-start))
	for at := 0; at < len(code); {
		i, err := x86asm.Decode(code[at:], 64)
		if err != nil || i.Op == 0 { // a part of an instruction may be decoded as a prefix
			return false
		}
		each(start+uint64(at), &i)
		at += i.Len
	}
	return uint64(len(code)) == end-start
}

// targetOf returns the target of a jump at addr, if the instruction contains it.
func targetOf(addr uint64, i *x86asm.Inst) (uint64, bool) {
	rel, ok := i.Args[0].(x86asm.Rel)
	return addr + uint64(i.Len) + uint64(int64(rel)), ok
}

func (t *Text) find(returns uint64) uint64 {
	start, end, ok := t.functions.Before(returns - 2)
	if !t.functions.Known() || !ok || returns > end {
		if start, ok := t.afterTraps(returns - 2); ok && !t.runs(start, returns+maxInstruction, returns-2) {
			return 0
		}
		return t.afterCall(returns)
	}
	// The information on a function that signal handlers return to begins a byte before it.
	if !t.runs(start, end, returns-2) && !t.runs(start+1, end, returns-2) {
		return 0
	}
	// Look between functions, before this one and after it.
	for at := start; returns-at <= reach; {
		before, hole := t.gapBefore(at, returns)
		if hole != 0 {
			return hole
		}
		if before == 0 || before >= at {
			break
		}
		at = before
	}
	for at := end; at-returns <= reach; {
		next, hole := t.gapAfter(at, returns)
		if hole != 0 {
			return hole
		}
		if next <= at {
			break
		}
		at = next
	}
	return t.inside(start, end, returns)
}

// runs reports whether the call at an address of a function is an instruction, not a part of
// another one, and whether no instruction jumps into it.
func (t *Text) runs(start, end, call uint64) bool {
	const most = 1 << 16
	if call-start > most {
		return false
	}
	if end-start > maxFunction {
		end = call + maxInstruction
	}
	begins, alone := false, true
	last := end
	if code := t.Read(start, int(end-start)); uint64(len(code)) == end-start && !mayJump(code, start, call+1) {
		last = call + callSize // nothing behind the call matters
	}
	t.walk(start, last, func(addr uint64, i *x86asm.Inst) {
		begins = begins || addr == call
		if target, ok := targetOf(addr, i); ok && target == call+1 {
			alone = false
		}
	})
	return begins && alone
}

const callSize = 2 // bytes of the instruction

// mayJump reports whether any bytes of code that begins at start could be the distance of a
// jump to an address. It takes less time than to decode the code.
func mayJump(code []byte, start, to uint64) bool {
	for i := range code {
		distance := to - (start + uint64(i)) // from the first of the bytes
		if int64(distance-1) == int64(int8(code[i])) ||
			i+2 <= len(code) && int64(distance-2) == int64(int16(binary.LittleEndian.Uint16(code[i:]))) ||
			i+4 <= len(code) && int64(distance-4) == int64(int32(binary.LittleEndian.Uint32(code[i:]))) {
			return true
		}
	}
	return false
}

// afterTraps returns the address after the traps that are the last ones before an address,
// where a function begins.
func (t *Text) afterTraps(addr uint64) (start uint64, ok bool) {
	const most, alignment = 1 << 10, 16
	code := t.Read(addr-min(addr, most), int(min(addr, most)))
	for n := len(code); n >= 2; n-- {
		start = addr - uint64(len(code)-n)
		if start%alignment == 0 && code[n-1] == 0xcc && code[n-2] == 0xcc {
			return start, true
		}
	}
	return 0, false
}

// gapBefore looks for a hole between the function that starts at addr and the function before
// it, and returns the start of that function.
func (t *Text) gapBefore(addr, returns uint64) (start, hole uint64) {
	start, end, ok := t.functions.Before(addr - 1)
	if !ok || end > addr {
		return 0, 0
	}
	return start, t.gap(start, end, addr, returns)
}

// gapAfter looks for a hole after the function that ends at addr, and returns
// the end of the next function.
func (t *Text) gapAfter(addr, returns uint64) (next, hole uint64) {
	const most = 64 // bytes of padding
	start, ok := t.functions.After(addr)
	if !ok || start > addr+most {
		return 0, 0
	}
	_, end, ok := t.functions.Before(start)
	if !ok {
		return 0, 0
	}
	before, _, _ := t.functions.Before(addr - 1)
	return end, t.gap(before, addr, start, returns)
}

// gap looks for a hole between the end of the function at start and next, where another
// function begins. The whole gap must be padding that the function does not run into.
func (t *Text) gap(start, end, next, returns uint64) uint64 {
	if next-end < JumpSize || next-end > 256 || end-start > maxFunction {
		return 0
	}
	hole := t.free(end, next, returns)
	if hole == 0 || paddingSize(t.Read(end, int(next-end))) != int(next-end) || !t.leavesAtEnd(start, end) {
		return 0
	}
	return hole
}

// leavesAtEnd reports whether a function cannot run past its last instruction.
func (t *Text) leavesAtEnd(start, end uint64) bool {
	last := false
	return t.walk(start, end, func(_ uint64, i *x86asm.Inst) { last = leaves(i) }) && last
}

// inside looks for a hole inside the function, after a jump or a return. No other instruction
// of the function may jump into the hole.
func (t *Text) inside(start, end, returns uint64) uint64 {
	if end-start > maxFunction {
		return 0
	}
	code := t.Read(start, int(end-start))
	type part struct{ from, to uint64 }
	var holes []part
	targets := map[uint64]bool{}
	left := false
	for at := 0; at < len(code); {
		addr := start + uint64(at)
		if left {
			if n := paddingSize(code[at:]); n >= JumpSize {
				holes = append(holes, part{addr, addr + uint64(n)})
				at += n
				left = false
				continue
			}
		}
		i, err := x86asm.Decode(code[at:], 64)
		if err != nil {
			return 0
		}
		at += i.Len
		target, direct := targetOf(addr, &i)
		if direct {
			targets[target] = true
		}
		if i.Op == x86asm.JMP && !direct {
			return 0 // it may go anywhere in the function
		}
		left = leaves(&i)
	}
	for _, h := range holes {
		from := h.from
		for at := h.from; at < h.to; at++ {
			if targets[at] {
				from = h.to
			}
		}
		if hole := t.free(from, h.to, returns); hole != 0 {
			return hole
		}
	}
	return 0
}

// afterCall looks for a hole in code without call frame information: Go code, also in files
// that have some of this information for C code (cgo), and assembly. It decodes the code from
// the call to the end of the function. It only uses padding of trap instructions, which no
// code runs into.
//
// A call with such padding directly behind it never returns, as rt_sigreturn.
func (t *Text) afterCall(returns uint64) uint64 {
	code := t.Read(returns, reach+2*JumpSize+32)
	left := false
	if n := trapsAt(code); n >= OneByte+JumpSize {
		return t.free(returns+OneByte, returns+uint64(n), returns)
	}
	for at := 0; at < len(code) && at <= reach; {
		if left {
			n := 0
			for at+n < len(code) && code[at+n] == 0xcc {
				n++
			}
			if hole := t.free(returns+uint64(at), returns+uint64(at+n), returns); hole != 0 {
				return hole
			}
			if at += n; n > 0 {
				left = false
				continue
			}
		}
		i, err := x86asm.Decode(code[at:], 64)
		if err != nil {
			return 0
		}
		left = leaves(&i)
		at += i.Len
	}
	return 0
}

// OneByte is the distance from the end of a call to a hole for which only the first byte of
// the call's instruction changes: the second one, 5, is the distance. Such a call can be
// patched while other threads run, wherever it is.
const OneByte = 5

// trapsAt returns the size of the trap instructions that code begins with. Go's assembler
// has one of two bytes for INT $3.
func trapsAt(code []byte) (n int) {
	if len(code) >= 2 && code[0] == 0xcd && code[1] == 3 {
		n = 2
	}
	for n < len(code) && code[n] == 0xcc {
		n++
	}
	return n
}

// free returns a part of unused code that no other hole uses and that the call can reach.
func (t *Text) free(from, to, returns uint64) uint64 {
	if at := returns + OneByte; from <= at && at+JumpSize <= to && t.isUnused(at) {
		return at
	}
	for at := from; at+JumpSize <= to; at++ {
		distance := int64(at - returns)
		if -reach-1 <= distance && distance <= reach && t.isUnused(at) {
			return at
		}
	}
	return 0
}

// isUnused reports whether no hole uses any of the bytes of a hole at addr.
func (t *Text) isUnused(addr uint64) bool {
	for i := range uint64(JumpSize) {
		if t.used[addr+i] {
			return false
		}
	}
	return true
}

// leaves reports whether the instruction after i is not run after i.
func leaves(i *x86asm.Inst) bool {
	switch i.Op {
	case x86asm.JMP, x86asm.RET, x86asm.UD2, x86asm.HLT:
		return true
	}
	return false
}

// paddingSize returns how many bytes at the start of code are trap instructions or
// instructions that do nothing.
func paddingSize(code []byte) (n int) {
	for n < len(code) {
		if code[n] == 0xcc {
			n++
			continue
		}
		p := n
		for p < len(code) && (code[p] == 0x66 || code[p] == 0x2e) {
			p++
		}
		switch {
		case p < len(code) && code[p] == 0x90:
		case p+1 < len(code) && code[p] == 0x0f && code[p+1] == 0x1f:
		default:
			return n
		}
		i, err := x86asm.Decode(code[n:], 64)
		if err != nil || n+i.Len > len(code) {
			return n
		}
		n += i.Len
	}
	return n
}
