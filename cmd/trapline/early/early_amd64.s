#include "textflag.h"

// Code that runs before the Go runtime. rt0_go calls the function that
// _cgo_init points to, if it is set, where cgo would prepare the main thread;
// here it is the function below. In its place it prepares the main thread, by
// mainThread: a build with cgo does this otherwise than one without.
//
// No Go code can run here. There is a stack, of which only mainThread uses much.

// With cgo, runtime/cgo has a variable of this name, too. Of variables that may
// be there twice (DUPOK), the linker takes the larger one.
DATA _cgo_init+0(SB)/8, $·record(SB)
GLOBL _cgo_init(SB), DUPOK|NOPTR, $16

// Memory for system calls: some of the kernel's struct sigaction, a zero struct
// timespec, and two of struct rlimit.
GLOBL ·action(SB), NOPTR, $32
GLOBL ·trap(SB), NOPTR, $32
GLOBL ·foundTrap(SB), NOPTR, $32
GLOBL ·ignore(SB), NOPTR, $32
GLOBL ·byDefault(SB), NOPTR|RODATA, $32
GLOBL ·noTime(SB), NOPTR, $16
GLOBL ·wanted(SB), NOPTR, $16
GLOBL ·files(SB), NOPTR, $16

// Numbers of system calls.
#define NR_WRITE 1
#define NR_MMAP 9
#define NR_RT_SIGACTION 13
#define NR_RT_SIGPROCMASK 14
#define NR_GETPID 39
#define NR_KILL 62
#define NR_FCNTL 72
#define NR_RT_SIGTIMEDWAIT 128
#define NR_PRCTL 157
#define NR_EXIT_GROUP 231
#define NR_PRLIMIT64 302

#define F_GETFD 1
#define PR_SET_TIMERSLACK 29
#define PR_GET_TIMERSLACK 30
#define EPERM 1
#define EBADF 9
#define EACCES 13
#define EINVAL 22
#define ENOSYS 38
#define MAP_FIXED 0x10
#define PAGE_SIZE 4096
#define SIG_IGN 1
#define SIGSYS 31
#define SA_SIGINFO 0x4
#define SA_RESTORER 0x04000000
#define SA_ONSTACK 0x08000000
#define SYS_SECCOMP 1
#define SIGSET_SIZE 8
#define STDERR 2
#define STANDARD_FILES 3
#define RLIMIT_NOFILE 7

#define STACK_NEEDED 8192

// struct limit of early.go.
#define LIMIT_RESOURCE 0
#define LIMIT_NEED 8
#define LIMIT_MINIMUM 16
#define LIMIT_UNRESERVED 24
#define LIMIT_FOUND 32
#define LIMIT_FOUND_MAX 40
#define LIMIT_CHANGED 48
#define LIMIT_MESSAGE 56
#define LIMIT_MESSAGE_SIZE 64
#define LIMIT_SIZE 72
#define LIMITS 4

// struct call of early.go.
#define CALL_NR 0
#define CALL_ARGS 8
#define CALL_MESSAGE 40
#define CALL_MESSAGE_SIZE 48
#define CALL_SIZE 56
#define CALLS 9

// void record(void *g0, void (*setg)(void *))
TEXT ·record(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ	DI, R14
	MOVQ	SI, R15

	// A seccomp filter may answer calls by a signal.
	LEAQ	·trapped(SB), AX
	MOVQ	AX, ·trap+0(SB)
	MOVQ	$(SA_SIGINFO|SA_RESTORER|SA_ONSTACK), ·trap+8(SB)
	LEAQ	·handled(SB), AX
	MOVQ	AX, ·trap+16(SB)
	MOVL	$NR_RT_SIGACTION, AX
	MOVL	$SIGSYS, DI
	LEAQ	·trap(SB), SI
	LEAQ	·foundTrap(SB), DX
	MOVL	$SIGSET_SIZE, R10
	SYSCALL

	// Whether the calls that the runtime needs are allowed.
	LEAQ	·needed(SB), R12
	LEAQ	·needed+(CALLS*CALL_SIZE)(SB), R13
needed:
	MOVQ	CALL_NR(R12), AX
	MOVQ	(CALL_ARGS+0)(R12), DI
	MOVQ	(CALL_ARGS+8)(R12), SI
	MOVQ	(CALL_ARGS+16)(R12), DX
	MOVQ	(CALL_ARGS+24)(R12), R10
	SYSCALL
	CMPQ	AX, $-EPERM
	JEQ	refused
	CMPQ	AX, $-EACCES
	JEQ	refused
	CMPQ	AX, $-ENOSYS
	JEQ	refused
	ADDQ	$CALL_SIZE, R12
	CMPQ	R12, R13
	JNE	needed
	LEAQ	·notTrapped(SB), R12
	MOVQ	CALL_NR(R12), AX
	SYSCALL
	CMPB	·anyTrapped(SB), $0
	JNE	refused

	CALL	·populate(SB)

	// The runtime calls this function to set the action of a signal.
	LEAQ	·setAction(SB), AX
	MOVQ	AX, _cgo_sigaction(SB)

	// The slack of timers: see startSlack.
	MOVL	$NR_PRCTL, AX
	MOVL	$PR_GET_TIMERSLACK, DI
	SYSCALL
	TESTQ	AX, AX
	JLE	descriptors
	CMPQ	AX, ·startSlack(SB)
	JCC	descriptors
	MOVQ	AX, ·slack(SB)
	MOVL	$NR_PRCTL, AX
	MOVL	$PR_SET_TIMERSLACK, DI
	MOVQ	·startSlack(SB), SI
	SYSCALL

	// Which standard descriptors are closed.
descriptors:
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
	CMPQ	·foundTrap(SB), $SIG_IGN
	JNE	masks
	BTSQ	$(SIGSYS-1), ·ignored(SB)

	// Which signals are blocked.
masks:
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
	TESTQ	AX, AX
	JNE	nextLimit // refused by a seccomp filter
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
	JCS	tooLow
	CMPB	LIMIT_UNRESERVED(R12), $0
	JEQ	nextLimit
	LEAQ	·mapMemory(SB), AX
	MOVQ	AX, _cgo_mmap(SB)
nextLimit:
	ADDQ	$LIMIT_SIZE, R12
	CMPQ	R12, R13
	JNE	limit

	// Whether the stack can grow: the kernel writes a signal mask there.
	MOVL	$NR_RT_SIGPROCMASK, AX
	XORL	DI, DI
	XORL	SI, SI
	LEAQ	-STACK_NEEDED(SP), DX
	MOVL	$SIGSET_SIZE, R10
	SYSCALL
	TESTQ	AX, AX
	JNE	noStack

	// In the C library's way, it opens a file, and needs an aligned stack.
	MOVQ	R14, DI
	MOVQ	R15, SI
	SUBQ	$8, SP
	CALL	·mainThread(SB)
	ADDQ	$8, SP

	// The runtime opens no files: see filesLimited.
	MOVL	$NR_PRLIMIT64, AX
	XORL	DI, DI
	MOVL	$RLIMIT_NOFILE, SI
	XORL	DX, DX
	LEAQ	·files(SB), R10
	SYSCALL
	TESTQ	AX, AX
	JNE	start
	CMPQ	·files+0(SB), $STANDARD_FILES
	JLS	start
	MOVQ	$STANDARD_FILES, ·wanted+0(SB)
	MOVQ	·files+8(SB), AX
	MOVQ	AX, ·wanted+8(SB)
	MOVL	$NR_PRLIMIT64, AX
	XORL	DI, DI
	MOVL	$RLIMIT_NOFILE, SI
	LEAQ	·wanted(SB), DX
	XORL	R10, R10
	SYSCALL
	TESTQ	AX, AX
	SETEQ	·filesLimited(SB)
start:
	RET

noStack:
	MOVQ	·noStack+0(SB), SI
	MOVQ	·noStack+8(SB), DX
	JMP	fail
refused:
	MOVQ	CALL_MESSAGE(R12), SI
	MOVQ	CALL_MESSAGE_SIZE(R12), DX
	JMP	fail
tooLow:
	MOVQ	LIMIT_MESSAGE(R12), SI
	MOVQ	LIMIT_MESSAGE_SIZE(R12), DX
fail:
	MOVL	$NR_WRITE, AX
	MOVL	$STDERR, DI
	SYSCALL
exit:
	MOVL	$1, DI
	MOVL	$NR_EXIT_GROUP, AX
	SYSCALL
	JMP	exit

// Members of siginfo_t and, behind ucontext_t's own, of struct sigcontext.
#define SIGINFO_CODE 8
#define UCONTEXT_RAX 144

// void trapped(int sig, siginfo_t *info, void *context)
//
// The handler of SIGSYS, on any thread and at any time. A call that a seccomp filter
// answers by SECCOMP_RET_TRAP fails as one that the kernel does not have: the filter
// leaves the call's number in the place of its result. The signal of a process ends
// this one.
TEXT ·trapped(SB), NOSPLIT|NOFRAME, $0-0
	CMPL	SIGINFO_CODE(SI), $SYS_SECCOMP
	JNE	sent
	MOVQ	$-ENOSYS, UCONTEXT_RAX(DX)
	MOVB	$1, ·anyTrapped(SB)
	RET
sent:
	MOVL	$NR_RT_SIGACTION, AX
	MOVL	$SIGSYS, DI
	LEAQ	·byDefault(SB), SI
	XORL	DX, DX
	MOVL	$SIGSET_SIZE, R10
	SYSCALL
	MOVL	$NR_GETPID, AX
	SYSCALL
	MOVQ	AX, DI
	TESTQ	AX, AX
	JLE	gone // a filter refuses it
	MOVL	$NR_KILL, AX
	MOVL	$SIGSYS, SI
	SYSCALL
gone:
	RET

// int setAction(int sig, const struct sigaction *new, struct sigaction *old)
//
// For signals in kept it does nothing. For others it returns EINVAL: then the
// runtime itself calls rt_sigaction. The first call ends what filesLimited says.
TEXT ·setAction(SB), NOSPLIT|NOFRAME, $0-0
	CALL	·endPopulated(SB)
	CMPB	·filesLimited(SB), $0
	JEQ	action
	MOVB	$0, ·filesLimited(SB)
	MOVQ	DI, R8
	MOVQ	SI, R9
	MOVL	$NR_PRLIMIT64, AX
	XORL	DI, DI
	MOVL	$RLIMIT_NOFILE, SI
	LEAQ	·files(SB), DX
	XORL	R10, R10
	SYSCALL
	MOVQ	R8, DI
	MOVQ	R9, SI
action:
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

// uintptr mapMemory(void *addr, size_t size, int prot, int flags, int fd, uint32 offset)
//
// It makes the call mmap, except for memory that is only reserved, which would count
// as address space, and there is too little of that. For such memory it returns an
// address where nothing is mapped, and where the kernel maps nothing by itself. The runtime
// maps what it uses of a reservation there by MAP_FIXED.
TEXT ·mapMemory(SB), NOSPLIT|NOFRAME, $0-0
	TESTL	DX, DX // PROT_NONE
	JNE	map
	TESTL	$MAP_FIXED, CX
	JNE	map
	MOVQ	DI, AX
	TESTQ	AX, AX
	JNE	mapped
	MOVQ	SI, AX
	ADDQ	$(PAGE_SIZE-1), AX
	ANDQ	$~(PAGE_SIZE-1), AX
	LOCK
	XADDQ	AX, ·unmapped(SB)
	RET
map:
	MOVL	CX, R10
	MOVL	$NR_MMAP, AX
	SYSCALL
	CMPQ	AX, $-(PAGE_SIZE-1)
	JCS	mapped
	NEGQ	AX // the number of an error
mapped:
	RET
