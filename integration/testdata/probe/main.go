// Probe makes every system call of an ABI, with many patterns of arguments, and
// executes none of them: a seccomp filter answers in the kernel's place. Its
// trace shows only how a tracer decodes the arguments.
//
//	probe x86_64|i386 I/N [NAME]...
//
// The patterns are dealt out to N parts, of which it tries part I (from 0): a slow
// tracer takes long for all. If TRAPLINE_PROBE_EVERY is a number n, there is only
// every n-th pattern.
//
// The addresses that it passes are the same in every run. It reports where in
// its code these calls are made, so that those of the Go runtime can be removed
// from the trace (strace -i).
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func init() { runtime.LockOSThread() } // main runs on the traced thread

func main() {
	debug.SetGCPercent(-1) // keep the runtime's own calls out of the trace
	p := probe{fail: fail64, done: done64, abi: tables.X86_64, word: 8, every: 1}
	if os.Args[1] == "i386" {
		p = probe{fail: fail32, done: done32, abi: tables.I386, word: 4}
	}
	if _, err := fmt.Sscanf(os.Args[2], "%d/%d", &p.part, &p.parts); err != nil || p.part < 0 || p.part >= p.parts {
		fmt.Fprintf(os.Stderr, "no part: %s\n", os.Args[2])
		os.Exit(2)
	}
	p.only = os.Args[3:]
	if s := os.Getenv("TRAPLINE_PROBE_EVERY"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "TRAPLINE_PROBE_EVERY=%s\n", s)
			os.Exit(2)
		}
		p.every = n
	}
	p.lay()
	if err := install(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	f64, d64, f32, d32 := text()
	for _, pc := range []uintptr{f64, d64, f32, d32} {
		fmt.Printf("%#x %#x\n", pc, pc+size)
	}
	for nr := uintptr(0); nr < 500; nr++ {
		name := "?"
		if row := tables.Lookup(p.abi, uint64(nr)); row != nil {
			name = row.Name
		}
		if name == "uretprobe" || name == "uprobe" {
			continue // a signal, if they come from elsewhere than a probe's code
		}
		if len(p.only) > 0 && !slices.Contains(p.only, name) {
			continue
		}
		p.patterns(nr)
		if wide := multiplexers[name]; wide != nil {
			wide(&p, nr)
		}
	}
}

// Pages of memory at fixed addresses, each followed by an unmapped page.
const (
	zeros   = 0x10000000 + iota*0x2000
	ones    // every bit set
	counted // bytes 0, 1, 2, ...
	small   // 32-bit numbers 1, 2, 3, ...
	text1   // a path and other strings
	links   // pointers to strings and to themselves
	wide    // 64-bit numbers 1, 2, 3, ...
	mixed   // small numbers and single bits, in no order, with zeros between
	lastPage
)

const (
	pageSize = 4096
	hole     = zeros + pageSize
)

type probe struct {
	fail, done func(nr uintptr, args *[6]uintptr)
	abi        tables.ABI
	word       int
	only       []string
	every      int // of the patterns, each every-th is dealt out
	part       int // is the one that gets each parts-th of these
	parts      int
	n          int // patterns so far
}

// lay fills the pages.
func (p *probe) lay() {
	for addr := uintptr(zeros); addr < lastPage; addr += 0x2000 {
		_, _, errno := unix.Syscall6(unix.SYS_MMAP, addr, pageSize, unix.PROT_READ|unix.PROT_WRITE,
			unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED, ^uintptr(0), 0)
		if errno != 0 {
			panic(errno)
		}
	}
	for i := range pageSize {
		page(ones)[i] = 0xff
		page(counted)[i] = byte(i)
	}
	for i := range pageSize / 4 {
		*(*uint32)(unsafe.Pointer(&page(small)[4*i])) = uint32(i + 1)
	}
	for i := range pageSize / 8 {
		*(*uint64)(unsafe.Pointer(&page(wide)[8*i])) = uint64(i + 1)
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same in every run
	for i := range pageSize / 4 {
		n := (*uint32)(unsafe.Pointer(&page(mixed)[4*i]))
		switch random.IntN(4) {
		case 0:
			*n = uint32(random.IntN(256))
		case 1:
			*n = 1 << random.IntN(32)
		case 2:
			*n = 1<<random.IntN(32) | 1<<random.IntN(12)
		}
	}
	copy(page(text1)[:], "/dev/full\x00\x01\x02\xff\x00")
	for i := 0; i < pageSize; i += p.word {
		to := uintptr(text1)
		if i/p.word%3 == 2 {
			to = small
		}
		*(*uint32)(unsafe.Pointer(&page(links)[i])) = uint32(to)
	}
}

func page(addr uintptr) *[pageSize]byte {
	return (*[pageSize]byte)(*(*unsafe.Pointer)(unsafe.Pointer(&addr)))
}

// call makes a call that fails, and the same one that succeeds.
func (p *probe) call(nr uintptr, args ...uintptr) {
	if p.n++; p.n%p.every != 0 || p.n/p.every%p.parts != p.part {
		return
	}
	var a [6]uintptr
	copy(a[:], args)
	p.fail(nr, &a)
	p.done(nr, &a)
}

// values are possible values of any argument.
var values = []uintptr{
	0, 1, 2, 3, 5, 8, 64, 0x1000, 0x80000000, ^uintptr(0), 0xdeadbeefbadc0ded, ^uintptr(0) - 99,
	zeros, ones, counted, small, text1, links, wide, mixed,
	zeros + pageSize - 1, zeros + pageSize - 4, zeros + pageSize - 16, hole, links + pageSize - 16,
}

// patterns makes the call nr with all arguments equal, and with each argument
// different from the rest.
func (p *probe) patterns(nr uintptr) {
	for _, v := range values {
		p.call(nr, v, v, v, v, v, v)
	}
	for _, rest := range []uintptr{1, links} {
		for i := range 6 {
			for _, v := range values {
				if v == rest {
					continue
				}
				args := [6]uintptr{rest, rest, rest, rest, rest, rest}
				args[i] = v
				p.call(nr, args[:]...)
			}
		}
	}
	// Pointers and lengths in the usual order.
	for _, size := range []uintptr{0, 1, 4, 8, 16, 40, 64, 4097, 1 << 31} {
		for _, ptr := range []uintptr{ones, counted, links} {
			p.call(nr, ptr, size, 0, 0, 0, 0)
			p.call(nr, 1, ptr, size, 0, 0, 0)
			p.call(nr, 1, 2, ptr, size, 0, 0)
			p.call(nr, 1, 2, 3, ptr, size, 0)
		}
	}
}

// multiplexers are calls with commands; more of these are tried.
var multiplexers = map[string]func(p *probe, nr uintptr){
	"ioctl": func(p *probe, nr uintptr) {
		ops := tables.IoctlsByName(p.abi)
		var sorted []uint32
		for _, op := range ops {
			sorted = append(sorted, op)
		}
		slices.Sort(sorted)
		for _, op := range slices.Compact(sorted) {
			for _, arg := range []uintptr{0, 1, zeros, small, counted, mixed, zeros + pageSize - 4} {
				p.call(nr, ^uintptr(0), uintptr(op), arg)
			}
		}
	},
	"prctl":             commands(0, 0, 100),
	"arch_prctl":        commands(0, 0x1000, 0x1030),
	"fcntl":             commands(1, 0, 48, 1024, 1048),
	"fcntl64":           commands(1, 0, 48, 1024, 1048),
	"keyctl":            commands(0, 0, 36),
	"bpf":               commands(0, 0, 48),
	"futex":             commands(1, 0, 24, 128, 152, 256, 280, 384, 400),
	"futex_time64":      commands(1, 0, 24, 128, 152, 256, 280, 384, 400),
	"ptrace":            commands(0, 0, 40, 0x4200, 0x4220),
	"quotactl":          commands(0, 0x80000000, 0x80000040),
	"io_uring_register": commands(1, 0, 48),
	"seccomp":           commands(0, 0, 5),
	"semctl":            commands(2, 0, 24, 0x100, 0x118),
	"msgctl":            commands(1, 0, 16, 0x100, 0x110),
	"shmctl":            commands(1, 0, 20, 0x100, 0x114),
	"ipc":               commands(0, 0, 28),
	"socketcall":        commands(0, 0, 22),
	"setsockopt":        options,
	"getsockopt":        options,
	"socket":            families,
	"mount":             commands(3, 0, 64),
	"landlock_add_rule": commands(1, 0, 4),
}

// commands tries all numbers of some ranges as argument i.
func commands(i int, ranges ...uintptr) func(p *probe, nr uintptr) {
	return func(p *probe, nr uintptr) {
		for r := 0; r < len(ranges); r += 2 {
			for cmd := ranges[r]; cmd < ranges[r+1]; cmd++ {
				for _, v := range []uintptr{0, 1, 8, zeros, ones, small, counted, links, wide, mixed, zeros + pageSize - 4, hole} {
					args := [6]uintptr{v, v, v, v, v, v}
					args[i] = cmd
					p.call(nr, args[:]...)
				}
				for _, v := range []uintptr{small, links} {
					for _, size := range []uintptr{4, 8, 16, 64} {
						args := [6]uintptr{size, size, size, size, size, size}
						args[(i+1)%6] = v
						args[i] = cmd
						p.call(nr, args[:]...)
					}
				}
			}
		}
	}
}

// options tries the options of sockets, by level.
func options(p *probe, nr uintptr) {
	for _, level := range []uintptr{0, 1, 6, 17, 41, 58, 132, 255, 256, 261, 262, 263, 265, 266, 268, 270, 271, 274, 276, 279, 280, 282, 283, 284, 285, 286, 287} {
		for opt := uintptr(0); opt < 130; opt++ {
			for _, v := range []uintptr{small, counted} {
				for _, size := range []uintptr{4, 16} {
					length := size
					if p.getsockopt(nr) {
						length = wide + (size/4)*8 // the size is behind a pointer
					}
					p.call(nr, ^uintptr(0), level, opt, v, length)
				}
			}
		}
	}
}

func (p *probe) getsockopt(nr uintptr) bool {
	return tables.Lookup(p.abi, uint64(nr)).Name == "getsockopt"
}

// families tries the families, types and protocols of sockets.
func families(p *probe, nr uintptr) {
	for family := uintptr(0); family < 48; family++ {
		for typ := uintptr(1); typ < 6; typ++ {
			for proto := uintptr(0); proto < 20; proto++ {
				p.call(nr, family, typ, proto)
			}
		}
	}
}
