#include "textflag.h"

// Memory that every start uses is populated by a few system calls, in place of more than
// a hundred page faults, which are dear in some virtual machines. If the kernel cannot do
// this (before Linux 5.14), or a seccomp filter refuses it, the pages fault one by one.

// mapDefault is what _cgo_mmap was before: a function of the C library, or 0.
GLOBL ·mapDefault(SB), NOPTR, $8

// signalStack is memory for a system call: the kernel's stack_t.
GLOBL ·signalStack(SB), NOPTR, $24

// metadataPopulated tells that the beginning of the first chunk of metadata is populated.
GLOBL ·metadataPopulated(SB), NOPTR, $1

#define NR_MMAP 9
#define NR_MADVISE 28
#define NR_SIGALTSTACK 131
#define PROT_READ_WRITE 3
#define MAP_FIXED 0x10
#define MAP_POPULATE 0x8000
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#define PAGE_SIZE 4096

// The runtime allocates metadata that it never frees in chunks of this size:
// persistentChunkSize of runtime/malloc.go. A start uses this much of the first chunk.
#define METADATA_CHUNK 0x40000
#define METADATA_USED 0x18000

// The code of a start is for the most part that of the runtime and of the small packages
// of the standard library, which the linker puts first. To map the other code, of which a
// start uses a few pages, takes more time than the faults of those.
#define TEXT_USED 0x180000

// Every start uses this much of noptrbss. Behind it lie large tables.
#define NOPTRBSS_USED 0x7000

// Every start uses most of this much of the heap, which is handed out from low addresses to
// high ones, behind the stack that the main thread has for signals. The rest is other stacks.
#define HEAP_USED 0xc0000

// stack_t of asm-generic/signal.h.
#define STACK_ADDR 0
#define STACK_FLAGS 8
#define STACK_SIZE 16

// void populate(void)
//
// It populates most of the code that is used, constants and zeroed variables, and makes
// the runtime map its memory by mapPopulated. Initialized variables are left out: each of
// their pages would be copied, and a start writes few of them.
TEXT ·populate(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ	runtime·text(SB), DI
	LEAQ	runtime·text+TEXT_USED(SB), SI
	MOVL	$MADV_POPULATE_READ, DX
	CALL	·advise(SB)
	LEAQ	runtime·rodata(SB), DI
	LEAQ	runtime·gcdata(SB), SI
	MOVL	$MADV_POPULATE_READ, DX
	CALL	·advise(SB)
	LEAQ	runtime·bss(SB), DI
	LEAQ	runtime·noptrbss+NOPTRBSS_USED(SB), SI
	MOVL	$MADV_POPULATE_WRITE, DX
	CALL	·advise(SB)

	MOVQ	_cgo_mmap(SB), AX
	MOVQ	AX, ·mapDefault(SB)
	LEAQ	·mapPopulated(SB), AX
	MOVQ	AX, _cgo_mmap(SB)
	RET

// void advise(void *start, void *end, int advice)
TEXT ·advise(SB), NOSPLIT|NOFRAME, $0-0
	ANDQ	$~(PAGE_SIZE-1), DI
	SUBQ	DI, SI
	MOVL	$NR_MADVISE, AX
	SYSCALL
	RET

// uintptr mapPopulated(void *addr, size_t size, int prot, int flags, int fd, uint32 offset)
//
// It makes the call mmap, and populates what the runtime uses at once: the beginning of
// its metadata, and the single pages that it maps within its indexes of the heap.
TEXT ·mapPopulated(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	CX, R10
	CMPL	DX, $PROT_READ_WRITE
	JNE	map
	CMPQ	SI, $METADATA_CHUNK
	JEQ	metadata
	CMPQ	SI, $PAGE_SIZE
	JNE	map
	TESTL	$MAP_FIXED, R10
	JEQ	map
	ORL	$MAP_POPULATE, R10
map:
	MOVL	$NR_MMAP, AX
	SYSCALL
	CMPQ	AX, $-(PAGE_SIZE-1)
	JCS	mapped
	NEGQ	AX // the number of an error
mapped:
	RET
metadata:
	CMPB	·metadataPopulated(SB), $0
	JNE	map
	MOVB	$1, ·metadataPopulated(SB)
	MOVL	$NR_MMAP, AX
	SYSCALL
	CMPQ	AX, $-(PAGE_SIZE-1)
	JCC	failed
	MOVQ	AX, R8
	MOVQ	AX, DI
	MOVL	$METADATA_USED, SI
	MOVL	$MADV_POPULATE_WRITE, DX
	MOVL	$NR_MADVISE, AX
	SYSCALL
	MOVQ	R8, AX
	RET
failed:
	NEGQ	AX
	RET

// void endPopulated(void)
//
// From then on the runtime maps memory as it would without mapPopulated. The first call
// populates the part of the heap that is used next. It keeps DI and SI.
TEXT ·endPopulated(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ	·mapPopulated(SB), AX
	CMPQ	AX, _cgo_mmap(SB)
	JNE	done
	MOVQ	·mapDefault(SB), AX
	MOVQ	AX, _cgo_mmap(SB)

	MOVQ	DI, R8
	MOVQ	SI, R9
	MOVL	$NR_SIGALTSTACK, AX
	XORL	DI, DI
	LEAQ	·signalStack(SB), SI
	SYSCALL
	TESTQ	AX, AX
	JNE	restore
	CMPL	·signalStack+STACK_FLAGS(SB), $0
	JNE	restore
	MOVQ	·signalStack+STACK_ADDR(SB), DI
	ADDQ	·signalStack+STACK_SIZE(SB), DI
	LEAQ	HEAP_USED(DI), SI
	MOVL	$MADV_POPULATE_WRITE, DX
	CALL	·advise(SB)
restore:
	MOVQ	R8, DI
	MOVQ	R9, SI
done:
	RET
