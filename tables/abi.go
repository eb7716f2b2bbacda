// Package tables holds facts about the Linux system call interface on x86-64:
// numbers, names, entry points and named constants. It has no behaviour
// beyond looking those facts up.
package tables

// ABI is the calling convention of one system call. It is a property of the
// call, not of the program: a 64-bit program may issue int $0x80.
type ABI uint8

const (
	X86_64 ABI = iota // syscall instruction, syscall_64.tbl rows "common" and "64"
	I386              // int $0x80 or sysenter, syscall_32.tbl
	X32               // syscall instruction with bit 30 set in the number

	NumABI = 3
)

// String gives the name used in JSON output.
func (a ABI) String() string {
	switch a {
	case X86_64:
		return "x86_64"
	case I386:
		return "i386"
	}
	return "x32"
}

// Bits is the width in bits in strace's name of the personality: 64, or 32 for
// i386 and for x32, whose longs and pointers have 32 bits.
func (a ABI) Bits() int {
	if a == X86_64 {
		return 64
	}
	return 32
}

// WordSize is the size in bytes of a C long and of a pointer.
func (a ABI) WordSize() int { return a.Bits() / 8 }

// RegisterSize is the size in bytes of the registers that hold arguments. For
// x32 programs the kernel uses the whole registers.
func (a ABI) RegisterSize() int {
	if a == I386 {
		return 4
	}
	return 8
}
