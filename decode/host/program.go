package host

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ProgramKind is the kind of a file to execve(2).
type ProgramKind uint8

const (
	ProgramUnknown ProgramKind = iota
	ProgramEmpty               // no bytes
	ProgramOther               // neither a script nor ELF
	ProgramScript              // begins with #!
	ProgramELF
)

// Program is a file as execve(2) sees it.
type Program struct {
	Kind        ProgramKind
	Interpreter string // of a script, or the loader of an ELF program; empty if there is none
	Machine     string // of an ELF program, such as "EM_AARCH64"
	Native      bool   // Machine is this machine's
}

// Program reads the beginning of a file that the kernel serves itself.
func (l *Local) Program(process, dir int, path string) (p Program, ok bool) {
	fd, walk := l.walk(process, dir, path, false, nil)
	if fd < 0 {
		return p, false
	}
	defer unix.Close(fd)
	if !walk.File.Local || !walk.File.IsRegular() || walk.File.Kind == "proc" {
		return p, false
	}
	// An open without O_NONBLOCK would wait for a lease on the file.
	at, err := unix.Open("/proc/self/fd/"+strconv.Itoa(fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return p, false
	}
	f := os.NewFile(uintptr(at), path)
	defer f.Close()
	return readProgram(f)
}

// readProgram reads the head of a program.
func readProgram(f io.ReaderAt) (p Program, ok bool) {
	const headMax = 256 // BINPRM_BUF_SIZE of linux/binfmts.h
	head := make([]byte, headMax)
	n, err := f.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return p, false
	}
	head = head[:n]
	switch {
	case n == 0:
		p.Kind = ProgramEmpty
	case bytes.HasPrefix(head, []byte("#!")):
		line, _, whole := bytes.Cut(head[2:], []byte("\n"))
		name := bytes.TrimLeft(line, " \t")
		if i := bytes.IndexAny(name, " \t\x00"); i >= 0 {
			name, whole = name[:i], true
		}
		if !whole && n == headMax || len(name) == 0 {
			return p, false
		}
		p.Kind, p.Interpreter = ProgramScript, string(name)
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		p.Kind = ProgramELF
		return p, p.readELF(f)
	default:
		p.Kind = ProgramOther
	}
	return p, true
}

// readELF reads the machine and the loader of an ELF file.
func (p *Program) readELF(f io.ReaderAt) bool {
	file, err := elf.NewFile(f)
	if err != nil {
		return false
	}
	p.Machine = file.Machine.String()
	p.Native = file.Machine == elf.EM_X86_64 || file.Machine == elf.EM_386
	for _, segment := range file.Progs {
		if segment.Type != elf.PT_INTERP {
			continue
		}
		if segment.Filesz == 0 || segment.Filesz > unix.PathMax {
			return false
		}
		name := make([]byte, segment.Filesz)
		if _, err := segment.ReadAt(name, 0); err != nil {
			return false
		}
		p.Interpreter = string(bytes.TrimRight(name, "\x00"))
		break
	}
	return true
}
