//go:build !cgo

#include "textflag.h"

#define NR_ARCH_PRCTL 158
#define ARCH_SET_FS 0x1002

// The pointer to the current goroutine is at -8(FS).
GLOBL ·threadLocal(SB), NOPTR, $16

// void mainThread(void *g0, void (*setg)(void *))
//
// It does what rt0_go leaves to the function of _cgo_init: it sets FS, the base
// of Go's pointer to the current goroutine.
TEXT ·mainThread(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	$NR_ARCH_PRCTL, AX
	MOVL	$ARCH_SET_FS, DI
	LEAQ	·threadLocal+8(SB), SI
	SYSCALL
	RET
