//go:build linux && amd64

// Package unwind finds the call stack of a stopped thread: from the thread's registers and
// memory it walks the frames and names them.
//
// It makes no ptrace requests. The caller passes the registers as a [Registers] and the
// memory as a [Memory]. The package reads /proc/PID/maps and the files that are mapped there.
//
// A frame's caller is found, in this order, by
//
//   - the call frame information of its file, .eh_frame or .debug_frame (cfi.go,
//     rows.go, expr.go; DWARF 5 section 6.4, and the Linux Standard Base for the
//     extensions of .eh_frame), which also covers signal frames, PLT entries and
//     the vdso;
//   - its machine code, for a signal trampoline without such information;
//   - the chain of frame pointers.
//
// The package does not trust the memory, the maps or the files. All loops over them end, all
// sizes are bounded, and invalid data ends the walk.
package unwind
