//go:build linux && amd64

package unwind

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
)

// testSymbol is a line of a symbol table.
type testSymbol struct {
	name       string
	addr, size uint64
	bind       elf.SymBind
	kind       elf.SymType
	section    elf.SectionIndex
}

func TestSymbols(t *testing.T) {
	list := []testSymbol{
		{"first", 0x1000, 0x20, elf.STB_LOCAL, elf.STT_FUNC, 1},
		{"weak", 0x1040, 0x20, elf.STB_WEAK, elf.STT_FUNC, 1},
		{"global", 0x1040, 0x20, elf.STB_GLOBAL, elf.STT_FUNC, 1},
		{"global_too", 0x1040, 0x20, elf.STB_GLOBAL, elf.STT_FUNC, 1},
		{"local", 0x1040, 0x20, elf.STB_LOCAL, elf.STT_FUNC, 1},
		{"inside", 0x1048, 8, elf.STB_LOCAL, elf.STT_FUNC, 1},
		{"label", 0x1080, 0, elf.STB_LOCAL, elf.STT_NOTYPE, 1},
		{"data", 0x1090, 8, elf.STB_GLOBAL, elf.STT_OBJECT, 1},
		{"elsewhere", 0x1098, 8, elf.STB_GLOBAL, elf.STT_FUNC, elf.SHN_UNDEF},
		{"absolute", 0x10a0, 8, elf.STB_GLOBAL, elf.STT_NOTYPE, elf.SHN_ABS},
		{"indirect", 0x10c0, 8, elf.STB_GLOBAL, elf.STT_GNU_IFUNC, 1},
		{"huge", 0x1100, 1<<64 - 1, elf.STB_GLOBAL, elf.STT_FUNC, 1},
	}
	var wide, narrow bytes.Buffer
	names := []byte{0}
	for _, s := range list {
		name, info := uint32(len(names)), elf.ST_INFO(s.bind, s.kind)
		names = append(append(names, s.name...), 0)
		binary.Write(&wide, order, elf.Sym64{Name: name, Info: info, Shndx: uint16(s.section), Value: s.addr, Size: s.size})
		binary.Write(&narrow, order, elf.Sym32{Name: name, Info: info, Shndx: uint16(s.section), Value: uint32(s.addr), Size: uint32(s.size)})
	}
	for _, table := range []symbols{
		readSymbols(append(wide.Bytes(), 1, 2, 3), names, elf.ELFCLASS64),
		readSymbols(append(narrow.Bytes(), 1, 2, 3), names, elf.ELFCLASS32),
	} {
		for _, tt := range []struct {
			addr   uint64
			name   string
			offset uint64
		}{
			{0xfff, "", 0},
			{0x1000, "first", 0},
			{0x101f, "first", 0x1f},
			{0x1020, "", 0},
			{0x1040, "global", 0},
			{0x1047, "global", 7},
			{0x1048, "inside", 0},
			{0x1050, "global", 0x10},
			{0x1060, "", 0},
			{0x1080, "label", 0},
			{0x10bf, "label", 0x3f},
			{0x10c7, "indirect", 7},
			{0x10c8, "", 0},
		} {
			if name, offset := table.find(tt.addr); name != tt.name || offset != tt.offset {
				t.Errorf("%#x: %s+%#x, want %s+%#x", tt.addr, name, offset, tt.name, tt.offset)
			}
		}
	}
	long := append(bytes.Repeat([]byte{'x'}, maxName+1), 0)
	s := symbols{strings: long}
	if name := s.name(&symbol{}); len(name) != maxName {
		t.Errorf("a name of %d bytes", len(name))
	}
	if name := s.name(&symbol{name: 1 << 30}); name != "" {
		t.Errorf("%q from behind the strings", name)
	}
}
