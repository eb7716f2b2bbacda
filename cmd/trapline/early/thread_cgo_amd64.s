//go:build cgo

#include "textflag.h"

// void mainThread(void *g0, void (*setg)(void *))
//
// It does what runtime/cgo has for _cgo_init.
TEXT ·mainThread(SB), NOSPLIT|NOFRAME, $0-0
	JMP	x_cgo_init(SB)
