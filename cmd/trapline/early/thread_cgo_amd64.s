//go:build cgo

#include "textflag.h"

// void mainThread(void *g0, void (*setg)(void *))
//
// It adapts the C library's threads, and does what runtime/cgo has for _cgo_init.
// C functions need a stack that is aligned.
TEXT ·mainThread(SB), NOSPLIT|NOFRAME, $0-0
	PUSHQ	DI
	PUSHQ	SI
	SUBQ	$8, SP
	CALL	trapline_adapt_threads(SB)
	ADDQ	$8, SP
	POPQ	SI
	POPQ	DI
	JMP	x_cgo_init(SB)
