//go:build linux && amd64

package tracer

import (
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"trapline/tables"
)

// SeccompFilters returns the filters of a stopped tracee, the oldest first. It returns false
// if the tracee has none, or if the tracer may not read them: that requires CAP_SYS_ADMIN and
// a tracer without filters.
func (tr *Tracee) SeccompFilters() ([][]bpf.RawInstruction, bool) {
	const getFilter = 0x420c // PTRACE_SECCOMP_GET_FILTER, which takes the number of a filter
	var all [][]bpf.RawInstruction
	code := make([]unix.SockFilter, maxFilter)
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, getFilter, uintptr(tr.TID), uintptr(len(all)), uintptr(unsafe.Pointer(&code[0])), 0, 0)
		if errno == unix.ENOENT && len(all) > 0 {
			return all, true
		}
		if errno != 0 || int(n) > len(code) {
			return nil, false
		}
		filter := make([]bpf.RawInstruction, n)
		for i := range filter {
			filter[i] = bpf.RawInstruction{Op: code[i].Code, Jt: code[i].Jt, Jf: code[i].Jf, K: code[i].K}
		}
		all = append(all, filter)
	}
}

// SeccompAnswer returns the answer of a filter to a call, such as SECCOMP_RET_ERRNO, with its
// data. It returns false if the filter checks the instruction pointer, which is not among the
// arguments.
func SeccompAnswer(filter []bpf.RawInstruction, abi tables.ABI, nr uint64, args *[6]uint64) (answer uint32, ok bool) {
	arch := uint32(unix.AUDIT_ARCH_X86_64)
	if abi == tables.I386 {
		arch = unix.AUDIT_ARCH_I386
	}
	data := [seccompData / 4]uint32{uint32(nr), arch}
	for i, a := range args {
		data[4+2*i], data[5+2*i] = uint32(a), uint32(a>>32)
	}
	m := filterMachine{data: &data}
	for pc := 0; uint(pc) < uint(len(filter)); pc++ {
		i := &filter[pc]
		if i.Op&classMask == unix.BPF_RET {
			if i.Op&unix.BPF_A != 0 {
				return m.a, true
			}
			return i.K, true
		}
		skip, ok := m.step(i)
		switch {
		case m.ended:
			return 0, true
		case !ok || skip >= len(filter):
			return 0, false
		}
		pc += skip
	}
	return 0, false
}

const (
	seccompData = 64 // size in bytes of struct seccomp_data
	classMask   = 0x07
)

// filterMachine runs the instructions that seccomp allows in filters (kernel/seccomp.c). They
// are those of classic BPF, except that loads read words of struct seccomp_data.
type filterMachine struct {
	data   *[seccompData / 4]uint32
	a, x   uint32
	memory [unix.BPF_MEMWORDS]uint32
	ended  bool // a division by 0 has ended the filter with the answer 0
}

// step runs an instruction, and returns how many instructions to skip. It returns false if it
// does not know what the kernel does.
func (m *filterMachine) step(i *bpf.RawInstruction) (skip int, ok bool) {
	switch i.Op & classMask {
	case unix.BPF_LD:
		m.a, ok = m.load(i)
	case unix.BPF_LDX:
		m.x, ok = m.load(i)
	case unix.BPF_ST:
		ok = m.store(i.K, m.a)
	case unix.BPF_STX:
		ok = m.store(i.K, m.x)
	case unix.BPF_ALU:
		ok = m.compute(i)
	case unix.BPF_JMP:
		return m.jump(i)
	case unix.BPF_MISC:
		const toA = 0x80 // BPF_TXA, otherwise BPF_TAX
		if ok = true; i.Op&0xf8 == toA {
			m.a = m.x
		} else {
			m.x = m.a
		}
	}
	return 0, ok
}

func (m *filterMachine) load(i *bpf.RawInstruction) (v uint32, ok bool) {
	const mode = 0xe0
	switch i.Op & mode {
	case unix.BPF_ABS:
		if i.K == offsetIP || i.K == offsetIP+4 || i.K%4 != 0 || i.K >= seccompData {
			return 0, false
		}
		return m.data[i.K/4], true
	case unix.BPF_LEN:
		return seccompData, true
	case unix.BPF_IMM:
		return i.K, true
	case unix.BPF_MEM:
		if i.K < unix.BPF_MEMWORDS {
			return m.memory[i.K], true
		}
	}
	return 0, false
}

func (m *filterMachine) store(at, v uint32) bool {
	if at >= unix.BPF_MEMWORDS {
		return false
	}
	m.memory[at] = v
	return true
}

// operand returns the constant of the instruction or X.
func (m *filterMachine) operand(i *bpf.RawInstruction) uint32 {
	if i.Op&unix.BPF_X != 0 {
		return m.x
	}
	return i.K
}

const operation = 0xf0 // for BPF_ALU and BPF_JMP

func (m *filterMachine) compute(i *bpf.RawInstruction) bool {
	v := m.operand(i)
	switch i.Op & operation {
	case unix.BPF_ADD:
		m.a += v
	case unix.BPF_SUB:
		m.a -= v
	case unix.BPF_MUL:
		m.a *= v
	case unix.BPF_DIV:
		if v == 0 {
			m.ended = true
			return true
		}
		m.a /= v
	case unix.BPF_AND:
		m.a &= v
	case unix.BPF_OR:
		m.a |= v
	case unix.BPF_XOR:
		m.a ^= v
	case unix.BPF_LSH:
		m.a <<= v % 32 // the processor uses the same bits of the count
	case unix.BPF_RSH:
		m.a >>= v % 32
	case unix.BPF_NEG:
		m.a = -m.a
	default:
		return false
	}
	return true
}

func (m *filterMachine) jump(i *bpf.RawInstruction) (skip int, ok bool) {
	v, holds := m.operand(i), false
	switch i.Op & operation {
	case unix.BPF_JA:
		return int(i.K), true
	case unix.BPF_JEQ:
		holds = m.a == v
	case unix.BPF_JGT:
		holds = m.a > v
	case unix.BPF_JGE:
		holds = m.a >= v
	case unix.BPF_JSET:
		holds = m.a&v != 0
	default:
		return 0, false
	}
	if holds {
		return int(i.Jt), true
	}
	return int(i.Jf), true
}
