//go:build linux && amd64

package unwind

import (
	"debug/elf"
	"fmt"
	"io"
)

// Functions are the functions of an ELF file that its call frame information (.eh_frame)
// describes.
type Functions struct{ file file }

// ReadFunctions reads the functions of an ELF file for x86. Parts of the file are read later,
// when they are needed.
func ReadFunctions(r io.ReaderAt) (f *Functions, err error) {
	defer func() {
		if p := recover(); p != nil { // see readFile
			f, err = nil, fmt.Errorf("damaged: %v", p)
		}
	}()
	e, err := elf.NewFile(r)
	if err != nil {
		return nil, err
	}
	if !follows(e.Machine) || e.Class != elf.ELFCLASS64 {
		return nil, fmt.Errorf("is for %v", e.Machine)
	}
	f = &Functions{}
	for _, p := range e.Progs {
		if p.Type == elf.PT_LOAD {
			f.file.segments = append(f.file.segments, p.ProgHeader)
		}
	}
	f.file.readCallFrames(e, true)
	return f, nil
}

// Known reports whether there is any function.
func (f *Functions) Known() bool {
	for i := range f.file.frames {
		s := &f.file.frames[i]
		if s.eh && (s.table.entries != nil || len(s.data) > 0) {
			return true
		}
	}
	return false
}

// Address converts an offset in the file into an address of the file.
func (f *Functions) Address(offset uint64) (uint64, bool) { return f.file.address(offset) }

// Before returns the function with the highest start that is not above addr. It
// may end before addr.
func (f *Functions) Before(addr uint64) (start, end uint64, ok bool) {
	for i := range f.file.frames {
		s := &f.file.frames[i]
		if !s.eh {
			continue
		}
		if d, found := s.before(addr); found && (!ok || d.start > start) {
			start, end, ok = d.start, d.end, true
		}
	}
	return start, end, ok
}

// After returns the lowest start of a function that is not below addr.
func (f *Functions) After(addr uint64) (start uint64, ok bool) {
	for i := range f.file.frames {
		s := &f.file.frames[i]
		if !s.eh {
			continue
		}
		if next, found := s.after(addr); found && (!ok || next < start) {
			start, ok = next, true
		}
	}
	return start, ok
}
