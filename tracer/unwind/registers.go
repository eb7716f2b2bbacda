//go:build linux && amd64

package unwind

// machine describes a kind of processor for unwinding: the size of a register
// in bytes, and the DWARF numbers of the relevant registers.
type machine struct {
	word       int
	sp, fp, ra uint64 // stack pointer, frame pointer, return address

	// A signal trampoline: its code, and the position and order of the
	// interrupted registers above the stack pointer.
	sigreturn   []byte
	saved       uint64
	savedInTurn []uint8
}

// notFollowed stands for a register without a number.
const notFollowed = 0xff

// registers are a thread's registers, or those of a frame's caller at its
// return address, by DWARF number.
type registers struct {
	*machine
	value [numRegisters]uint64
	known uint32 // bit n is set if value[n] is known
}

func (r *registers) get(n uint64) (uint64, bool) {
	if n >= numRegisters || r.known&(1<<n) == 0 {
		return 0, false
	}
	return r.value[n], true
}

func (r *registers) set(n, v uint64) {
	r.value[n] = r.truncate(v)
	r.known |= 1 << n
}

func (r *registers) pc() uint64 { return r.value[r.ra] }

// truncate truncates v to the width of a register.
func (m *machine) truncate(v uint64) uint64 {
	if m.word == 4 {
		return uint64(uint32(v))
	}
	return v
}
