// Package unwind finds out who called whom: from the registers and the memory of
// a stopped thread it walks the frames of its call stack and names them.
//
// It makes no ptrace request. What it needs of the thread it is given: the
// registers as a [Registers], its memory as a [Memory]. It reads /proc/PID/maps
// and the files that are mapped there.
//
// A frame's caller is found, in this order, by
//
//   - the call frame information of its file, .eh_frame or .debug_frame (cfi.go,
//     rows.go, expr.go; DWARF 5 section 6.4, and the Linux Standard Base for what
//     .eh_frame has of its own). Signal frames, the entries of a PLT, and the vdso
//     have theirs, too;
//   - what it is made of, for a signal trampoline without such information;
//   - the chain of frame pointers.
//
// Nothing that is read is trusted: not the memory, not the maps, not the files. All
// loops over them end, all sizes are bounded, and what makes no sense ends the
// walk.
package unwind
