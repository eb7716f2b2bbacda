//go:build linux && amd64

package unwind

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
)

var order = binary.LittleEndian

// The function that the tests' call frame information is about, and where that lies.
const (
	funcStart = 0x1000
	funcSize  = 0x100
	ehAddr    = 0x5000
)

// entryBytes puts the length of a CIE or FDE in front of it.
func entryBytes(body []byte) []byte {
	return append(order.AppendUint32(nil, uint32(len(body))), body...)
}

// cieBytes makes a CIE of .eh_frame for x86-64: code alignment 1, data alignment -8,
// return address in 16.
func cieBytes(augmentation string, data []byte, program ...byte) []byte {
	b := order.AppendUint32(nil, 0)
	b = append(b, 1)
	b = append(append(b, augmentation...), 0)
	b = append(b, 1, 0x78, 16)
	if augmentation != "" {
		b = append(append(b, byte(len(data))), data...)
	}
	return entryBytes(append(b, program...))
}

// fdeBytes makes an FDE of .eh_frame, behind what there is of the section, whose CIE
// is at its start and has encPCRelative|encS4.
func fdeBytes(section []byte, start, size uint32, program ...byte) []byte {
	at := len(section)
	b := order.AppendUint32(nil, uint32(at+4))
	b = order.AppendUint32(b, start-(ehAddr+uint32(at)+8))
	b = order.AppendUint32(b, size)
	b = append(b, 0) // augmentation data
	return append(section, entryBytes(append(b, program...))...)
}

// The rules at the start of a function: CFA is rsp+8, and the return address lies below.
var atStart = []byte{cfaDefCFA, 7, 8, cfaOffset | 16, 1}

// frames makes a .eh_frame with one function.
func frames(program ...byte) callFrames {
	b := cieBytes("zR", []byte{encPCRelative | encS4}, atStart...)
	return callFrames{data: fdeBytes(b, funcStart, funcSize, program...), addr: ehAddr, eh: true, word: 8}
}

// tinyELF makes an ELF file with a code segment at the address 0x1000, of 0x200 bytes,
// and the given sections.
func tinyELF(sections map[string][]byte) []byte {
	names := []byte{0}
	order := binary.LittleEndian
	var body bytes.Buffer
	const headers = 64 + 56
	body.Write(make([]byte, 0x200)) // the code
	headersOf := []elf.Section64{{}}
	add := func(name string, kind elf.SectionType, addr uint64, link uint32, data []byte) {
		headersOf = append(headersOf, elf.Section64{
			Name: uint32(len(names)), Type: uint32(kind), Addr: addr, Off: uint64(headers + body.Len()), Size: uint64(len(data)), Link: link,
		})
		names = append(append(names, name...), 0)
		body.Write(data)
	}
	add(".strtab", elf.SHT_STRTAB, 0, 0, sections[".strtab"])
	delete(sections, ".strtab")
	var sorted []string
	for name := range sections {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		switch name {
		case ".symtab":
			add(name, elf.SHT_SYMTAB, 0, 1, sections[name])
		case ".eh_frame":
			add(name, elf.SHT_PROGBITS, ehAddr, 0, sections[name])
		default:
			add(name, elf.SHT_PROGBITS, 0, 0, sections[name])
		}
	}
	add(".shstrtab", elf.SHT_STRTAB, 0, 0, nil)
	last := &headersOf[len(headersOf)-1]
	last.Size = uint64(len(names))
	body.Write(names)

	h := elf.Header64{
		Type: uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: 64, Phoff: 64, Phentsize: 56, Phnum: 1,
		Shoff: uint64(headers + body.Len()), Shentsize: 64, Shnum: uint16(len(headersOf)), Shstrndx: uint16(len(headersOf) - 1),
	}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	p := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Off: headers, Vaddr: 0x1000, Filesz: 0x200, Memsz: 0x200,
	}
	var file bytes.Buffer
	binary.Write(&file, order, h)
	binary.Write(&file, order, p)
	file.Write(body.Bytes())
	binary.Write(&file, order, headersOf)
	return file.Bytes()
}

// memory is memory for tests: pieces by address, and zeros around them.
type memory map[uint64][]byte

func (m memory) ReadMemory(addr uint64, b []byte) int {
	clear(b)
	n := 0
	for start, piece := range m {
		switch {
		case start >= addr && start-addr < uint64(len(b)):
			copy(b[start-addr:], piece)
			n = len(b)
		case addr > start && addr-start < uint64(len(piece)):
			copy(b, piece[addr-start:])
			n = len(b)
		}
	}
	return n
}

// words are numbers as they lie in memory.
func words(values ...uint64) (b []byte) {
	for _, v := range values {
		b = order.AppendUint64(b, v)
	}
	return b
}
