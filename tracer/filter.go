//go:build linux && amd64

package tracer

import (
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"trapline/tables"
)

// maxFilter is the kernel's limit on a filter's instructions (BPF_MAXINSNS of
// linux/bpf_common.h).
const maxFilter = 4096

// Offsets in struct seccomp_data of linux/seccomp.h.
const (
	offsetNR   = 0
	offsetArch = 4
	offsetIP   = 8  // the address after the instruction
	offsetArg0 = 16 // the lower half of the first argument
)

// maxNR is greater than every number that needs its own verdict. All higher numbers get the
// verdict of maxNR.
const maxNR = 1024

// newFilter makes a seccomp filter that applies verdictOf to each call. Calls
// stop with data as SECCOMP_RET_DATA.
//
// The numbers of an architecture are divided into intervals with one verdict,
// and a binary search finds the interval of a call, so that the filter's size
// depends on the shape of the set and its running time hardly on anything. The
// kernel runs it once per number and remembers the calls that pass.
//
// The tests compare it with go-seccomp-bpf's filter for the same set. That
// package is not used here, since its tables would cost every start a third of
// a millisecond, and its lists of comparisons grow with the set.
func newFilter(verdictOf func(abi tables.ABI, nr uint64) verdict, data uint16, passing codeRange) ([]bpf.RawInstruction, error) {
	program := append(passing.code(), bpf.LoadAbsolute{Off: offsetArch, Size: 4})
	for _, a := range architectures(verdictOf) {
		program = append(program, onlyIf(a.audit, a.numbers.search(data))...)
	}
	program = append(program, stops.code(data)...)
	if len(program) > maxFilter {
		return nil, fmt.Errorf("a seccomp filter of %d instructions is too long", len(program))
	}
	return bpf.Assemble(program)
}

// codeRange is a range of addresses below 4 GiB. The filter lets x86-64 calls from this range
// pass. The range may be empty.
type codeRange struct{ from, to uint32 }

// code returns instructions that let calls from the range pass.
func (r codeRange) code() []bpf.Instruction {
	if r.from == r.to {
		return nil
	}
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AUDIT_ARCH_X86_64, SkipFalse: 6},
		bpf.LoadAbsolute{Off: offsetIP + 4, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipFalse: 4},
		bpf.LoadAbsolute{Off: offsetIP, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: r.from, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: r.to, SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	}
}

// onlyIf returns instructions that run code only if the accumulator has this value. code must
// end by itself; it finds the call's number in the accumulator.
func onlyIf(value uint32, code []bpf.Instruction) []bpf.Instruction {
	program := []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipTrue: 1},
		bpf.Jump{Skip: uint32(len(code)) + 1},
		bpf.LoadAbsolute{Off: offsetNR, Size: 4},
	}
	return append(program, code...)
}

// code returns the instructions that end the filter for calls with this verdict.
func (v verdict) code(data uint16) []bpf.Instruction {
	allow := bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	trace := bpf.RetConstant{Val: unix.SECCOMP_RET_TRACE | uint32(data)}
	arg0 := bpf.LoadAbsolute{Off: offsetArg0, Size: 4}
	switch v {
	case stops:
		return []bpf.Instruction{trace}
	case stopsToSetSeccomp:
		return []bpf.Instruction{arg0, bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PR_SET_SECCOMP, SkipFalse: 1}, trace, allow}
	case stopsIfUntraced:
		return []bpf.Instruction{arg0, bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_UNTRACED, SkipFalse: 1}, trace, allow}
	}
	return []bpf.Instruction{allow}
}

// architecture is what the filter does with the calls of an audit architecture.
type architecture struct {
	audit   uint32 // AUDIT_ARCH_... of linux/audit.h
	numbers intervals
}

// intervals are adjacent ranges of numbers.
type intervals []interval

type interval struct {
	first   uint32 // up to the next interval's first
	verdict verdict
}

// append begins a new interval, unless the last interval has the same verdict.
func (in *intervals) append(first uint32, v verdict) {
	if n := len(*in); n == 0 || (*in)[n-1].verdict != v {
		*in = append(*in, interval{first, v})
	}
}

// add adds an ABI's numbers, which start at base.
func (in *intervals) add(base uint32, abi tables.ABI, verdictOf func(tables.ABI, uint64) verdict) {
	for nr := range uint32(maxNR + 1) {
		in.append(base+nr, verdictOf(abi, uint64(nr)))
	}
}

// search returns code that finds the interval of the accumulator and returns
// its action.
func (in intervals) search(data uint16) []bpf.Instruction {
	if len(in) == 1 {
		return in[0].verdict.code(data)
	}
	middle := len(in) / 2
	below, above := in[:middle].search(data), in[middle:].search(data)
	var jump []bpf.Instruction
	if len(below) <= 255 {
		jump = []bpf.Instruction{
			bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: in[middle].first, SkipTrue: uint8(len(below))},
		}
	} else {
		// A conditional jump has a limited range.
		jump = []bpf.Instruction{
			bpf.JumpIf{Cond: bpf.JumpLessThan, Val: in[middle].first, SkipTrue: 1},
			bpf.Jump{Skip: uint32(len(below))},
		}
	}
	return append(append(jump, below...), above...)
}

// encodeFilter encodes a filter for the launcher: the kernel's array of struct
// sock_filter.
func encodeFilter(filter []bpf.RawInstruction) []byte {
	var b []byte
	for _, i := range filter {
		b = append(b, byte(i.Op), byte(i.Op>>8), i.Jt, i.Jf,
			byte(i.K), byte(i.K>>8), byte(i.K>>16), byte(i.K>>24))
	}
	return b
}
