package socketcall

import (
	"encoding/binary"
	"slices"
	"testing"

	"trapline/tables"
)

// hostile is memory that returns any part of its bytes, and may report another
// count.
type hostile struct {
	bytes  []byte
	claims int // the count that it reports, if not 0
	reads  []read
}

type read struct {
	addr uint64
	size int
}

func (m *hostile) ReadMemory(addr uint64, b []byte) int {
	m.reads = append(m.reads, read{addr, len(b)})
	n := copy(b, m.bytes)
	if m.claims != 0 {
		return m.claims
	}
	return n
}

// FuzzSplit splits any call with any registers and any memory. Split reads at
// most once, at the call's address and no more than the call needs. Its result
// comes from there or from the registers, never from a previous call.
func FuzzSplit(f *testing.F) {
	words := binary.LittleEndian.AppendUint64(nil, 0xfffffffe_00000001)
	words = slices.Concat(words, words, words)
	for number := range uint64(26) {
		for _, nr := range []uint64{nrSocketcall, nrIPC} {
			f.Add(uint8(tables.I386), nr, number, uint64(0x1000), uint64(2), uint64(3), uint64(4), uint64(5), words, 0)
			f.Add(uint8(tables.I386), nr, number|1<<16|1<<40, uint64(1<<32-1), uint64(1<<63), uint64(1<<64-1), uint64(1<<32), uint64(0), words[:7], 0)
			f.Add(uint8(tables.I386), nr, number, uint64(0), uint64(1), uint64(2), uint64(0), uint64(0), words, 1<<20)
			f.Add(uint8(tables.I386), nr, number, uint64(1), uint64(1), uint64(2), uint64(0), uint64(0), words, -1)
			f.Add(uint8(tables.X86_64), nr, number, uint64(1), uint64(1), uint64(2), uint64(0), uint64(0), words, 0)
		}
	}
	var used Splitter
	f.Fuzz(func(t *testing.T, abi uint8, nr, a, b, c, d, e, g uint64, memory []byte, claims int) {
		regs := [6]uint64{a, b, c, d, e, g}
		mem := &hostile{bytes: memory, claims: claims}
		call := used.Split(tables.ABI(abi), nr, &regs, mem)
		again := new(Splitter).Split(tables.ABI(abi), nr, &regs, &hostile{bytes: memory, claims: claims})
		if (call == nil) != (again == nil) {
			t.Fatal("the previous call changes the result")
		}
		if len(mem.reads) > 1 {
			t.Errorf("reads: %v", mem.reads)
		}
		if call == nil {
			if tables.ABI(abi) == tables.I386 && nr == nrIPC && ipcSub(uint32(a)&0xffff) != nil {
				t.Errorf("call %#x of ipc was not found", a)
			}
			return
		}
		if tables.ABI(abi) != tables.I386 || nr != uint64(call.Outer.NR) || uint64(call.Number) != call.Via.Call {
			t.Errorf("call %d of ABI %d is %s of %s", nr, abi, call.Name, call.Outer.Name)
		}
		if call.Sub != again.Sub || call.Form != again.Form || call.Args != again.Args || !slices.Equal(call.Via.Raw, again.Via.Raw) {
			t.Errorf("%+v after other calls, %+v alone", call, again)
		}
		for i, v := range call.Args {
			if v > 1<<32-1 || i >= call.Sub.Args && v != 0 {
				t.Errorf("%s: argument %d is %#x", call.Name, i, v)
			}
		}
		if call.Outer == &socketcall {
			if want := (read{uint64(uint32(b)), 4 * call.Sub.Args}); !slices.Equal(mem.reads, []read{want}) {
				t.Errorf("%s: reads %v, want %v", call.Name, mem.reads, want)
			}
			if claims == 0 && len(memory) < 4*call.Sub.Args {
				t.Errorf("%s has %d arguments in %d bytes", call.Name, call.Sub.Args, len(memory))
			}
			if !slices.Equal(call.Via.Raw, call.Args[:call.Sub.Args]) || call.Via.ArgsAddr != uint64(uint32(b)) {
				t.Errorf("%s: %v by %+v", call.Name, call.Args, call.Via)
			}
			return
		}
		for _, r := range mem.reads {
			if want := (read{uint64(uint32(e)), 8}); r != want || call.Name != "msgrcv" {
				t.Errorf("%s: reads %v", call.Name, r)
			}
		}
		for i, v := range call.Via.Raw {
			if v != uint64(uint32(regs[i+1])) {
				t.Errorf("%s: raw %v of registers %v", call.Name, call.Via.Raw, regs)
			}
		}
	})
}
