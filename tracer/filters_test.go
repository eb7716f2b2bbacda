//go:build linux && amd64

package tracer

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"trapline/tables"
)

// noCall is the number of no system call: without a filter it fails with ENOSYS.
const noCall = 0x4321

// randomFilter makes a filter that the kernel accepts and that allows all calls but noCall,
// which it answers with an error that is computed in many ways.
func randomFilter(r *rand.Rand) []bpf.RawInstruction {
	blocks := make([][]bpf.RawInstruction, 4+r.IntN(30))
	for i := range blocks {
		blocks[i] = randomBlock(r)
	}
	begin := []bpf.RawInstruction{
		{Op: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offsetNR},
		{Op: unix.BPF_JMP | unix.BPF_JEQ, Jt: 1, K: noCall},
		{Op: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW},
	}
	for i := range uint32(unix.BPF_MEMWORDS) { // the kernel refuses loads of words that were not stored
		begin = append(begin, bpf.RawInstruction{Op: unix.BPF_LD | unix.BPF_IMM, K: i * 0x01010101}, bpf.RawInstruction{Op: unix.BPF_ST, K: i})
	}
	end := []bpf.RawInstruction{
		{Op: unix.BPF_ALU | unix.BPF_AND, K: 0x7ff}, // Go treats -4095 as a result
		{Op: unix.BPF_ALU | unix.BPF_OR, K: unix.SECCOMP_RET_ERRNO},
		{Op: unix.BPF_RET | unix.BPF_A},
	}
	filter := begin
	for i, block := range blocks {
		for n, instruction := range block {
			if instruction.Op&classMask == unix.BPF_JMP { // to the beginning of a later block
				to := func() int {
					skip := len(block) - n - 1
					for _, between := range blocks[i+1 : i+1+r.IntN(min(len(blocks)-i, 5))] {
						skip += len(between)
					}
					return skip
				}
				instruction.Jt, instruction.Jf = uint8(to()), uint8(to())
				if instruction.Op&operation == unix.BPF_JA {
					instruction.Jt, instruction.Jf, instruction.K = 0, 0, uint32(to())
				}
			}
			filter = append(filter, instruction)
		}
	}
	return append(filter, end...)
}

// randomBlock is an instruction, with what it needs before.
func randomBlock(r *rand.Rand) []bpf.RawInstruction {
	one := func(op int, k uint32) []bpf.RawInstruction { return []bpf.RawInstruction{{Op: uint16(op), K: k}} }
	number := func() uint32 {
		return []uint32{0, 1, 31, 32, 33, 0x80000000, 0xffffffff, r.Uint32(), r.Uint32N(64)}[r.IntN(9)]
	}
	args := uint32(16 + 4*r.IntN(12))
	operations := []int{unix.BPF_ADD, unix.BPF_SUB, unix.BPF_MUL, unix.BPF_AND, unix.BPF_OR, unix.BPF_XOR, unix.BPF_LSH, unix.BPF_RSH}
	op := operations[r.IntN(len(operations))]
	jump := unix.BPF_JMP | []int{unix.BPF_JEQ, unix.BPF_JGT, unix.BPF_JGE, unix.BPF_JSET}[r.IntN(4)]
	switch r.IntN(17) {
	case 0, 1:
		return one(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, args)
	case 2:
		return one(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, uint32(4*r.IntN(2)))
	case 3:
		return one([]int{unix.BPF_LD, unix.BPF_LDX}[r.IntN(2)]|unix.BPF_W|unix.BPF_LEN, 0)
	case 4:
		return one([]int{unix.BPF_LD, unix.BPF_LDX}[r.IntN(2)]|unix.BPF_IMM, number())
	case 5:
		return one([]int{unix.BPF_LD, unix.BPF_LDX}[r.IntN(2)]|unix.BPF_MEM, r.Uint32N(unix.BPF_MEMWORDS))
	case 6:
		return one([]int{unix.BPF_ST, unix.BPF_STX}[r.IntN(2)], r.Uint32N(unix.BPF_MEMWORDS))
	case 7:
		return one(unix.BPF_MISC|[]int{unix.BPF_TAX, unix.BPF_TXA}[r.IntN(2)], 0)
	case 8:
		return one(unix.BPF_ALU|unix.BPF_NEG, 0)
	case 9:
		return one(unix.BPF_ALU|unix.BPF_DIV, number()|1)
	case 10: // by a number other than 0: dividing by 0 kills the thread
		return append(one(unix.BPF_LDX|unix.BPF_IMM, number()|1), one(unix.BPF_ALU|unix.BPF_DIV|unix.BPF_X, 0)...)
	case 11:
		return one(unix.BPF_ALU|op|unix.BPF_X, 0)
	case 12:
		if op == unix.BPF_LSH || op == unix.BPF_RSH {
			return one(unix.BPF_ALU|op, r.Uint32N(32))
		}
		return one(unix.BPF_ALU|op, number())
	case 13:
		return append(one(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, args), one(jump, number())...)
	case 14:
		return one(jump|unix.BPF_X, 0)
	case 15:
		return one(unix.BPF_JMP|unix.BPF_JA, 0)
	default:
		return one(jump, number())
	}
}

// kernelAnswers installs a filter in a thread of its own, which makes the calls and returns
// their errors.
func kernelAnswers(t *testing.T, filter []bpf.RawInstruction, calls [][6]uint64) (errnos []unix.Errno) {
	t.Helper()
	var failed error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the filter
		code := encodeFilter(filter)
		program := struct {
			length uint16
			filter unsafe.Pointer
		}{uint16(len(filter)), unsafe.Pointer(&code[0])}
		if failed = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); failed != nil {
			return
		}
		if failed = unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); failed != nil {
			return
		}
		for _, a := range calls {
			_, _, errno := unix.RawSyscall6(noCall, uintptr(a[0]), uintptr(a[1]), uintptr(a[2]), uintptr(a[3]), uintptr(a[4]), uintptr(a[5]))
			errnos = append(errnos, errno)
		}
	}()
	<-done
	if failed != nil {
		t.Fatalf("the kernel refuses the filter: %v: %v", failed, filter)
	}
	return errnos
}

// agree compares the answers to some calls with those of the kernel.
func agree(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	filter := randomFilter(r)
	calls := make([][6]uint64, 5)
	for i := range calls {
		for n := range calls[i] {
			calls[i][n] = []uint64{0, 1, 1<<64 - 1, 1 << 32, r.Uint64(), r.Uint64N(64)}[r.IntN(6)]
		}
	}
	for i, want := range kernelAnswers(t, filter, calls) {
		answer, ok := SeccompAnswer(filter, tables.X86_64, noCall, &calls[i])
		if got := unix.Errno(answer &^ unix.SECCOMP_RET_ERRNO); !ok || got != want || answer&0xffff0000 != unix.SECCOMP_RET_ERRNO {
			t.Errorf("seed %d, call %x: %#x, %v, the kernel says %d: %v", seed, calls[i], answer, ok, want, filter)
		}
	}
}

// Our interpreter gives the same answers as the kernel. (go test -fuzz cannot build this
// package: its functions without a stack get too large.)
func TestSeccompAnswer(t *testing.T) {
	for seed := range uint64(1000) {
		agree(t, seed)
	}
}

// These filters are not given to the kernel: it would kill the thread, or refuse the
// filter.
func TestSeccompAnswerAtEdges(t *testing.T) {
	load := func(at uint32) bpf.RawInstruction {
		return bpf.RawInstruction{Op: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	allow := bpf.RawInstruction{Op: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW}
	returnA := bpf.RawInstruction{Op: unix.BPF_RET | unix.BPF_A}
	divide := bpf.RawInstruction{Op: unix.BPF_ALU | unix.BPF_DIV | unix.BPF_X}
	for name, tt := range map[string]struct {
		filter []bpf.RawInstruction
		want   uint32
		ok     bool
	}{
		"division by 0":           {[]bpf.RawInstruction{load(0), divide, allow}, 0, true},
		"instruction pointer":     {[]bpf.RawInstruction{load(offsetIP), allow}, 0, false},
		"its upper half":          {[]bpf.RawInstruction{load(offsetIP + 4), allow}, 0, false},
		"not asked for":           {[]bpf.RawInstruction{{Op: unix.BPF_JMP | unix.BPF_JA, K: 1}, load(offsetIP), allow}, unix.SECCOMP_RET_ALLOW, true},
		"architecture":            {[]bpf.RawInstruction{load(4), returnA}, unix.AUDIT_ARCH_I386, true},
		"behind the data":         {[]bpf.RawInstruction{load(64), allow}, 0, false},
		"in the middle of a word": {[]bpf.RawInstruction{load(2), allow}, 0, false},
		"no end":                  {[]bpf.RawInstruction{load(0)}, 0, false},
		"nothing":                 {nil, 0, false},
		"far away":                {[]bpf.RawInstruction{{Op: unix.BPF_JMP | unix.BPF_JA, K: 0xffffffff}, allow}, 0, false},
		"no such memory":          {[]bpf.RawInstruction{{Op: unix.BPF_ST, K: 16}, allow}, 0, false},
		"modulo":                  {[]bpf.RawInstruction{{Op: unix.BPF_ALU | unix.BPF_MOD, K: 3}, allow}, 0, false},
		"bytes":                   {[]bpf.RawInstruction{{Op: unix.BPF_LD | unix.BPF_IND}, allow}, 0, false},
	} {
		if got, ok := SeccompAnswer(tt.filter, tables.I386, 1, &[6]uint64{}); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %#x, %v, want %#x, %v", name, got, ok, tt.want, tt.ok)
		}
	}
}

// The interpreter ends for any filter.
func TestSeccompAnswerToAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		filter := make([]bpf.RawInstruction, r.IntN(40))
		for i := range filter {
			filter[i] = bpf.RawInstruction{Op: uint16(r.IntN(256)), Jt: uint8(r.IntN(40)), Jf: uint8(r.IntN(40)), K: r.Uint32N(70)}
		}
		if answer, ok := SeccompAnswer(filter, tables.X86_64, 1, &[6]uint64{1, 2, 3, 4, 5, 6}); !ok && answer != 0 {
			t.Errorf("%#x of a filter that has none: %v", answer, filter)
		}
	}
}
