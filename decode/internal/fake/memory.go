package fake

// HostileMemory is the memory of a hostile tracee. At every address below its end it
// repeats some pages of bytes that the fuzzer chose, so that pointers in it point into it
// again. It counts the reads.
type HostileMemory struct {
	Bytes []byte
	End   uint64
	Reads int
	Total int
}

func (m *HostileMemory) ReadMemory(addr uint64, b []byte) int {
	m.Reads++
	m.Total += len(b)
	if addr < 0x1000 || addr >= m.End || len(m.Bytes) == 0 {
		return 0
	}
	if left := m.End - addr; uint64(len(b)) > left {
		b = b[:left]
	}
	for i := range b {
		b[i] = m.Bytes[(addr+uint64(i))%uint64(len(m.Bytes))]
	}
	return len(b)
}

// Bounds of the cost of a single call, whatever the tracee has prepared. A vector of
// strings has at most maxStrings of them, see there.
const (
	MostReads = 1 << 16
	MostBytes = 64 << 20
)

// FakeMemory is a tracee's memory: bytes at addresses. Runs must not touch.
type FakeMemory map[uint64][]byte

func (m FakeMemory) ReadMemory(addr uint64, b []byte) int {
	for base, page := range m {
		if addr >= base && addr < base+uint64(len(page)) {
			return copy(b, page[addr-base:])
		}
	}
	return 0
}

// GuardedMemory is memory that notes whether anything beyond its end was read.
type GuardedMemory struct {
	Start  uint64
	B      []byte
	Beyond bool
}

func (m *GuardedMemory) ReadMemory(addr uint64, b []byte) int {
	end := m.Start + uint64(len(m.B))
	if addr < m.Start || addr >= end {
		m.Beyond = m.Beyond || addr >= end
		return 0
	}
	m.Beyond = m.Beyond || addr+uint64(len(b)) > end
	return copy(b, m.B[addr-m.Start:])
}
