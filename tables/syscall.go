package tables

//go:generate go run ./internal/mktables

import (
	"cmp"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Syscall is one row of a system call table.
type Syscall struct {
	NR          uint32 // number, without X32Bit
	ABI         ABI
	NoReturn    bool  // exit, exit_group
	Classes     Class // classes of -e trace=%class that include it
	Name        string
	Entry       string // the kernel function that serves it, or ""
	CompatEntry string // the function for i386 on a 64-bit kernel, if it differs
}

// Implemented reports whether the kernel implements the call. The other numbers
// are reserved for historical reasons and return ENOSYS.
func (s *Syscall) Implemented() bool {
	return s.Entry != "" && s.Entry != "sys_ni_syscall"
}

// X32Bit is set in the numbers of x32 calls (__X32_SYSCALL_BIT).
const X32Bit = 0x40000000

// InRegister returns a call's number as it is in rax. For an x32 call the
// result has X32Bit, with or without it in nr.
func InRegister(abi ABI, nr uint64) uint64 {
	if abi == X32 {
		nr |= X32Bit
	}
	return nr
}

// rows returns an ABI's table, indexed by number. Unassigned numbers have rows
// without a name.
func rows(abi ABI) []Syscall {
	switch abi {
	case X86_64:
		return syscallsX86_64[:]
	case I386:
		return syscallsI386[:]
	case X32:
		return syscallsX32[:]
	}
	return nil
}

// Lookup finds a system call by its number, or returns nil. The number of an
// x32 call may include X32Bit.
func Lookup(abi ABI, nr uint64) *Syscall {
	if abi == X32 {
		nr &^= X32Bit
	}
	if t := rows(abi); nr < uint64(len(t)) && t[nr].Name != "" {
		return &t[nr]
	}
	return nil
}

// ByName finds a system call by its name, or returns nil.
func ByName(abi ABI, name string) *Syscall {
	var names []uint16
	switch abi {
	case X86_64:
		names = namesX86_64[:]
	case I386:
		names = namesI386[:]
	case X32:
		names = namesX32[:]
	}
	t := rows(abi)
	i, ok := slices.BinarySearchFunc(names, name, func(nr uint16, name string) int {
		return cmp.Compare(t[nr].Name, name)
	})
	if !ok {
		return nil
	}
	return &t[names[i]]
}

// Syscalls iterates over an ABI's table in the order of the numbers.
func Syscalls(abi ABI) iter.Seq[*Syscall] {
	return func(yield func(*Syscall) bool) {
		t := rows(abi)
		for i := range t {
			if t[i].Name != "" && !yield(&t[i]) {
				return
			}
		}
	}
}

// Find returns the system calls of an ABI that match a pattern, in the order of their
// numbers. A pattern is a number (decimal, or hexadecimal after 0x), a regular expression
// after a slash (a slash at its end is optional) that matches part of the name, a class
// (%file), or a name; an empty pattern matches all. If nothing matches, the result is empty
// and not an error, since another ABI may have a match.
func Find(abi ABI, pattern string) ([]*Syscall, error) {
	if pattern == "" {
		return slices.Collect(Syscalls(abi)), nil
	}
	if expr, ok := strings.CutPrefix(pattern, "/"); ok {
		expr = strings.TrimSuffix(expr, "/")
		re, err := regexp.CompilePOSIX(expr)
		if err != nil {
			return nil, fmt.Errorf("invalid regular expression %q: %w", expr, err)
		}
		var found []*Syscall
		for s := range Syscalls(abi) {
			if re.MatchString(s.Name) {
				found = append(found, s)
			}
		}
		return found, nil
	}
	if name, ok := strings.CutPrefix(pattern, "%"); ok {
		class, ok := ClassByName(name)
		if !ok {
			return nil, fmt.Errorf("invalid class of system calls %q", pattern)
		}
		var found []*Syscall
		for s := range Syscalls(abi) {
			if s.Classes&class != 0 {
				found = append(found, s)
			}
		}
		return found, nil
	}
	s := ByName(abi, pattern)
	if '0' <= pattern[0] && pattern[0] <= '9' {
		digits, base := pattern, 10
		if hex, ok := strings.CutPrefix(pattern, "0x"); ok {
			digits, base = hex, 16
		}
		nr, err := strconv.ParseUint(digits, base, 32)
		if err != nil {
			return nil, fmt.Errorf("invalid system call number %q", pattern)
		}
		s = Lookup(abi, nr)
	}
	if s == nil {
		return nil, nil
	}
	return []*Syscall{s}, nil
}

// Class is a set of the classes that -e trace=%class names.
type Class uint32

// ClassByName finds a class by what follows the first % in -e trace=%file,
// -e trace=%%stat. "net" is short for "network".
func ClassByName(name string) (Class, bool) {
	if name == "net" {
		name = "network"
	}
	i := slices.Index(classNames[:], name)
	if i < 0 {
		return 0, false
	}
	return 1 << i, true
}

// Classes iterates over all classes. It yields the name of each, with the % of -e
// trace=%file, and a description of its calls.
func Classes() iter.Seq2[string, string] {
	return func(yield func(name, about string) bool) {
		for i, name := range classNames {
			if !yield("%"+name, classAbout[i]) {
				return
			}
		}
	}
}

// EntryPoint returns the symbol of the function that serves a call on an x86-64 kernel, such
// as __x64_sys_openat or __ia32_compat_sys_openat. It returns sys_ni_syscall for a number
// that no function serves.
func EntryPoint(abi ABI, nr uint64) string {
	const none = "sys_ni_syscall"
	s := Lookup(abi, nr)
	if s == nil {
		return none
	}
	prefix, entry := "__x64_", s.Entry
	if abi == I386 {
		prefix, entry = "__ia32_", cmp.Or(s.CompatEntry, s.Entry)
	}
	if entry == "" || entry == none {
		return none
	}
	return prefix + entry
}
