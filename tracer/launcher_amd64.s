#include "textflag.h"

// The launcher is a process that is to become a command. It runs only the code
// in this file: one system call after the other from a list of steps, the last
// one execve. It uses no stack, calls no function, and has all its signals
// blocked, so that it may share the memory of the Go program that made it, or
// have no memory except its steps.
//
// R12 is the step, R13 the number of its call, R14 its result. R15 is nonzero
// once the launcher stops for its tracer.

// struct step of launcher.go.
#define STEP_NR 0
#define STEP_ARGS 8
#define STEP_CHECK 56
#define STEP_WANT 64
#define STEP_SIZE 72

// Values of step.check.
#define CHECK_ERROR 1
#define CHECK_RESULT 2
#define CHECK_WORD 3
#define CHECK_SKIP 4
#define CHECK_STOP 5
#define CHECK_PARENT 6

// Numbers of system calls.
#define NR_CLONE 56
#define NR_EXIT_GROUP 231

// func cloneLauncher(first *step, flags uintptr) (pid int)
TEXT ·cloneLauncher(SB), NOSPLIT|NOFRAME, $0-24
	MOVQ	first+0(FP), R12
	MOVQ	flags+8(FP), DI
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$NR_CLONE, AX
	SYSCALL
	TESTQ	AX, AX
	JEQ	child
	MOVQ	AX, pid+16(FP)
	RET
child:
	// The stack is the parent's, which continues to use it.
	JMP	·launcherCode(SB)

// func becomeLauncher(first *step)
TEXT ·becomeLauncher(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ	first+0(FP), R12
	JMP	·launcherCode(SB)

// func launcherCode()
TEXT ·launcherCode(SB), NOSPLIT|NOFRAME, $0-0
	XORL	R15, R15
call:
	MOVQ	STEP_NR(R12), R13
	MOVQ	(STEP_ARGS+0)(R12), DI
	MOVQ	(STEP_ARGS+8)(R12), SI
	MOVQ	(STEP_ARGS+16)(R12), DX
	MOVQ	(STEP_ARGS+24)(R12), R10
	MOVQ	(STEP_ARGS+32)(R12), R8
	MOVQ	(STEP_ARGS+40)(R12), R9
	MOVQ	R13, AX
	SYSCALL
	MOVQ	AX, R14
	MOVQ	STEP_CHECK(R12), CX
	CMPQ	CX, $CHECK_ERROR
	JEQ	checkError
	CMPQ	CX, $CHECK_RESULT
	JEQ	checkResult
	CMPQ	CX, $CHECK_WORD
	JEQ	checkWord
	CMPQ	CX, $CHECK_SKIP
	JEQ	checkSkip
	CMPQ	CX, $CHECK_STOP
	JEQ	checkStop
	CMPQ	CX, $CHECK_PARENT
	JEQ	checkParent
next:
	ADDQ	$STEP_SIZE, R12
	JMP	call

checkError:
	CMPQ	AX, $-4095
	JCS	next
	JMP	stop

checkResult:
	CMPQ	AX, STEP_WANT(R12)
	JEQ	next
	JMP	exit

	// A seccomp filter may deny the result, with an error or with 0.
checkParent:
	CMPQ	AX, STEP_WANT(R12)
	JEQ	next
	CMPQ	AX, $0
	JLE	next
	JMP	exit

checkWord:
	CMPL	0(DI), $0
	JEQ	call
	JMP	next

checkSkip:
	CMPQ	AX, $-4095
	JCC	next
	MOVQ	STEP_WANT(R12), AX
	ADDQ	AX, R12
	JMP	next

checkStop:
	XORL	R14, R14 // this is not a failure

	// Stop for the tracer, by a breakpoint: a seccomp filter might refuse any
	// system call. Then the launcher continues to its execve, or exits if a step
	// has failed.
stop:
	MOVQ	STEP_WANT(R12), R15
	INCQ	R15
	INT	$3
	CMPQ	STEP_CHECK(R12), $CHECK_STOP
	JEQ	next

exit:
	MOVL	$1, DI
	MOVL	$NR_EXIT_GROUP, AX
	SYSCALL
	HLT // the call was refused; SIGSEGV ends the process
	JMP	exit

// func launcherText() (start uintptr)
TEXT ·launcherText(SB), NOSPLIT|NOFRAME, $0-8
	LEAQ	·launcherCode(SB), AX
	MOVQ	AX, start+0(FP)
	RET
