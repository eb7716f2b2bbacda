package tracer

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inheritedSignals are the signals that were ignored and blocked when this
// program was started, bit n-1 for signal n. Launched commands are to have them so.
//
// Before main the Go runtime catches signals that were ignored and unblocks
// some that were blocked. What it found, it keeps in two variables of its own,
// which no source may name. The program's symbol table leads to them.
type inheritedSignals struct {
	ignored uint64
	blocked uint64
	known   bool // false without a symbol table: what the kernel knows has to do
}

// findInheritedSignals looks into the runtime's variables.
func findInheritedSignals() (s inheritedSignals) {
	exe, err := mapExecutable()
	if err != nil {
		return s
	}
	defer unix.Munmap(exe)
	file, err := elf.NewFile(bytes.NewReader(exe))
	if err != nil || file.Class != elf.ELFCLASS64 {
		return s
	}
	section := func(name string) []byte {
		s := file.Section(name)
		if s == nil || s.Offset > uint64(len(exe)) || s.FileSize > uint64(len(exe))-s.Offset {
			return nil
		}
		return exe[s.Offset:][:s.FileSize]
	}
	table, names := section(".symtab"), section(".strtab")
	// A position-independent program is not where its symbol table says, which
	// one variable tells.
	const signals = 65 // runtime._NSIG
	base, ok := uint64(uintptr(unsafe.Pointer(&symbolBase))), true
	if file.Type == elf.ET_DYN {
		base, ok = findSymbol(table, names, "trapline/tracer.symbolBase", unsafe.Sizeof(symbolBase))
	}
	handlers, ok1 := findSymbol(table, names, "runtime.fwdSig", signals*unsafe.Sizeof(uintptr(0)))
	mask, ok2 := findSymbol(table, names, "runtime.initSigmask", unsafe.Sizeof(s.blocked))
	if !ok || !ok1 || !ok2 {
		return s
	}
	at := func(address uint64) unsafe.Pointer {
		return unsafe.Add(unsafe.Pointer(&symbolBase), int(address-base))
	}
	const sigIgn = 1 // SIG_IGN of asm-generic/signal-defs.h
	for sig, handler := range (*[signals]uintptr)(at(handlers)) {
		if handler == sigIgn {
			s.ignored |= 1 << (sig - 1)
		}
	}
	s.blocked = *(*uint64)(at(mask))
	s.known = true
	return s
}

// mapExecutable maps this program's file. Few of its pages are ever looked at.
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

// symbolBase has an address to compare with the symbol table's.
var symbolBase = [3]byte{1}

// findSymbol finds the address of a variable of some size in a symbol table.
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

// sigaction is the kernel's struct sigaction for 64-bit programs.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// signalSetSize is the size in bytes of the kernel's sigset_t.
const signalSetSize = 8

// ignoring is what makes a signal ignored.
var ignoring = sigaction{handler: 1}

// restore makes this thread and program as they were started, for an execve.
func (s *inheritedSignals) restore() {
	for sig := range 64 {
		if s.ignored&(1<<sig) != 0 {
			unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig+1), uintptr(unsafe.Pointer(&ignoring)), 0, signalSetSize, 0, 0)
		}
	}
	if s.known {
		unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{Val: [16]uint64{s.blocked}}, nil)
	}
}
