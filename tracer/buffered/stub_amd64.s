#include "go_asm.h"
#include "textflag.h"

// The stub makes a call of the program and records it in the ring of its thread.
// It is copied to StubAddr of each traced process, so it must not depend on its
// address. It does not use the program's stack, vector registers, CALL or RET.
//
// A trampoline jumps here with the thread's area in R11 and the address of its
// slow call in RCX, two registers that a system call overwrites. All others have
// the program's values. In any unusual case the stub restores the registers and
// jumps to the slow call, which stops for the tracer.
//
// No signal handler ever runs while a thread is in the stub: the tracer, which sees
// each signal first, moves the thread to the program's call or after it. The labels,
// which are instructions that do nothing, tell the tracer how far the thread is.
// Unwind (unwind.go) depends on them, and any change here must keep to its rules.
//
// BX is the area, R12 its head, R14 the record, R13 the entry in the table of
// calls, R15 an operation, BP where the next chunk goes.

#define RESTORE_SAVED \
	MOVQ	const_areaR12(BX), R12; \
	MOVQ	const_areaR13(BX), R13; \
	MOVQ	const_areaR14(BX), R14; \
	MOVQ	const_areaR15(BX), R15; \
	MOVQ	const_areaBP(BX), BP

// A label is nopl with its number (stub.go) in the address.
#define LABEL(n) BYTE $0x0f; BYTE $0x1f; BYTE $0x80; LONG $(0x5b7ab100+n)

// The last instructions of the stub. Moves leave the flags alone.
#define LEAVE \
	MOVQ	const_areaSP(BX), SP; \
	MOVQ	const_areaBX(BX), BX; \
	JMP	CX

TEXT ·stub(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ	SP, const_areaSP(R11)
	MOVQ	BX, const_areaBX(R11)
	MOVQ	BP, const_areaBP(R11)
	MOVQ	R12, const_areaR12(R11)
	MOVQ	R13, const_areaR13(R11)
	MOVQ	R14, const_areaR14(R11)
	MOVQ	R15, const_areaR15(R11)
	MOVQ	CX, const_areaSlow(R11)
	LEAQ	const_areaStack(R11), SP

	LABEL(1) // labelMoved
	BYTE	$0x9c // pushfq

	LABEL(2) // labelSaved
	MOVQ	R11, BX
	// The trap flag is set by a program that single-steps itself. The direction
	// flag would copy backwards.
	TESTL	$0x500, const_areaFlags(BX)
	JNE	slow
	CMPQ	AX, $const_tableCalls
	JCC	slow
	MOVQ	AX, R13
	SHLQ	$4, R13
	ADDQ	const_areaCalls(BX), R13
choose:
	MOVL	const_entryNeed(R13), R15
	TESTL	R15, R15
	JEQ	slow
	TESTB	$const_entryHasCommands, const_entryFlags(R13)
	JNE	commands

	// Is there space for the largest record?
	MOVQ	const_areaHead(BX), R12
	LEAQ	(R12)(R15*1), R14
	SUBQ	const_areaTail(BX), R14
	CMPQ	R14, $const_RingSize
	JHI	slow

	MOVQ	R12, R14
	ANDQ	$(const_RingSize-8), R14
	ADDQ	const_areaRing(BX), R14
	MOVQ	AX, const_recNR(R14)
	MOVQ	DI, (const_recArgs+0)(R14)
	MOVQ	SI, (const_recArgs+8)(R14)
	MOVQ	DX, (const_recArgs+16)(R14)
	MOVQ	R10, (const_recArgs+24)(R14)
	MOVQ	R8, (const_recArgs+32)(R14)
	MOVQ	R9, (const_recArgs+40)(R14)
	MOVQ	const_areaSlow(BX), CX
	MOVQ	const_slowReturn(CX), CX
	MOVQ	CX, const_recIP(R14)
	MOVQ	const_areaSP(BX), CX
	MOVQ	CX, const_recSP(R14)
	MOVQ	$-1, const_recUnbounded(R14)
	LEAQ	const_recChunks(R14), BP
	JMP	filled

	// The call has sub-commands: find the entry for this one. R12, R14 and R15
	// are free.
commands:
	MOVBLZX	const_entryArg(R13), R14
	CMPL	R14, $1
	JEQ	second
	JHI	other
	MOVL	DI, R12
	JMP	masked
second:
	MOVL	SI, R12
	JMP	masked
other:
	CMPL	R14, $2
	JNE	slow
	MOVL	DX, R12
masked:
	ANDL	const_entryMask(R13), R12
	MOVWLZX	const_entryCount(R13), R14
	MOVL	const_entryFirst(R13), BP
	ADDQ	const_areaCalls(BX), BP
command:
	TESTL	R14, R14
	JEQ	chosen
	CMPL	R12, const_commandValue(BP)
	JEQ	found
	ADDQ	$const_commandSize, BP
	DECL	R14
	JMP	command
found:
	MOVL	const_commandEntry(BP), R15
chosen:
	// An entry of a command has no commands itself: this ends.
	MOVQ	R15, R13
	ADDQ	const_areaCalls(BX), R13
	TESTB	$const_entryHasCommands, const_entryFlags(R13)
	JEQ	choose

slow:
	MOVQ	const_areaSlow(BX), CX
	RESTORE_SAVED
	BYTE	$0x9d // popfq
	LEAVE

	// The tracer sleeps. A call that stops wakes the tracer, which skips the call and
	// sends the thread back to labelReady. The registers are those of the program's call.
alarmBefore:
	MOVL	$const_wakeBefore, R15
	MOVL	$const_WakeAddr, CX
	JMP	CX

	// From here on the arguments are in the record.
filled:
	LABEL(3) // labelFilled
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	MOVQ	AX, const_recStart(R14)
	TESTB	$(const_entryHasBefore|const_entryReturns), const_entryFlags(R13)
	JEQ	ready
	TESTB	$const_entryReturns, const_entryFlags(R13)
	JNE	returns
	MOVL	$2, const_areaPhase(BX) // BeforeCall
	JMP	copy

	// The call is rt_sigreturn, which does not come back here. Its result is in the frame
	// at the program's stack pointer. The kernel copies the frame, since it may be anywhere;
	// the frame of the floating point registers has to be one that it will not refuse, as
	// resultOfFrame says (foreseen.go in tracer).
returns:
	TESTL	$const_guardNoCalls, const_areaGuard(BX)
	JNE	tooMuch
	CMPB	const_areaAlarm(BX), $0
	JNE	tooMuch // the tracer sleeps, and this call wakes it
	MOVQ	const_areaSP(BX), AX
	MOVQ	AX, const_areaRemote(BX)
	MOVQ	$const_frameSize, (const_areaRemote+8)(BX)
	LEAQ	const_chunkData(BP), AX
	MOVQ	AX, const_areaLocal(BX)
	MOVQ	$const_frameSize, (const_areaLocal+8)(BX)
	MOVQ	const_areaPID(BX), DI
	LEAQ	const_areaLocal(BX), SI
	MOVL	$1, DX
	LEAQ	const_areaRemote(BX), R10
	MOVL	$1, R8
	XORL	R9, R9
	MOVL	$const_sysProcessVMReadv, AX
	SYSCALL
	CMPQ	AX, $const_frameSize
	JNE	tooMuch
	MOVQ	(const_chunkData+const_frameFP)(BP), SI
	TESTQ	SI, SI
	JEQ	sound
	TESTQ	$(const_fpAlignment-1), SI
	JNE	tooMuch
	// Its header, and the word after it: in between there is memory, too, as both are
	// less than a page apart.
	MOVQ	SI, const_areaRemote(BX)
	MOVQ	$const_fpHeaderSize, (const_areaRemote+8)(BX)
	ADDQ	$const_fpEnd, SI
	MOVQ	SI, (const_areaRemote+16)(BX)
	MOVQ	$4, (const_areaRemote+24)(BX)
	LEAQ	const_areaFP(BX), AX
	MOVQ	AX, const_areaLocal(BX)
	MOVQ	$(const_fpHeaderSize+4), (const_areaLocal+8)(BX)
	LEAQ	const_areaLocal(BX), SI
	MOVL	$2, R8
	MOVL	$const_sysProcessVMReadv, AX
	SYSCALL
	CMPQ	AX, $(const_fpHeaderSize+4)
	JNE	tooMuch
	CMPL	(const_areaFP+const_fpMagic)(BX), $const_fpMagicValue
	JNE	tooMuch
	TESTL	$const_reservedMXCSR, (const_areaFP+const_fpMXCSR)(BX)
	JNE	tooMuch
	MOVL	(const_areaFP+const_fpSize)(BX), AX
	CMPL	AX, $const_fpHeaderSize
	JCS	tooMuch
	CMPL	AX, $const_fpEnd
	JHI	tooMuch
	MOVQ	(const_areaFP+const_fpFeatures)(BX), AX
	ANDQ	const_areaFeatures(BX), AX
	NOTQ	AX
	TESTQ	AX, (const_areaFP+const_fpPresent)(BX)
	JNE	tooMuch
	MOVQ	(const_areaFP+const_fpPresent+8)(BX), AX
	ORQ	(const_areaFP+const_fpPresent+16)(BX), AX
	ORQ	(const_areaFP+const_fpPresent+24)(BX), AX
	ORQ	(const_areaFP+const_fpPresent+32)(BX), AX
	ORQ	(const_areaFP+const_fpPresent+40)(BX), AX
	ORQ	(const_areaFP+const_fpPresent+48)(BX), AX
	ORQ	(const_areaFP+const_fpPresent+56)(BX), AX
	JNE	tooMuch

sound:
	MOVQ	(const_chunkData+const_frameRAX)(BP), AX
	MOVQ	AX, const_recResult(R14)
	MOVQ	const_recStart(R14), AX
	MOVQ	AX, const_recEnd(R14)
	CMPW	const_entryCount(R13), $0
	JEQ	frameless // it is not shown
	MOVQ	const_areaSP(BX), AX
	MOVQ	AX, const_chunkAddr(BP)
	MOVL	const_entryFirst(R13), AX
	ADDQ	const_areaCalls(BX), AX
	MOVL	AX, const_chunkOp(BP)
	MOVL	$const_frameSize, const_chunkSize(BP)
	MOVQ	$const_frameSize, const_chunkWant(BP)
	ADDQ	$(const_chunkData+const_frameSize), BP
frameless:
	SUBQ	R14, BP
	MOVQ	BP, const_recSize(R14)
	ADDQ	BP, R12
	LOCK
	ORL	$const_guardUnknown, const_areaGuard(BX) // other signals are blocked now
	MOVQ	const_areaSP(BX), SP
	MOVL	$const_sysRtSigreturn, AX
	// From here on the call counts as made: finishReturn (foreseen.go) makes it for a
	// thread that a signal stops between these two instructions.
	MOVQ	R12, const_areaHead(BX)
	SYSCALL

	LABEL(11) // labelReturning
	// A filter of the program has refused it.
	LEAQ	(const_areaStack-8)(BX), SP
	JMP	tooMuch

ready:
	LABEL(4) // labelReady
	LEAQ	1(R12), CX
	MOVQ	CX, const_areaInFlight(BX)
	MOVQ	const_recNR(R14), AX
	MOVQ	(const_recArgs+0)(R14), DI
	MOVQ	(const_recArgs+8)(R14), SI
	MOVQ	(const_recArgs+16)(R14), DX
	MOVQ	(const_recArgs+24)(R14), R10
	MOVQ	(const_recArgs+32)(R14), R8
	MOVQ	(const_recArgs+40)(R14), R9
	CMPB	const_areaAlarm(BX), $0
	JNE	alarmBefore
	SYSCALL
	MOVQ	AX, const_recResult(R14)

	LABEL(5) // labelNoted
	CMPB	const_areaTimesEnds(BX), $0
	JEQ	untimed
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
timed:
	MOVQ	AX, const_recEnd(R14)
	CMPW	const_entryCount(R13), $0
	JEQ	complete
	MOVL	$13, AX // AnyTime, IfSucceeded, AfterCall
	CMPQ	const_recResult(R14), $-4095
	JCS	phase
	MOVL	$9, AX // AnyTime, AfterCall
phase:
	MOVL	AX, const_areaPhase(BX)
	MOVL	const_areaGuard(BX), AX
	TESTL	AX, AX
	JEQ	copy

	// A fault in the stub might change the program's mask or actions (guard.go).
	// Unless that is impossible, the kernel does all copying.
	ORL	$const_phaseGuarded, const_areaPhase(BX)
	TESTL	$(const_guardHeld|const_guardNoCalls), AX
	JNE	copy
	TESTL	$const_guardUnknown, AX
	JEQ	copy
	MOVL	$const_guardFaults, CX
	LOCK
	CMPXCHGL	CX, const_areaGuard(BX)
	JNE	copy
	XORL	DI, DI
	XORL	SI, SI
	LEAQ	const_areaLocal(BX), DX
	MOVL	$8, R10 // the size of a set of signals
	MOVL	$const_sysRtSigprocmask, AX
	SYSCALL
	TESTQ	AX, AX
	JNE	copy
	TESTL	$const_faultSignals, const_areaLocal(BX)
	JNE	copy
	MOVL	$const_sigBus, DI
action:
	XORL	SI, SI
	LEAQ	const_areaLocal(BX), DX // and areaRemote: struct sigaction has 32 bytes
	MOVL	$8, R10
	MOVL	$const_sysRtSigaction, AX
	SYSCALL
	TESTQ	AX, AX
	JNE	copy
	CMPQ	const_areaLocal(BX), $const_sigIgn
	JEQ	copy
	CMPL	DI, $const_sigSegv
	MOVL	$const_sigSegv, DI
	JNE	action
	MOVL	$const_guardFaults, AX
	XORL	CX, CX
	LOCK
	CMPXCHGL	CX, const_areaGuard(BX)
	JNE	copy
	ANDL	$~const_phaseGuarded, const_areaPhase(BX)
	JMP	copy

	// Reading the counter takes as long as the rest of the stub.
untimed:
	MOVQ	const_recStart(R14), AX
	JMP	timed

	// Do the operations of this phase.
copy:
	LABEL(6) // labelCopy
	MOVWLZX	const_entryCount(R13), AX
	SHLL	$4, AX
	MOVL	const_entryFirst(R13), R15
	ADDQ	const_areaCalls(BX), R15
	ADDQ	R15, AX
	MOVQ	AX, const_areaOpsEnd(BX)
operation:
	CMPQ	R15, const_areaOpsEnd(BX)
	JCC	done
	MOVBLZX	const_opWhen(R15), CX
	MOVL	const_areaPhase(BX), AX
	BTL	CX, AX
	JCC	next
	MOVBLZX	const_opArg(R15), AX
	MOVQ	const_recArgs(R14)(AX*8), SI
	CMPB	const_opKind(R15), $3
	JEQ	null
	JCS	memory
	CMPB	const_opKind(R15), $4
	JEQ	atMost
	CMPB	const_opKind(R15), $6
	JEQ	listed
	JHI	more
	MOVQ	$0, const_areaVector(BX)
memory:
	MOVQ	SI, AX
	SUBQ	$0x10000, AX
	JLT	absent // a null pointer, or beyond all user memory

	// DX is the number of elements.
	MOVBLZX	const_opCount(R15), CX
	MOVQ	const_recArgs(R14)(CX*8), DX
	CMPB	const_opKind(R15), $2
	JNE	counted
	MOVQ	DX, AX
	SUBQ	$0x10000, AX
	JLT	next
	TESTL	$const_phaseGuarded, const_areaPhase(BX)
	JNE	number
	MOVL	(DX), DX // as the call has just written it: KindCounted is IfSucceeded
counted:
	CMPB	const_opLow32(R15), $0
	JEQ	limit
	MOVL	DX, DX
limit:
	CMPL	CX, $6
	JNE	limited
	CMPQ	DX, $-4095
	JCC	next // the result is an error
limited:
	MOVQ	DX, R8
	MOVBLZX	const_opShift(R15), CX
	MOVL	$1, AX
	SHLQ	CX, AX
	DECQ	AX
	ADDQ	AX, DX
	SHRQ	CX, DX
	MOVBLZX	const_opCount(R15), CX
	MOVL	const_opMost(R15), AX
	CMPQ	DX, AX
	CMOVQHI	AX, DX
	MOVL	const_opSize(R15), AX
	CMPB	const_opKind(R15), $5
	JNE	sized
	MOVL	$const_iovecSize, AX
sized:
	IMULQ	AX, DX
	TESTQ	DX, DX
	JEQ	next

	// Memory that the call has just used must exist. In all other cases the kernel
	// has to copy it: before the call, after a call that failed, and if the call may
	// have used less than its argument says.
	CMPL	const_areaPhase(BX), $13
	JNE	failed
	CMPB	const_opKind(R15), $2
	JEQ	safe // the number may be larger than the memory that the call was given
	CMPB	const_opWhen(R15), $0
	JNE	direct
	CMPB	const_opKind(R15), $5
	JEQ	direct // the call has read all of a vector
	CMPL	CX, $6
	JCC	direct
	CMPQ	R8, const_recResult(R14)
	JNE	partly
direct:
	LEAQ	const_chunkData(BP), DI
	MOVQ	SI, const_chunkAddr(BP)
	MOVL	R15, const_chunkOp(BP)
	MOVQ	DX, const_chunkWant(BP)
	CMPB	const_opKind(R15), $1
	JEQ	string
	MOVL	DX, const_chunkSize(BP)
	CMPQ	DX, $8
	JCS	few
	CMPQ	DX, $256
	JHI	many
	MOVQ	-8(SI)(DX*1), R8
	LEAQ	-8(DX), R9
	XORL	CX, CX
	JMP	eights
eight:
	MOVQ	(SI)(CX*1), AX
	MOVQ	AX, (DI)(CX*1)
	ADDQ	$8, CX
eights:
	CMPQ	CX, R9
	JCS	eight
	MOVQ	R8, -8(DI)(DX*1)
	ADDQ	DX, DI
	JMP	copied

	// The result does not say whether the call has used all of it.
partly:
	CMPB	const_opTaken(R15), $0
	JNE	direct
	JMP	safe

	// Up to 7 bytes, at least one.
few:
	MOVB	(SI), AX
	MOVB	AX, (DI)
	INCQ	SI
	INCQ	DI
	DECQ	DX
	JNE	few
	JMP	copied

	// The processor takes some time to begin with this.
many:
	MOVQ	DX, CX
	REP; MOVSB
	JMP	copied
string:
	XORL	CX, CX
character:
	MOVB	(SI)(CX*1), AX
	MOVB	AX, (DI)(CX*1)
	INCQ	CX
	TESTB	AX, AX
	JEQ	ended
	CMPQ	CX, DX
	JCS	character
ended:
	MOVL	CX, const_chunkSize(BP)
	LEAQ	const_chunkData(BP)(CX*1), DI
copied:
	MOVQ	BP, CX
	MOVQ	$0, (DI) // there is space for it: see CallTable.entry
	ADDQ	$7, DI
	ANDQ	$-8, DI
	MOVQ	DI, BP
	CMPB	const_opKind(R15), $5
	JCC	special
next:
	ADDQ	$const_opBytes, R15
	JMP	operation

	// Something is done with the chunk at CX.
special:
	JEQ	buffers
	CMPB	const_opKind(R15), $10
	JEQ	address
	JHI	next

	// A struct. If it could not be read whole, the call stops, or no more is copied.
	MOVL	const_chunkSize(CX), AX
	CMPQ	AX, const_chunkWant(CX)
	JEQ	next
missing:
	CMPL	const_areaPhase(BX), $2
	JEQ	tooMuch
	JMP	complete

	// The call is buffered only if an address does not begin with this number.
address:
	MOVWLZX	const_chunkData(CX), AX // zeros follow if it is shorter
	MOVBLZX	const_opTotal(R15), DX
	CMPL	AX, DX
	JNE	next
	JMP	tooMuch

	// The kernel would have to copy, and the stub may make no calls.
unkept:
	CMPB	const_opKind(R15), $9
	JEQ	missing
	CMPB	const_opKind(R15), $10
	JNE	next
	JMP	tooMuch

	// The chunk at CX is a vector of buffers, or one of the buffers of the vector that
	// was copied before. The vector is read again from the ring.
buffers:
	CMPQ	const_areaVector(BX), $0
	JNE	buffer
	LEAQ	const_chunkData(CX), SI
	MOVL	const_chunkSize(CX), DX
	ANDQ	$-const_iovecSize, DX
	ADDQ	SI, DX
	MOVQ	SI, const_areaVector(BX)
	MOVQ	DX, const_areaVectorEnd(BX)
	MOVBLZX	const_opTotal(R15), AX
	MOVQ	const_recArgs(R14)(AX*8), AX
	MOVQ	AX, const_areaLeft(BX)
	XORL	AX, AX
sum:
	CMPQ	SI, DX
	JCC	summed
	ADDQ	8(SI), AX
	ADDQ	$const_iovecSize, SI
	JMP	sum
summed:
	MOVQ	AX, const_areaSum(BX)
buffer:
	MOVQ	const_areaVector(BX), CX
	CMPQ	CX, const_areaVectorEnd(BX)
	JCC	next
	MOVQ	(CX), SI
	MOVQ	8(CX), DX
	ADDQ	$const_iovecSize, CX
	MOVQ	CX, const_areaVector(BX)
	MOVQ	const_areaLeft(BX), AX
	CMPQ	DX, AX
	CMOVQHI	AX, DX
	SUBQ	DX, const_areaLeft(BX)
	MOVL	const_opSize(R15), AX
	CMPQ	DX, AX
	CMOVQHI	AX, DX
	TESTQ	DX, DX
	JEQ	buffer
	MOVQ	SI, AX
	SUBQ	$0x10000, AX
	JLT	absent
	CMPL	const_areaPhase(BX), $13
	JNE	safe
	CMPB	const_opWhen(R15), $0
	JNE	direct
	// The call has read all buffers if it has read as much as they have.
	MOVQ	const_areaSum(BX), AX
	CMPQ	AX, const_recResult(R14)
	JEQ	direct
	JMP	safe

	// This is before the call, or after a call that failed. A call that failed has
	// read its strings if the error is that an attribute does not exist, and the
	// first string if the error is that a path does not exist.
failed:
	CMPL	const_areaPhase(BX), $9
	JNE	safe
	CMPB	const_opKind(R15), $1
	JNE	safe
	CMPB	const_opWhen(R15), $0
	JNE	safe
	MOVQ	const_recResult(R14), AX
	CMPQ	AX, $const_noAttribute
	JEQ	direct
	LEAQ	const_recChunks(R14), CX
	CMPQ	CX, BP
	JNE	safe
	CMPQ	AX, $const_noEntry
	JEQ	direct
	CMPQ	AX, $const_noDirectory
	JEQ	direct
	JMP	safe

	// There is nothing at this address.
absent:
	MOVQ	SI, const_chunkAddr(BP)
	MOVL	$0, const_chunkSize(BP)
	MOVL	R15, const_chunkOp(BP)
	MOVQ	$1, const_chunkWant(BP)
	LEAQ	const_chunkData(BP), DI
	JMP	copied

	// The number of elements through process_vm_readv.
number:
	MOVQ	SI, const_areaSum(BX)
	LEAQ	const_areaTotal(BX), AX
	MOVQ	AX, const_areaLocal(BX)
	MOVQ	DX, const_areaRemote(BX)
	MOVQ	$4, (const_areaLocal+8)(BX)
	MOVQ	$4, (const_areaRemote+8)(BX)
	MOVQ	const_areaPID(BX), DI
	LEAQ	const_areaLocal(BX), SI
	MOVL	$1, DX
	LEAQ	const_areaRemote(BX), R10
	MOVL	$1, R8
	XORL	R9, R9
	MOVL	$const_sysProcessVMReadv, AX
	TESTL	$const_guardNoCalls, const_areaGuard(BX)
	JNE	next
	SYSCALL
	CMPQ	AX, $4
	JNE	next
	MOVL	const_areaTotal(BX), DX
	MOVQ	const_areaSum(BX), SI
	MOVBLZX	const_opCount(R15), CX
	JMP	counted

more:
	CMPB	const_opKind(R15), $8
	JEQ	place
	JHI	further

	// The call may have changed which signals are blocked.
	ORL	$const_phaseGuarded, const_areaPhase(BX)
	LOCK
	ORL	$const_guardUnknown, const_areaGuard(BX)
	JMP	next

	// The call is buffered only if this argument is an address at which the tracer
	// has mapped nothing, or if a flag is not set.
place:
	MOVL	const_opMost(R15), CX
	TESTL	CX, CX
	JEQ	above
	MOVBLZX	const_opCount(R15), AX
	TESTL	CX, const_recArgs(R14)(AX*8)
	JEQ	next
above:
	CMPQ	SI, const_areaLowest(BX)
	JCC	next
	JMP	tooMuch

further:
	CMPB	const_opKind(R15), $12
	JEQ	ordinary
	JHI	file
	CMPB	const_opKind(R15), $11
	JCS	memory

	// DX is the lesser of two numbers.
	MOVQ	SI, AX
	SUBQ	$0x10000, AX
	JLT	absent
	MOVBLZX	const_opTotal(R15), CX
	MOVL	const_recArgs(R14)(CX*8), DX
	MOVBLZX	const_opCount(R15), CX
	MOVL	const_recArgs(R14)(CX*8), AX
	CMPL	DX, AX
	CMOVLHI	AX, DX
	JMP	limited

	// The call is buffered only if this argument is not a descriptor of a socket of this
	// family.
ordinary:
	TESTL	$const_guardNoCalls, const_areaGuard(BX)
	JNE	tooMuch
	MOVL	$4, const_areaRemote(BX) // the size of an int
	MOVL	SI, DI
	MOVL	$const_solSocket, SI
	MOVL	$const_soDomain, DX
	LEAQ	const_areaLocal(BX), R10
	LEAQ	const_areaRemote(BX), R8
	MOVL	$const_sysGetsockopt, AX
	SYSCALL
	CMPQ	AX, $const_noSocket
	JEQ	next
	CMPQ	AX, $const_noDescriptor
	JEQ	next
	TESTQ	AX, AX
	JNE	tooMuch
	MOVL	const_opMost(R15), AX
	CMPL	const_areaLocal(BX), AX
	JNE	next
	JMP	tooMuch

	// The call has opened a file. Some files of procfs must not be read before the tracer
	// knows of them: they are regular, seem to be empty and have no device.
file:
	CMPB	const_areaWatch(BX), $0
	JEQ	next
	TESTL	$const_guardNoCalls, const_areaGuard(BX)
	JNE	suspect
	MOVL	const_recResult(R14), DI
	MOVL	$(const_NameAddr+const_nameSize), SI // an empty path
	MOVL	$const_statxFlags, DX
	MOVL	$const_statxMask, R10
	LEAQ	const_chunkData(BP), R8
	MOVL	$const_sysStatx, AX
	SYSCALL
	TESTQ	AX, AX
	JNE	suspect
	CMPL	(const_chunkData+const_statxDevMajor)(BP), $0
	JNE	next
	CMPQ	(const_chunkData+const_statxLength)(BP), $0
	JNE	next
	MOVWLZX	(const_chunkData+const_statxMode)(BP), AX
	ANDL	$const_fileTypes, AX
	JEQ	suspect // such as an io_uring
	CMPL	AX, $const_regularFile
	JNE	next
suspect:
	MOVB	$1, const_areaFound(BX)
	JMP	next

	// The call is buffered only if this argument is a null pointer.
null:
	TESTQ	SI, SI
	JEQ	next
	JMP	tooMuch

	// The call is buffered only if this argument is a listed descriptor or not a
	// descriptor at all.
listed:
	TESTL	SI, SI
	JLT	next
	CMPL	SI, $const_listedFDs
	JCC	tooMuch
	MOVL	SI, AX
	SHRL	$6, AX
	MOVQ	const_areaListed(BX)(AX*8), AX
	BTQ	SI, AX
	JCS	next
	JMP	tooMuch

	// The call is buffered only if this argument is at most opMost.
atMost:
	MOVL	const_opMost(R15), AX
	CMPB	const_opLow32(R15), $0
	JEQ	compare
	MOVL	SI, SI
compare:
	CMPQ	SI, AX
	JLS	next
tooMuch:
	MOVQ	const_recNR(R14), AX
	MOVQ	(const_recArgs+0)(R14), DI
	MOVQ	(const_recArgs+8)(R14), SI
	MOVQ	(const_recArgs+16)(R14), DX
	MOVQ	(const_recArgs+24)(R14), R10
	MOVQ	(const_recArgs+32)(R14), R8
	MOVQ	(const_recArgs+40)(R14), R9
	JMP	slow

	// The same through process_vm_readv of the process's own memory. A string is
	// read up to the end of a page, and then again.
safe:
	MOVQ	SI, const_chunkAddr(BP)
	MOVL	R15, const_chunkOp(BP)
	MOVQ	DX, const_chunkWant(BP)
	MOVQ	$0, const_areaTotal(BX)
piece:
	MOVQ	const_areaTotal(BX), CX
	MOVQ	const_chunkAddr(BP), SI
	ADDQ	CX, SI
	MOVQ	const_chunkWant(BP), DX
	SUBQ	CX, DX
	CMPB	const_opKind(R15), $1
	JNE	whole
	MOVL	SI, AX
	ANDL	$4095, AX
	NEGQ	AX
	ADDQ	$4096, AX
	CMPQ	DX, AX
	CMOVQHI	AX, DX
whole:
	LEAQ	const_chunkData(BP)(CX*1), DI
	MOVQ	DI, const_areaLocal(BX)
	MOVQ	DX, (const_areaLocal+8)(BX)
	MOVQ	SI, const_areaRemote(BX)
	MOVQ	DX, (const_areaRemote+8)(BX)
	MOVQ	const_areaPID(BX), DI
	LEAQ	const_areaLocal(BX), SI
	MOVL	$1, DX
	LEAQ	const_areaRemote(BX), R10
	MOVL	$1, R8
	XORL	R9, R9
	MOVL	$const_sysProcessVMReadv, AX
	TESTL	$const_guardNoCalls, const_areaGuard(BX)
	JNE	unkept
	SYSCALL
	TESTQ	AX, AX
	JLE	last
	CMPB	const_opKind(R15), $1
	JNE	all
	MOVQ	const_areaLocal(BX), DI
	MOVQ	AX, CX
	ADDQ	DI, CX // the end of the piece
scan:
	CMPB	(DI), $0
	JEQ	terminated
	INCQ	DI
	CMPQ	DI, CX
	JCS	scan
	ADDQ	AX, const_areaTotal(BX)
	MOVQ	const_areaTotal(BX), AX
	CMPQ	AX, const_chunkWant(BP)
	JCS	piece
	JMP	last
terminated:
	SUBQ	const_areaLocal(BX), DI
	LEAQ	1(DI), AX
all:
	ADDQ	AX, const_areaTotal(BX)
last:
	MOVQ	const_areaTotal(BX), CX
	MOVL	CX, const_chunkSize(BP)
	LEAQ	const_chunkData(BP)(CX*1), DI
	JMP	copied

done:
	CMPL	const_areaPhase(BX), $2
	JNE	complete
	// The tracer wants what was copied before a call that takes long.
	MOVQ	BP, CX
	SUBQ	R14, CX
	MOVQ	CX, const_recSize(R14)
	JMP	ready

complete:
	LABEL(7) // labelComplete
	MOVQ	BP, CX
	SUBQ	R14, CX
	MOVQ	CX, const_recSize(R14)
	ADDQ	CX, R12
	MOVQ	R12, const_areaHead(BX)

	// The record is the tracer's now, which only reads it.
	LABEL(8) // labelPublished
	CMPW	const_areaAlarm(BX), $0 // or areaFound
	JNE	alarmAfter
	// POPFQ takes longer than all of this. Only the six arithmetic flags have been
	// changed: OF, which is bit 11, and those that SAHF takes from AH.
	MOVBLZX	(const_areaFlags+1)(BX), AX
	SHRL	$3, AX
	ANDL	$1, AX
	MOVB	const_areaFlags(BX), AH
	ADDB	$0x7f, AX
	SAHF
	MOVQ	const_recResult(R14), AX
	MOVQ	(const_recArgs+0)(R14), DI
	MOVQ	(const_recArgs+8)(R14), SI
	MOVQ	(const_recArgs+16)(R14), DX
	MOVQ	(const_recArgs+24)(R14), R10
	MOVQ	(const_recArgs+32)(R14), R8
	MOVQ	(const_recArgs+40)(R14), R9
	MOVQ	const_recIP(R14), CX
	RESTORE_SAVED
	MOVQ	const_areaFlags(BX), R11
	LEAVE

	// The tracer sleeps. The program's call is repeated to wake it, since the program's
	// own filters allow this call. The tracer skips the call, and sends the thread back
	// to labelPublished.
alarmAfter:
	MOVQ	const_recNR(R14), AX
	MOVQ	(const_recArgs+0)(R14), DI
	MOVQ	(const_recArgs+8)(R14), SI
	MOVQ	(const_recArgs+16)(R14), DX
	MOVQ	(const_recArgs+24)(R14), R10
	MOVQ	(const_recArgs+32)(R14), R8
	MOVQ	(const_recArgs+40)(R14), R9
	MOVL	$const_wakeAfter, R15
	MOVL	$const_WakeAddr, CX
	JMP	CX

	// The tracer uses this code to make calls on behalf of a thread. R12 has the address
	// of the first call, and R13 the number of calls. The first call that fails is the
	// last one made. RBX and R14 get the last two results, and RBP a result that later
	// calls use. The thread continues at StopAddr, whose address is in R15. There it
	// stops at the entry of an execve, which the tracer skips.
	LABEL(9) // labelRemote
remote:
	MOVQ	0(R12), AX
	MOVQ	8(R12), DI
	MOVQ	16(R12), SI
	MOVQ	24(R12), DX
	MOVQ	32(R12), R10
	MOVQ	40(R12), R8
	MOVQ	48(R12), R9
	TESTB	$const_RemoteFirst, 56(R12)
	JEQ	remoteFifth
	MOVQ	BP, DI
remoteFifth:
	TESTB	$const_RemoteFifth, 56(R12)
	JEQ	remoteCall
	MOVQ	BP, R8
remoteCall:
	SYSCALL
	TESTB	$const_RemoteKeep, 56(R12)
	JEQ	remoteNext
	MOVQ	AX, BP
remoteNext:
	MOVQ	R14, BX
	MOVQ	AX, R14
	DECQ	R13
	JZ	remoteDone
	ADDQ	$const_RemoteSize, R12
	CMPQ	AX, $-4095
	JCS	remote
remoteDone:
	MOVL	$59, AX
	JMP	R15

	LABEL(10) // labelEnd

// func stubCode() (start uintptr)
TEXT ·stubCode(SB), NOSPLIT|NOFRAME, $0-8
	LEAQ	·stub(SB), AX
	MOVQ	AX, start+0(FP)
	RET

// func ReadTSC() uint64
TEXT ·ReadTSC(SB), NOSPLIT, $0-8
	RDTSC
	SHLQ	$32, DX
	ORQ	DX, AX
	MOVQ	AX, ret+0(FP)
	RET
