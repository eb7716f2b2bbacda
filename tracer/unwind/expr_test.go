//go:build linux && amd64

package unwind

import "testing"

func TestExpressions(t *testing.T) {
	const bias = 0x70000000
	mem := &pages{mem: memory{0x9000: words(0x1122334455667788, 0x42)}}
	regs := registers{machine: &amd64}
	regs.set(7, 0x9008)
	regs.set(16, 0x101a)
	for _, tt := range []struct {
		expr string
		want uint64
		ok   bool
	}{
		{"", 5, true}, // the initial value on the stack
		{"\x30", 0, true},
		{"\x4f", 31, true},
		{"\x03\x34\x12\x00\x00\x00\x00\x00\x00", bias + 0x1234, true},
		{"\x08\xff", 255, true},
		{"\x09\xff", 1<<64 - 1, true},
		{"\x0a\xff\xff", 0xffff, true},
		{"\x0b\xfe\xff", 1<<64 - 2, true},
		{"\x0c\xff\xff\xff\xff", 1<<32 - 1, true},
		{"\x0d\xff\xff\xff\xff", 1<<64 - 1, true},
		{"\x0e\x01\x00\x00\x00\x00\x00\x00\x80", 1<<63 + 1, true},
		{"\x10\x80\x01", 128, true},
		{"\x11\x7f", 1<<64 - 1, true},
		{"\x77\x78\x06", 0x1122334455667788, true}, // breg7 -8, deref
		{"\x77\x78\x94\x02", 0x7788, true},         // deref_size 2
		{"\x92\x07\x00\x06", 0x42, true},           // bregx 7 0, deref
		{"\x32\x33\x12\x22", 6, true},              // 2 3 dup plus
		{"\x32\x33\x13", 2, true},                  // drop
		{"\x32\x33\x14\x1c", 1, true},              // 2 3 over minus
		{"\x32\x33\x34\x15\x02", 2, true},          // pick 2
		{"\x32\x33\x16\x1c", 1, true},              // swap minus
		{"\x31\x32\x33\x17", 2, true},              // rot: 3 1 2
		{"\x31\x32\x33\x17\x13", 1, true},          //
		{"\x09\xfb\x19", 5, true},                  // abs
		{"\x09\xfb\x1f", 5, true},                  // neg
		{"\x30\x20", 1<<64 - 1, true},              // not
		{"\x3c\x3a\x1a", 8, true},                  // 12 10 and
		{"\x3c\x3a\x21", 14, true},                 // or
		{"\x3c\x3a\x27", 6, true},                  // xor
		{"\x09\xf9\x32\x1b", 1<<64 - 3, true},      // -7 / 2
		{"\x37\x34\x1d", 3, true},                  // 7 mod 4
		{"\x37\x34\x1e", 28, true},                 // mul
		{"\x37\x23\x80\x01", 135, true},            // plus_uconst
		{"\x31\x34\x24", 16, true},                 // shl
		{"\x09\xf0\x34\x26", 1<<64 - 1, true},      // -16 >> 4
		{"\x09\xf0\x08\x3c\x25", 15, true},         // logical
		{"\x31\x08\xff\x24", 0, true},              // 1 << 255
		{"\x09\xff\x31\x2d", 1, true},              // -1 < 1
		{"\x09\xff\x31\x2b", 0, true},              // -1 > 1
		{"\x31\x31\x2a", 1, true},
		{"\x31\x31\x2c", 1, true},
		{"\x31\x31\x29", 1, true},
		{"\x31\x31\x2e", 0, true},
		{"\x31\x28\x01\x00\x39\x96", 5, true},     // bra over a literal
		{"\x30\x28\x01\x00\x39\x96", 9, true},     // not taken
		{"\x2f\x01\x00\x39\x32", 2, true},         // skip
		{"\x33\x31\x1c\x12\x28\xfa\xff", 0, true}, // 3, minus 1 until 0
		// An entry of a PLT: rsp plus 8, and 8 more from its second instruction on.
		{"\x77\x08\x80\x00\x3f\x1a\x3b\x2a\x33\x24\x22", 0x9010, true},

		{"\x13\x13", 0, false},                 // too little
		{"\x31\x30\x1b", 0, false},             // division by zero
		{"\x31\x30\x1d", 0, false},             //
		{"\x15\x07", 0, false},                 // pick from below the stack
		{"\x70\x00", 0, false},                 // a register that is not known
		{"\x92\x80\x80\x80\x10\x00", 0, false}, // one that does not exist
		{"\x30\x06", 0, false},                 // not readable
		{"\x77\x78\x94\x09", 0, false},         // too wide
		{"\x77", 0, false},                     // cut
		{"\x2f\xff\x7f", 0, false},             // beyond the end
		{"\x2f\xf0\xff", 0, false},             // before the start
		{"\x2f\xfd\xff", 0, false},             // for ever
		{"\x12\x2f\xfc\xff", 0, false},         // until the stack is full
		{"\x97", 0, false},                     // push_object_address
	} {
		work := 1000
		e := evaluator{regs: &regs, mem: mem, bias: bias, work: &work}
		if v, ok := e.evaluate([]byte(tt.expr), 5); ok != tt.ok || ok && v != tt.want {
			t.Errorf("%x: %#x, %v; want %#x, %v", tt.expr, v, ok, tt.want, tt.ok)
		}
	}

	narrow := registers{machine: &i386}
	work := 1000
	e := evaluator{regs: &narrow, mem: mem, work: &work}
	for expr, want := range map[string]uint64{
		"\x09\xff":                     1<<32 - 1,
		"\x09\xff\x31\x2d":             1,
		"\x09\xff\x31\x22":             0,
		"\x0c\x00\x00\x00\x80\x34\x26": 0xf8000000,
		"\x0c\x00\x00\x00\x80\x34\x25": 0x08000000,
	} {
		if v, ok := e.evaluate([]byte(expr)); !ok || v != want {
			t.Errorf("i386: %x: %#x, %v; want %#x", expr, v, ok, want)
		}
	}
}
