//go:build linux && amd64

package buffered

import "encoding/binary"

// Lookup is the way in which a thread finds its area.
type Lookup uint8

const (
	// ByFS reads the word at the thread's fs base. If the C library follows the psABI, as
	// glibc and musl do, the word contains the fs base itself. It leads to an entry of the
	// index.
	ByFS Lookup = iota
	// ByGS uses gs, which most programs do not use: the tracer sets the gs base to the
	// thread's area.
	ByGS
)

func (l Lookup) String() string { return [...]string{"fs", "gs"}[l] }

// TrampolineSize is the distance between trampolines.
const TrampolineSize = 112

// slowOffset is the offset of the slow call in a trampoline.
var slowOffset = [...]uint64{ByFS: 77, ByGS: 25}

// slowSize is the size in bytes of the end of a trampoline, which begins with the slow call.
const slowSize = slowReturn + 8

// SlowCall returns the offset after a trampoline's slow call, where a thread is when it stops
// for that call.
func (l Lookup) SlowCall() uint64 { return slowOffset[l] + 2 }

// ToSlowCall returns a jump to the slow call, to be written at the beginning of a trampoline.
func (l Lookup) ToSlowCall() []byte { return []byte{0xeb, byte(slowOffset[l] - 2)} }

// LoadEntry returns the offset of a trampoline's second entry, for a call of which the
// instruction before is run there: see AppendLoad.
func (l Lookup) LoadEntry() uint64 { return slowOffset[l] + slowSize }

// AppendLoad appends the second entry to a trampoline that has just been appended. It consists
// of the instruction before the call, of at most MaxLoad bytes, and a jump to the trampoline.
func (l Lookup) AppendLoad(trampoline, load []byte) []byte {
	b := append(trampoline, load...)
	return append(b, 0xeb, byte(-int(l.LoadEntry())-len(load)-2)) // jmp to the beginning
}

// Trampoline returns the trampoline at addr for a call of the program whose instruction ends
// at returns. A trampoline jumps to the stub or, if the thread has no area, to its own slow
// call. It changes no registers except RCX and R11, and no flags. The two addresses must be
// less than 2 GiB apart.
func (l Lookup) Trampoline(addr, returns uint64) []byte {
	return l.AppendTrampoline(make([]byte, 0, TrampolineSize), addr, returns)
}

// AppendTrampoline appends the trampoline that Trampoline returns.
func (l Lookup) AppendTrampoline(b []byte, addr, returns uint64) []byte {
	addr -= uint64(len(b)) // where b would begin
	slowAt := len(b) + int(slowOffset[l])
	code := func(c ...byte) { b = append(b, c...) }
	word := func(v uint32) { b = binary.LittleEndian.AppendUint32(b, v) }
	slow := addr + uint64(slowAt)
	relative := func(target uint64) { word(uint32(target - (addr + uint64(len(b)) + 4))) }
	toSlow := func(jump byte) { code(jump, byte(slow-(addr+uint64(len(b))+2))) }
	const jrcxz, jmp = 0xe3, 0xeb

	switch l {
	case ByFS:
		entry := func() { // r11 = 2 * the number of the entry
			code(0x64, 0x44, 0x0f, 0xb7, 0x1c, 0x25)
			word(1)                      // movzwl %fs:1, %r11d
			code(0x4f, 0x8d, 0x1c, 0x1b) // lea (%r11,%r11), %r11
		}
		entry()
		code(0x4a, 0x8b, 0x0c, 0xdd)
		word(IndexAddr) // mov IndexAddr(,%r11,8), %rcx
		code(0x64, 0x4c, 0x8b, 0x1c, 0x25)
		word(0)                      // mov %fs:0, %r11
		code(0x4a, 0x8d, 0x0c, 0x19) // lea (%rcx,%r11), %rcx
		code(jrcxz, 2)               // it is this thread's entry
		toSlow(jmp)
		entry()
		code(0x4a, 0x8b, 0x0c, 0xdd)
		word(IndexAddr + 8) // mov IndexAddr+8(,%r11,8), %rcx
	case ByGS:
		code(0x65, 0x48, 0x8b, 0x0c, 0x25)
		word(0) // mov %gs:0, %rcx
	}
	toSlow(jrcxz)          // there is no area
	code(0x49, 0x89, 0xcb) // mov %rcx, %r11
	code(0x48, 0x8d, 0x0d)
	relative(slow)                   // lea slow(%rip), %rcx
	code(0x41, 0xff, 0x63, areaStub) // jmp *areaStub(%r11)

	code(0x0f, 0x05) // slow: syscall
	code(0x48, 0x8d, 0x0d)
	relative(returns) // lea returns(%rip), %rcx
	code(0xe9)
	relative(returns) // jmp returns
	for len(b) < slowAt+slowReturn {
		code(0xcc)
	}
	return binary.LittleEndian.AppendUint64(b, returns)
}
