package uring_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"trapline/decode"
	"trapline/decode/host"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/integration/jsonlines"
	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/tables"
)

// ringHost is a host on which descriptor 3 is a ring.
type ringHost struct {
	host.Unknown
	info string
	room uint64
}

func (*ringHost) Process(tid int) int { return tid }

func (h *ringHost) Ring(_, fd int) (host.Ring, bool) {
	return host.Ring{Inode: 7, Rings: ringAt, Entries: sqesAt, EntrySize: h.room}, fd == 3
}

func (h *ringHost) DescriptorInfo(b []byte, _, _ int) []byte { return b[:copy(b, h.info)] }

const ringAt, sqesAt = 0x10000, 0x20000

// ringMemory is a ring with 4 and 8 entries in which two requests wait, the first at index
// 1 and the second at an index that does not exist; and the same with a completion.
func ringMemory(old bool) (before, after FakeMemory) {
	rings := make([]byte, 4096)
	put := func(at int, v uint32) { binary.LittleEndian.PutUint32(rings[at:], v) }
	sizes, cqTail, cqes := 16, 12, 64
	put(4, 2)
	if old {
		put(4, 0)
		sizes, cqTail, cqes = 256, 192, 320
		put(64, 2)
	}
	for i, v := range []uint32{3, 7, 4, 8} {
		put(sizes+4*i, v)
	}
	put(cqes+16*8, 1)
	put(cqes+16*8+4, 9)
	sqes := make([]byte, 4096)
	sqes[64] = 22 // IORING_OP_READ
	binary.LittleEndian.PutUint64(sqes[64+32:], 5)
	before = FakeMemory{ringAt: append([]byte(nil), rings...), sqesAt: sqes}
	put(cqTail, 1)
	put(cqes, 5)
	put(cqes+8, 0xfffffff2) // -EFAULT
	return before, FakeMemory{ringAt: rings, sqesAt: sqes}
}

func TestRings(t *testing.T) {
	const request = "{opcode=IORING_OP_READ, flags=0, ioprio=0, fd=0, off=0, addr=0, len=0, rw_flags=0, user_data=0x5, buf_index=0, " +
		"personality=0, file_index=0, optval=0}"
	const completion = "{opcode=IORING_OP_READ, user_data=0x5, res=-EFAULT, flags=0}"
	for name, tt := range map[string]struct {
		old      bool
		fd       uint64
		submit   uint64
		flags    uint64
		info     string
		room     uint64
		sub, com string
	}{
		"now":                  {submit: 2, sub: "[" + request + ", ?]", com: "[" + completion + "]"},
		"before":               {old: true, submit: 2, sub: "[" + request + ", ?]", com: "[" + completion + "]"},
		"some":                 {submit: 1, sub: "[" + request + "]", com: "[" + completion + "]"},
		"more than there are":  {submit: 1 << 31, sub: "[" + request + ", ?]", com: "[" + completion + "]"},
		"none":                 {submit: 0, sub: "[]", com: "[{user_data=0x5, res=-EFAULT, flags=0}]"},
		"no ring":              {fd: 4, submit: 2, sub: "?", com: "?"},
		"registered":           {flags: 1 << 4, submit: 2, sub: "?", com: "?"},
		"mapping too small":    {room: 64, submit: 1, sub: "[?]", com: "[{user_data=0x5, res=-EFAULT, flags=0}]"},
		"thread of the kernel": {info: "SqThread:\t77\n", submit: 2, sub: "[]", com: "[{user_data=0x5, res=-EFAULT, flags=0}]"},
		"listed":               {info: "x:\t1\nSQEs:\t1\n    1: opcode:READ, user_data:5, e0:0\nCQEs:\t0\n", submit: 1, sub: "[" + request + "]", com: "[" + completion + "]"},
		"listed otherwise":     {info: "x:\t1\nSQEs:\t1\n    1: opcode:READ, user_data:6\n", submit: 1, sub: "?", com: "?"},
		"not listed":           {info: "x:\t1\nSQEs:\t2\nCQEs:\t0\n", room: 4096, submit: 1, sub: "?", com: "?"},
	} {
		before, after := ringMemory(tt.old)
		fd := tt.fd
		if fd == 0 {
			fd = 3
		}
		s := Named(t, tables.X86_64, "io_uring_enter", fd, tt.submit, 0, tt.flags)
		s.Mem, s.After, s.Ret, s.Host, s.Traits = before, after, 1, &ringHost{info: tt.info, room: tt.room}, decode.Options{Rings: true}
		if got, want := s.Text(t), "NULL, 0, "+tt.sub+", "+tt.com+") = 1"; !strings.HasSuffix(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
		s.Traits = decode.Options{}
		if got := s.Text(t); !strings.HasSuffix(got, "NULL, 0) = 1") {
			t.Errorf("%s without --io-uring: %s", name, got)
		}
	}
}

// FuzzRings shows rings with arbitrary contents: each must end soon and give one line of
// valid JSON.
func FuzzRings(f *testing.F) {
	for _, old := range []bool{false, true} {
		before, after := ringMemory(old)
		f.Add(before[ringAt], after[ringAt], before[sqesAt], uint64(2), "SQEs:\t1\n 0: user_data:5\n", uint64(0))
		f.Add(before[ringAt], after[ringAt], before[sqesAt], uint64(1<<32-1), "", uint64(4096))
	}
	f.Fuzz(func(t *testing.T, rings, later, sqes []byte, submit uint64, info string, room uint64) {
		s := Named(t, tables.X86_64, "io_uring_enter", 3, submit)
		s.Mem, s.After = FakeMemory{ringAt: rings, sqesAt: sqes}, FakeMemory{ringAt: later, sqesAt: sqes}
		s.Host, s.Traits = &ringHost{info: info, room: room}, decode.Options{Rings: true}
		line := s.Record(t, output.Options{Format: jsonformat.Format})
		if err := jsonlines.Check(line); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		if len(line) > 1<<20 {
			t.Errorf("a line of %d bytes", len(line))
		}
	})
}
