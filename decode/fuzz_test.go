package decode

import (
	"encoding/json"
	"testing"

	"trapline/output"
	"trapline/tables"
)

// hostileMemory is the memory of a tracee that wishes its tracer ill: some pages
// of bytes that the fuzzer chose at every address below its end, so that
// pointers in it point into it again. It counts what is asked of it.
type hostileMemory struct {
	bytes []byte
	end   uint64
	reads int
	total int
}

func (m *hostileMemory) ReadMemory(addr uint64, b []byte) int {
	m.reads++
	m.total += len(b)
	if addr < 0x1000 || addr >= m.end || len(m.bytes) == 0 {
		return 0
	}
	if left := m.end - addr; uint64(len(b)) > left {
		b = b[:left]
	}
	for i := range b {
		b[i] = m.bytes[(addr+uint64(i))%uint64(len(m.bytes))]
	}
	return len(b)
}

// Bounds of what a single call may cost, whatever the tracee has prepared. A
// vector of strings has at most maxStrings of them, see there.
const (
	mostReads = 1 << 16
	mostBytes = 64 << 20
)

// FuzzCall decodes any call with any arguments and any memory: it must come to
// an end soon, and write one line of valid JSON.
func FuzzCall(f *testing.F) {
	pointers := []byte{0x10, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0}
	last := uint32(0)
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		for row := range tables.Syscalls(abi) {
			last = max(last, row.NR)
		}
	}
	for nr := range uint16(last + 9) { // and some that are no call's
		f.Add(false, nr, uint64(3), uint64(0x1010), uint64(0x1020), uint64(0x1010), uint64(8), uint64(0x1030), pointers, uint16(0), int64(1))
		f.Add(true, nr, uint64(0x1010), uint64(0x1018), uint64(1<<32-1), uint64(0x1010), uint64(1<<31), uint64(0x1030), pointers, uint16(0), int64(16))
		f.Add(nr%2 == 0, nr, uint64(1<<63), uint64(0xffff), uint64(0x1010), uint64(1<<63), uint64(0x1010), uint64(1<<64-1), pointers, uint16(0x1800), int64(-1))
	}
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		nr := uint16(tables.ByName(abi, "ioctl").NR)
		for _, op := range describedIoctls(abi) {
			for _, end := range []uint16{0x20, 0x800} {
				f.Add(abi == tables.I386, nr, uint64(3), uint64(op), uint64(0x1010), uint64(0), uint64(0), uint64(0), pointers, end, int64(16))
			}
		}
	}
	f.Fuzz(func(t *testing.T, i386 bool, nr uint16, a, b, c, d, e, g uint64, memory []byte, end uint16, ret int64) {
		memory = memory[:min(len(memory), 4096)]
		s := sample{abi: tables.X86_64, nr: uint64(nr), args: [6]uint64{a, b, c, d, e, g}, ret: ret}
		if i386 {
			s.abi = tables.I386
			for i := range s.args {
				s.args[i] &= 1<<32 - 1
			}
			s.ret = int64(int32(ret))
		}
		if s.ret < 0 && s.ret > -4096 {
			s.errno = int(-s.ret)
		}
		for _, looks := range []output.Options{{}, {JSON: true}} {
			m := &hostileMemory{bytes: memory, end: 0x1000 + uint64(end)}
			s.mem = m
			s.full = looks.JSON
			line := s.record(t, looks)
			if m.reads > mostReads || m.total > mostBytes {
				t.Errorf("%d reads, %d bytes for %.300s", m.reads, m.total, line)
			}
			if looks.JSON && !json.Valid([]byte(line)) {
				t.Errorf("invalid JSON: %s", line)
			}
		}
	})
}
