package main

const (
	clockNanosleep = 267
	doorOfChild    = "int80"
)

var doors = map[string]func(){"int80": byInt80, "vdso": func() {
	if entry := auxiliary(atSysinfo); entry != 0 {
		byVDSO(entry)
	}
}}

// atSysinfo is AT_SYSINFO: the address of __kernel_vsyscall.
const atSysinfo = 32

func byInt80()
func byVDSO(entry uintptr)
