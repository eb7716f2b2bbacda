package main

import (
	"runtime"
	"syscall"
)

const (
	clockNanosleep = 230
	doorOfChild    = "native"
)

var doors = map[string]func(){"native": bySyscall, "int80": byInt80, "vfork": vfork, "segments": segments}

func bySyscall()
func byInt80()

// segments changes the base of gs, which Go does not use.
func segments() {
	const archSetGS = 0x1001
	runtime.LockOSThread()
	for _, base := range []uintptr{0x10000, 0} {
		if _, _, errno := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, archSetGS, base, 0); errno != 0 {
			panic(errno)
		}
	}
}

// vfork creates a child that only exits.
func vfork() {
	if pid := callVfork(); pid > 0 {
		syscall.Wait4(pid, nil, 0, nil)
	}
}

func callVfork() (pid int)
