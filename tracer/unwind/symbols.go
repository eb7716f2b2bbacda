//go:build linux && amd64

package unwind

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"slices"
)

// symbols are the functions of a file by address.
type symbols struct {
	list    []symbol
	reach   []uint64 // the highest end in list[:i+1]
	strings []byte
}

type symbol struct {
	addr, size uint64
	name       uint32 // offset in strings
	rank       uint32 // of several symbols at one address, the one with the highest rank is used
}

// maxSymbols bounds how many symbols of a file are read.
const maxSymbols = 1 << 22

// readSymbols reads a symbol table and its string table.
func readSymbols(table, strings []byte, class elf.Class) symbols {
	s := symbols{strings: strings}
	size := elf.Sym64Size
	if class == elf.ELFCLASS32 {
		size = elf.Sym32Size
	}
	order := binary.LittleEndian
	table = table[:min(len(table), maxSymbols*size)]
	for i := uint32(0); len(table) >= size; table, i = table[size:], i+1 {
		x := symbol{rank: maxSymbols - 1 - i} // prefer the first one in the table
		var info uint8
		var section elf.SectionIndex
		x.name = order.Uint32(table)
		if class == elf.ELFCLASS32 {
			x.addr, x.size = uint64(order.Uint32(table[4:])), uint64(order.Uint32(table[8:]))
			info, section = table[12], elf.SectionIndex(order.Uint16(table[14:]))
		} else {
			info, section = table[4], elf.SectionIndex(order.Uint16(table[6:]))
			x.addr, x.size = order.Uint64(table[8:]), order.Uint64(table[16:])
		}
		switch elf.ST_TYPE(info) {
		case elf.STT_FUNC, elf.STT_GNU_IFUNC, elf.STT_NOTYPE:
		default:
			continue
		}
		if section == elf.SHN_UNDEF || section == elf.SHN_ABS || x.name == 0 {
			continue
		}
		switch elf.ST_BIND(info) {
		case elf.STB_GLOBAL:
			x.rank += 2 * maxSymbols
		case elf.STB_WEAK:
			x.rank += maxSymbols
		}
		s.list = append(s.list, x)
	}
	slices.SortFunc(s.list, func(a, b symbol) int {
		return cmp.Or(cmp.Compare(a.addr, b.addr), cmp.Compare(a.rank, b.rank))
	})
	s.reach = make([]uint64, len(s.list))
	var reach uint64
	for i := range s.list {
		reach = max(reach, s.list[i].end())
		s.reach[i] = reach
	}
	return s
}

// end is the address after the function. A function without a size, from
// assembly, ends where the next one begins, which find handles.
func (x *symbol) end() uint64 { return x.addr + x.size }

// find returns the name of the function at addr, and the distance from its
// start.
func (s *symbols) find(addr uint64) (name string, offset uint64) {
	last := s.before(addr)
	if last < 0 {
		return "", 0
	}
	for i := last; i >= 0 && s.reach[i] > addr; i-- {
		if x := &s.list[i]; addr < x.end() {
			return s.name(x), addr - x.addr
		}
	}
	if x := &s.list[last]; x.size == 0 {
		return s.name(x), addr - x.addr
	}
	return "", 0
}

// before returns the index of the last symbol at or before addr, or -1.
func (s *symbols) before(addr uint64) int {
	i, _ := slices.BinarySearchFunc(s.list, addr, func(x symbol, addr uint64) int {
		if x.addr <= addr {
			return -1
		}
		return 1
	})
	return i - 1
}

// maxName bounds the length of a name, in bytes; C++ names can be very long.
const maxName = 4096

func (s *symbols) name(x *symbol) string {
	if uint64(x.name) >= uint64(len(s.strings)) {
		return ""
	}
	name := s.strings[x.name:]
	name = name[:min(len(name), maxName)]
	if end := bytes.IndexByte(name, 0); end >= 0 {
		name = name[:end]
	}
	return string(name)
}
