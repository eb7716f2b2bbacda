//go:build !cgo

#include "textflag.h"

// Code that runs before the Go runtime. rt0_go calls the function that
// _cgo_init points to, if it is set, where cgo would prepare the main thread;
// here it is the function below. It must do what rt0_go leaves to this
// function: set FS, the base of Go's pointer to the current goroutine.
//
// No Go code can run here. There is a stack, which is not used.

DATA _cgo_init+0(SB)/8, $·record(SB)
GLOBL _cgo_init(SB), NOPTR, $8

// The function that _cgo_sigaction points to, if it is set, is called to set
// the action of a signal, also when the runtime installs its handlers.

DATA _cgo_sigaction+0(SB)/8, $·setAction(SB)
GLOBL _cgo_sigaction(SB), NOPTR, $8

// The pointer to the current goroutine is at -8(FS).
GLOBL ·threadLocal(SB), NOPTR, $16

// Memory for system calls: two of the kernel's struct sigaction, a zero struct
// timespec, and a struct rlimit.
GLOBL ·action(SB), NOPTR, $32
GLOBL ·ignore(SB), NOPTR, $32
GLOBL ·noTime(SB), NOPTR, $16
GLOBL ·wanted(SB), NOPTR, $16

// Numbers of system calls.
#define NR_WRITE 1
#define NR_RT_SIGACTION 13
#define NR_RT_SIGPROCMASK 14
#define NR_FCNTL 72
#define NR_RT_SIGTIMEDWAIT 128
#define NR_ARCH_PRCTL 158
#define NR_EXIT_GROUP 231
#define NR_PRLIMIT64 302

#define ARCH_SET_FS 0x1002
#define F_GETFD 1
#define EBADF 9
#define EINVAL 22
#define SIG_IGN 1
#define SIGSET_SIZE 8
#define STDERR 2

// struct limit of early.go.
#define LIMIT_RESOURCE 0
#define LIMIT_NEED 8
#define LIMIT_MINIMUM 16
#define LIMIT_LOWERED 24
#define LIMIT_FOUND 32
#define LIMIT_FOUND_MAX 40
#define LIMIT_CHANGED 48
#define LIMIT_MESSAGE 56
#define LIMIT_MESSAGE_SIZE 64
#define LIMIT_SIZE 72
#define LIMITS 3

TEXT ·record(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	$NR_ARCH_PRCTL, AX
	MOVL	$ARCH_SET_FS, DI
	LEAQ	·threadLocal+8(SB), SI
	SYSCALL
	MOVB	$1, ·recorded(SB)

	// Which standard descriptors are closed.
	XORL	R12, R12
descriptor:
	MOVL	$NR_FCNTL, AX
	MOVQ	R12, DI
	MOVL	$F_GETFD, SI
	SYSCALL
	CMPQ	AX, $-EBADF
	JNE	nextDescriptor
	BTSQ	R12, ·closed(SB)
nextDescriptor:
	INCQ	R12
	CMPQ	R12, $3
	JNE	descriptor

	// Which signals are ignored.
	MOVL	$1, R12
signal:
	MOVL	$NR_RT_SIGACTION, AX
	MOVQ	R12, DI
	XORL	SI, SI
	LEAQ	·action(SB), DX
	MOVL	$SIGSET_SIZE, R10
	SYSCALL
	CMPQ	·action(SB), $SIG_IGN
	JNE	nextSignal
	LEAQ	-1(R12), CX
	BTSQ	CX, ·ignored(SB)
nextSignal:
	INCQ	R12
	CMPQ	R12, $65
	JNE	signal

	// Which signals are blocked.
	MOVL	$NR_RT_SIGPROCMASK, AX
	XORL	DI, DI
	XORL	SI, SI
	LEAQ	·blocked(SB), DX
	MOVL	$SIGSET_SIZE, R10
	SYSCALL

	// Those that the runtime unblocks must not be pending.
	MOVQ	·blocked(SB), AX
	ANDQ	AX, ·unblocked(SB)
pending:
	MOVL	$NR_RT_SIGTIMEDWAIT, AX
	LEAQ	·unblocked(SB), DI
	XORL	SI, SI
	LEAQ	·noTime(SB), DX
	MOVL	$SIGSET_SIZE, R10
	SYSCALL
	TESTQ	AX, AX
	JLE	ending
	DECQ	AX
	BTSQ	AX, ·pending(SB)
	JMP	pending

	// Signals that end a program: the runtime has no handler for some of them.
	// If they are blocked, they are ignored, since the blocking does not last.
ending:
	MOVQ	·ignored(SB), AX
	ORQ	·blocked(SB), AX
	ANDQ	·ending(SB), AX
	ORQ	AX, ·kept(SB)
	MOVL	$SIG_IGN, ·ignore(SB)
	MOVL	$1, R12
blockedSignal:
	LEAQ	-1(R12), CX
	MOVQ	·ending(SB), AX
	ANDQ	·blocked(SB), AX
	BTQ	CX, AX
	JCC	nextBlocked
	MOVL	$NR_RT_SIGACTION, AX
	MOVQ	R12, DI
	LEAQ	·ignore(SB), SI
	XORL	DX, DX
	MOVL	$SIGSET_SIZE, R10
	SYSCALL
nextBlocked:
	INCQ	R12
	CMPQ	R12, $65
	JNE	blockedSignal

	// The limits. A limit too low for the runtime is raised, if that is
	// allowed.
	LEAQ	·limits(SB), R12
	LEAQ	·limits+(LIMITS*LIMIT_SIZE)(SB), R13
limit:
	MOVL	$NR_PRLIMIT64, AX
	XORL	DI, DI
	MOVQ	LIMIT_RESOURCE(R12), SI
	XORL	DX, DX
	LEAQ	LIMIT_FOUND(R12), R10
	SYSCALL
	MOVQ	LIMIT_NEED(R12), AX
	MOVQ	LIMIT_FOUND_MAX(R12), CX
	CMPQ	LIMIT_FOUND(R12), AX
	JCC	nextLimit
	MOVB	$1, LIMIT_CHANGED(R12)
	MOVQ	AX, ·wanted+0(SB)
	MOVQ	CX, ·wanted+8(SB)
	CMPQ	CX, AX
	JCC	raise
	MOVQ	AX, ·wanted+8(SB)
raise:
	MOVL	$NR_PRLIMIT64, AX
	XORL	DI, DI
	MOVQ	LIMIT_RESOURCE(R12), SI
	LEAQ	·wanted(SB), DX
	XORL	R10, R10
	SYSCALL
	TESTQ	AX, AX
	JEQ	nextLimit

	// It is not allowed.
	MOVQ	LIMIT_MINIMUM(R12), AX
	CMPQ	LIMIT_FOUND(R12), AX
	JCS	fail
	MOVQ	LIMIT_LOWERED(R12), AX
	TESTQ	AX, AX
	JEQ	nextLimit
	MOVQ	AX, ·wanted+0(SB)
	MOVQ	LIMIT_FOUND_MAX(R12), CX
	MOVQ	CX, ·wanted+8(SB)
	MOVL	$NR_PRLIMIT64, AX
	XORL	DI, DI
	MOVQ	LIMIT_RESOURCE(R12), SI
	LEAQ	·wanted(SB), DX
	XORL	R10, R10
	SYSCALL
nextLimit:
	ADDQ	$LIMIT_SIZE, R12
	CMPQ	R12, R13
	JNE	limit
	RET

fail:
	MOVL	$NR_WRITE, AX
	MOVL	$STDERR, DI
	MOVQ	LIMIT_MESSAGE(R12), SI
	MOVQ	LIMIT_MESSAGE_SIZE(R12), DX
	SYSCALL
exit:
	MOVL	$1, DI
	MOVL	$NR_EXIT_GROUP, AX
	SYSCALL
	JMP	exit

// int setAction(int sig, const struct sigaction *new, struct sigaction *old)
//
// For signals in kept it does nothing. For others it returns EINVAL: then the
// runtime itself calls rt_sigaction.
TEXT ·setAction(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	$EINVAL, AX
	TESTQ	SI, SI
	JEQ	done
	MOVLQSX	DI, CX
	DECQ	CX
	MOVQ	·kept(SB), DX
	BTQ	CX, DX
	JCC	done
	XORL	AX, AX
done:
	RET
