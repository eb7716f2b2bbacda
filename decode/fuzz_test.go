package decode_test

import (
	"testing"

	"trapline/decode"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/integration/jsonlines"
	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/tables"
)

// FuzzCall decodes any call with any arguments and any memory: decoding must end soon and
// write one line of valid JSON.
func FuzzCall(f *testing.F) {
	pointers := []byte{0x10, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0}
	last := uint32(0)
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		for row := range tables.Syscalls(abi) {
			last = max(last, row.NR)
		}
	}
	for nr := range uint16(last + 9) { // and some numbers without a call
		f.Add(false, nr, uint64(3), uint64(0x1010), uint64(0x1020), uint64(0x1010), uint64(8), uint64(0x1030), pointers, uint16(0), int64(1))
		f.Add(true, nr, uint64(0x1010), uint64(0x1018), uint64(1<<32-1), uint64(0x1010), uint64(1<<31), uint64(0x1030), pointers, uint16(0), int64(16))
		f.Add(nr%2 == 0, nr, uint64(1<<63), uint64(0xffff), uint64(0x1010), uint64(1<<63), uint64(0x1010), uint64(1<<64-1), pointers, uint16(0x1800), int64(-1))
	}
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		nr := uint16(tables.ByName(abi, "ioctl").NR)
		for _, op := range decode.DescribedIoctls(abi) {
			for _, end := range []uint16{0x20, 0x800} {
				f.Add(abi == tables.I386, nr, uint64(3), uint64(op), uint64(0x1010), uint64(0), uint64(0), uint64(0), pointers, end, int64(16))
			}
		}
	}
	f.Fuzz(func(t *testing.T, i386 bool, nr uint16, a, b, c, d, e, g uint64, memory []byte, end uint16, ret int64) {
		memory = memory[:min(len(memory), 4096)]
		s := Sample{Abi: tables.X86_64, Nr: uint64(nr), Args: [6]uint64{a, b, c, d, e, g}, Ret: ret}
		if i386 {
			s.Abi = tables.I386
			for i := range s.Args {
				s.Args[i] &= 1<<32 - 1
			}
			s.Ret = int64(int32(ret))
		}
		if s.Ret < 0 && s.Ret > -4096 {
			s.Errno = int(-s.Ret)
		}
		for _, looks := range []output.Options{{}, {Format: jsonformat.Format}} {
			m := &HostileMemory{Bytes: memory, End: 0x1000 + uint64(end)}
			s.Mem = m
			s.Full = looks.Format == jsonformat.Format
			line := s.Record(t, looks)
			if m.Reads > MostReads || m.Total > MostBytes {
				t.Errorf("%d reads, %d bytes for %.300s", m.Reads, m.Total, line)
			}
			if looks.Format == jsonformat.Format {
				if err := jsonlines.Check(line); err != nil {
					t.Errorf("%v: %s", err, line)
				}
			}
		}
	})
}
