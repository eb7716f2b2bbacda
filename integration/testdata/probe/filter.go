package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Implemented in call_amd64.s.
func fail64(nr uintptr, args *[6]uintptr)
func done64(nr uintptr, args *[6]uintptr)
func fail32(nr uintptr, args *[6]uintptr)
func done32(nr uintptr, args *[6]uintptr)
func text() (fail64, done64, fail32, done32 uintptr)

// size exceeds the length of a function of call_amd64.s, in bytes.
const size = 96

// install makes every call that one of the functions above makes in this thread
// fail with EBADF, or return 0 without being executed. The runtime's own calls
// pass.
func install() error {
	f64, d64, f32, d32 := text()
	const ip = 8 // offset of instruction_pointer in struct seccomp_data
	var prog []unix.SockFilter
	add := func(code uint16, k uint32, jt, jf uint8) {
		prog = append(prog, unix.SockFilter{Code: code, Jt: jt, Jf: jf, K: k})
	}
	add(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, ip, 0, 0)
	for _, f := range []struct {
		pc     uintptr
		action uint32
	}{
		{f64, unix.SECCOMP_RET_ERRNO | uint32(unix.EBADF)},
		{d64, unix.SECCOMP_RET_ERRNO},
		{f32, unix.SECCOMP_RET_ERRNO | uint32(unix.EBADF)},
		{d32, unix.SECCOMP_RET_ERRNO},
	} {
		add(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, uint32(f.pc), 0, 2)
		add(unix.BPF_JMP|unix.BPF_JGE|unix.BPF_K, uint32(f.pc)+size, 1, 0)
		add(unix.BPF_RET|unix.BPF_K, f.action, 0, 0)
	}
	add(unix.BPF_RET|unix.BPF_K, unix.SECCOMP_RET_ALLOW, 0, 0)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&fprog)), 0, 0)
}
