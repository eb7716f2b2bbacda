//go:build linux && amd64

package early

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// findInRuntime finds which signals were ignored and blocked, and the limit of
// open files, in variables where the runtime and package syscall store what
// they found. Source code cannot name these variables, but the program's symbol
// table has their addresses.
func findInRuntime() {
	exe, err := mapExecutable()
	if err != nil {
		return
	}
	defer unix.Munmap(exe)
	file, err := elf.NewFile(bytes.NewReader(exe))
	if err != nil || file.Class != elf.ELFCLASS64 {
		return
	}
	section := func(name string) []byte {
		s := file.Section(name)
		if s == nil || s.Offset > uint64(len(exe)) || s.FileSize > uint64(len(exe))-s.Offset {
			return nil
		}
		return exe[s.Offset:][:s.FileSize]
	}
	table, names := section(".symtab"), section(".strtab")
	// A position-independent program is not at the addresses of its symbol
	// table; one variable's address shows the offset.
	const signals = 65 // runtime._NSIG
	base, ok := uint64(uintptr(unsafe.Pointer(&symbolBase))), true
	if file.Type == elf.ET_DYN {
		base, ok = findSymbol(table, names, "trapline/cmd/trapline/early.symbolBase", unsafe.Sizeof(symbolBase))
	}
	handlers, ok1 := findSymbol(table, names, "runtime.fwdSig", signals*unsafe.Sizeof(uintptr(0)))
	mask, ok2 := findSymbol(table, names, "runtime.initSigmask", unsafe.Sizeof(blocked))
	files, ok3 := findSymbol(table, names, "syscall.origRlimitNofile", unsafe.Sizeof(uintptr(0)))
	if !ok || !ok1 || !ok2 || !ok3 {
		return
	}
	at := func(address uint64) unsafe.Pointer { return fromSymbolBase(int(address - base)) }
	for sig, handler := range (*[signals]uintptr)(at(handlers)) {
		// The runtime leaves some signals unchanged and does not record them.
		var now sigaction
		changeAction(unix.Signal(sig), nil, &now)
		if handler == sigIgn || now.handler == sigIgn {
			ignored |= 1 << (sig - 1)
		}
	}
	blocked = *(*uint64)(at(mask))
	l := &limits[openFiles]
	if original := *(**unix.Rlimit)(at(files)); original != nil {
		l.found = *original
	} else if unix.Getrlimit(unix.RLIMIT_NOFILE, &l.found) != nil {
		return
	}
	recorded = true
}

// mapExecutable maps this program's file. Only a few of its pages are read.
func mapExecutable() ([]byte, error) {
	exe, err := os.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer exe.Close()
	info, err := exe.Stat()
	if err != nil {
		return nil, err
	}
	return unix.Mmap(int(exe.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
}

// symbolBase has an address to compare with the one in the symbol table.
var symbolBase = [3]byte{1}

// fromSymbolBase returns a pointer to another variable, which the race detector's check of
// pointers does not expect.
//
//go:nocheckptr
func fromSymbolBase(offset int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(&symbolBase), offset)
}

// findSymbol finds the address of a variable of this size in a symbol table.
func findSymbol(table, names []byte, name string, size uintptr) (address uint64, found bool) {
	at := bytes.Index(names, []byte("\x00"+name+"\x00")) + 1
	if at == 0 {
		return 0, false
	}
	for ; len(table) >= elf.Sym64Size; table = table[elf.Sym64Size:] {
		// struct elf64_sym of linux/elf.h
		if binary.NativeEndian.Uint32(table) != uint32(at) {
			continue
		}
		address = binary.NativeEndian.Uint64(table[8:])
		return address, binary.NativeEndian.Uint64(table[16:]) == uint64(size)
	}
	return 0, false
}
