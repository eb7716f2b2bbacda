//go:build linux && amd64

package unwind

import (
	"bytes"
	"debug/dwarf"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// file is the data read from an ELF file. The file is read once, and closed.
type file struct {
	segments []elf.ProgHeader // PT_LOAD, which may not overlap
	frames   []callFrames
	symbols  symbols
	dwarf    *dwarf.Data // for line numbers, or nil

	places map[uint64]place // results of earlier lookups
}

// place describes the address of an instruction.
type place struct {
	symbol  string
	mangled string // the symbol in the file, if it is another
	offset  uint64 // from the symbol's start
	source  string // file name; "" if not known
	line    int
}

// maxPlaces bounds the lookups that are remembered for one file.
const maxPlaces = 1 << 14

// Size limits in bytes: one section, and all sections with debugging
// information together.
const (
	maxSection = 256 << 20
	maxDWARF   = 1 << 30
)

var errTooLarge = errors.New("section too large")

// readFile reads a file, with line numbers if lines is set. Missing or damaged
// parts are skipped; a file that is not an ELF file for x86 is an error.
func readFile(r io.ReaderAt, lines bool) (f *file, err error) {
	// debug/elf and debug/dwarf make no promises for malicious input.
	defer func() {
		if p := recover(); p != nil {
			f, err = nil, fmt.Errorf("damaged: %v", p)
		}
	}()
	e, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	if !follows(e.Machine) || e.ByteOrder.String() != "LittleEndian" {
		return nil, fmt.Errorf("is for %v", e.Machine)
	}
	f = &file{places: map[uint64]place{}}
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD {
			f.segments = append(f.segments, p.ProgHeader)
		}
	}
	f.readCallFrames(e, false)
	f.symbols = readSymbolsOf(e)
	if lines {
		f.dwarf = readDWARF(e)
	}
	if e.Section(".symtab") == nil || lines && f.dwarf == nil {
		f.readSeparate(e, lines)
	}
	return f, nil
}

// readSeparate reads the debugging information of a stripped file from a debug
// package: a file named after the stripped file's build id.
func (f *file) readSeparate(stripped *elf.File, lines bool) {
	id := buildID(stripped)
	if len(id) < 2 {
		return
	}
	name := fmt.Sprintf("/usr/lib/debug/.build-id/%x/%s.debug", id[:1], hex.EncodeToString(id[1:]))
	r, err := os.Open(name)
	if err != nil {
		return
	}
	defer r.Close()
	e, err := elf.NewFile(r)
	if err != nil {
		return
	}
	if e.Section(".symtab") != nil {
		f.symbols = readSymbolsOf(e)
	}
	if lines && f.dwarf == nil {
		f.dwarf = readDWARF(e)
	}
}

// buildID returns the id that the linker gave a file, or nil (elf(5),
// NT_GNU_BUILD_ID).
func buildID(e *elf.File) []byte {
	note, err := sectionData(e.Section(".note.gnu.build-id"))
	if err != nil {
		return nil
	}
	c := at(note, 0, 4, 0)
	nameSize, size, kind := c.unsigned(4), c.unsigned(4), c.unsigned(4)
	name := c.take((nameSize + 3) &^ 3)
	id := c.take(size)
	const ntGNUBuildID = 3
	if c.bad || kind != ntGNUBuildID || !bytes.Equal(name, []byte("GNU\x00")) {
		return nil
	}
	return id
}

// sectionData reads a section. It fails if the section does not exist or has no
// data in this file.
func sectionData(s *elf.Section) ([]byte, error) {
	switch {
	case s == nil || s.Type == elf.SHT_NOBITS:
		return nil, os.ErrNotExist
	case s.Size > maxSection || s.FileSize > maxSection:
		return nil, errTooLarge
	}
	return s.Data()
}

// readCallFrames reads .eh_frame, with its search table, and .debug_frame. With onlyEH it
// reads only .eh_frame, piece by piece when a piece is needed, and the file stays open.
func (f *file) readCallFrames(e *elf.File, onlyEH bool) {
	word := 8
	if e.Class == elf.ELFCLASS32 {
		word = 4
	}
	eh := callFrames{eh: true, word: word}
	var found bool
	if s := e.Section(".eh_frame"); s != nil && onlyEH && isPlain(s) {
		eh.rest = newPieces(s, int(s.Size))
		eh.data, eh.addr, found = eh.rest.b, s.Addr, true
	} else if s != nil {
		data, err := sectionData(s)
		eh.data, eh.addr, found = data, s.Addr, err == nil
	}
	for _, p := range e.Progs {
		if p.Type != elf.PT_GNU_EH_FRAME {
			continue
		}
		hdr, err := progData(p, 0)
		if err != nil {
			break
		}
		table, addr, ok := readSearchTable(hdr, p.Vaddr, word)
		if !found && ok {
			// There are no section headers, so the end of .eh_frame is not known.
			eh.data, err = segmentFrom(e, addr)
			eh.addr, found = addr, err == nil
		}
		if ok && addr == eh.addr {
			eh.table = table
		}
	}
	if found {
		f.frames = append(f.frames, eh)
	}
	if onlyEH {
		return
	}
	if data, err := sectionData(e.Section(".debug_frame")); err == nil {
		f.frames = append(f.frames, callFrames{data: data, word: word})
	}
}

// segmentFrom reads from an address to the end of its segment.
func segmentFrom(e *elf.File, addr uint64) ([]byte, error) {
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD && p.Vaddr <= addr && addr-p.Vaddr < p.Filesz {
			return progData(p, addr-p.Vaddr)
		}
	}
	return nil, os.ErrNotExist
}

// progData reads a segment from an offset to its end. It allocates no more than
// the file really has.
func progData(p *elf.Prog, offset uint64) ([]byte, error) {
	size := p.Filesz - offset
	if size > maxSection {
		return nil, errTooLarge
	}
	if has(p, p.Filesz) && size > 0 {
		b := make([]byte, size)
		n, err := p.ReadAt(b, int64(offset))
		if n < len(b) {
			return nil, err
		}
		return b, nil
	}
	return io.ReadAll(io.NewSectionReader(p, int64(offset), int64(size)))
}

// readSymbolsOf reads the symbols of a file, or those for the dynamic linker if
// there are no others.
func readSymbolsOf(e *elf.File) symbols {
	for _, kind := range []elf.SectionType{elf.SHT_SYMTAB, elf.SHT_DYNSYM} {
		s := e.SectionByType(kind)
		if s == nil || int(s.Link) >= len(e.Sections) {
			continue
		}
		table, err := sectionData(s)
		if err != nil {
			continue
		}
		if names, err := sectionData(e.Sections[s.Link]); err == nil {
			return readSymbols(table, names, e.Class)
		}
	}
	return symbols{}
}

func readDWARF(e *elf.File) *dwarf.Data {
	var size uint64
	for _, s := range e.Sections {
		if strings.HasPrefix(s.Name, ".debug_") || strings.HasPrefix(s.Name, ".zdebug_") {
			if size += s.Size; s.Size > maxDWARF || size > maxDWARF {
				return nil
			}
		}
	}
	if e.Section(".debug_line") == nil && e.Section(".zdebug_line") == nil {
		return nil
	}
	d, err := e.DWARF()
	if err != nil {
		return nil
	}
	return d
}

// address converts an offset in the file into an address of the file.
func (f *file) address(offset uint64) (uint64, bool) {
	found := -1
	for i := range f.segments {
		s := &f.segments[i]
		// Segments are mapped in whole pages, so one page may belong to two
		// segments. Prefer the one with code.
		if s.Off <= offset && offset-s.Off < s.Filesz && (found < 0 || s.Flags&elf.PF_X != 0) {
			found = i
		}
	}
	if found < 0 {
		return 0, false
	}
	s := &f.segments[found]
	return s.Vaddr + (offset - s.Off), true
}

// fde finds the call frame information of an address.
func (f *file) fde(addr uint64) (fde, bool) {
	for i := range f.frames {
		if d, ok := f.frames[i].find(addr); ok {
			return d, true
		}
	}
	return fde{}, false
}

// place describes an address. demangle, if not nil, makes names of symbols.
func (f *file) place(addr uint64, demangle func(string) string) place {
	if p, ok := f.places[addr]; ok {
		return p
	}
	if len(f.places) >= maxPlaces {
		clear(f.places)
	}
	var p place
	p.symbol, p.offset = f.symbols.find(addr)
	if demangle != nil {
		if name := demangle(p.symbol); name != p.symbol {
			p.symbol, p.mangled = name, p.symbol
		}
	}
	p.source, p.line = f.source(addr)
	f.places[addr] = p
	return p
}

// source finds the source line of an address.
func (f *file) source(addr uint64) (name string, line int) {
	if f.dwarf == nil {
		return "", 0
	}
	defer func() {
		if recover() != nil { // see readFile
			name, line = "", 0
		}
	}()
	unit, err := f.dwarf.Reader().SeekPC(addr)
	if err != nil {
		return "", 0
	}
	lines, err := f.dwarf.LineReader(unit)
	if err != nil || lines == nil {
		return "", 0
	}
	var e dwarf.LineEntry
	if lines.SeekPC(addr, &e) != nil || e.File == nil {
		return "", 0
	}
	return e.File.Name, e.Line
}

// identity distinguishes files, and versions of a file.
type identity struct {
	dev, inode       uint64
	size             int64
	written, changed unix.Timespec
}

// maxFiles bounds the number of files remembered.
const maxFiles = 256

// file returns the file of a mapping of a thread, or nil.
func (u *Unwinder) file(x *mapping, tid int, mem *pages) *file {
	if x.sought {
		return x.file
	}
	x.sought = true
	switch {
	case x.name == "[vdso]":
		x.file = u.vdso(x, mem)
	case x.inode != 0:
		x.file = u.open(x, tid)
	}
	return x.file
}

// open opens the file of a mapping. /proc/PID/map_files leads to it from any
// mount namespace, even if the file was deleted, but that needs a capability;
// otherwise the file's name is used.
func (u *Unwinder) open(x *mapping, tid int) *file {
	var stat unix.Stat_t
	// With these flags opening a device or a pipe has no effect.
	const flags = unix.O_PATH | unix.O_CLOEXEC
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/map_files/%x-%x", tid, x.start, x.end), flags, 0)
	if err != nil {
		if fd, err = unix.Open(fmt.Sprintf("/proc/%d/root%s", tid, x.name), flags, 0); err != nil {
			return nil
		}
	}
	defer unix.Close(fd)
	if unix.Fstat(fd, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG || stat.Ino != x.inode {
		return nil
	}
	id := identity{stat.Dev, stat.Ino, stat.Size, stat.Mtim, stat.Ctim}
	if f, ok := u.files[id]; ok {
		return f
	}
	var f *file
	if r, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil {
		f, _ = readFile(r, u.options.Source)
		r.Close()
	}
	if len(u.files) >= maxFiles {
		clear(u.files)
	}
	u.files[id] = f
	return f
}

// maxVDSO bounds the size of the vdso, in bytes. It usually has two or three
// pages.
const maxVDSO = 64 << 10

// vdso reads the vdso, the file that the kernel maps into all processes, from memory. There
// is one for each ABI.
func (u *Unwinder) vdso(x *mapping, mem *pages) *file {
	if x.end-x.start > maxVDSO {
		return nil
	}
	image := make([]byte, x.end-x.start)
	if !mem.read(x.start, image) {
		return nil
	}
	for _, v := range u.vdsos {
		if bytes.Equal(v.image, image) {
			return v.file
		}
	}
	f, _ := readFile(bytes.NewReader(image), false)
	const maxVDSOs = 8 // a tracee may have changed its own
	if len(u.vdsos) == maxVDSOs {
		u.vdsos = nil
	}
	u.vdsos = append(u.vdsos, vdsoFile{image, f})
	return f
}

type vdsoFile struct {
	image []byte
	file  *file
}
