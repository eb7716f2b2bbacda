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

	NumABI = iota
)

// ABIs are all ABIs, in the order of their numbers.
var ABIs = [NumABI]ABI{X86_64, I386, X32}

// conventions has the results of ABI's methods.
var conventions = [NumABI]struct {
	name               string
	bits               int
	kernelWord, align8 int
	registerSize       int
}{
	X86_64: {name: "x86_64", bits: 64, kernelWord: 8, align8: 8, registerSize: 8},
	I386:   {name: "i386", bits: 32, kernelWord: 4, align8: 4, registerSize: 4},
	X32:    {name: "x32", bits: 32, kernelWord: 8, align8: 8, registerSize: 8},
}

// String returns the name used in JSON output.
func (a ABI) String() string { return conventions[a].name }

// Bits is the width in bits in strace's name of the personality: 64, or 32 for
// i386 and for x32, whose longs and pointers have 32 bits.
func (a ABI) Bits() int { return conventions[a].bits }

// WordSize is the size in bytes of a C long and of a pointer.
func (a ABI) WordSize() int { return a.Bits() / 8 }

// KernelWordSize is the size in bytes of a __kernel_long_t (asm/posix_types.h).
func (a ABI) KernelWordSize() int { return conventions[a].kernelWord }

// Align8 is the alignment in bytes of a C scalar of 8 bytes. i386 aligns it to 4
// (System V ABI, Intel386 supplement).
func (a ABI) Align8() int { return conventions[a].align8 }

// RegisterSize is the size in bytes of the registers that hold arguments. For
// x32 programs the kernel uses the whole registers.
func (a ABI) RegisterSize() int { return conventions[a].registerSize }
