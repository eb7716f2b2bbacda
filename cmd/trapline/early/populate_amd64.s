#include "textflag.h"

// Memory that every start uses is populated by a few system calls, in place of more than
// a hundred page faults, which are dear in some virtual machines. If the kernel cannot do
// this (before Linux 5.14), or a seccomp filter refuses it, the pages fault one by one.

// mapDefault is what _cgo_mmap was before: a function of the C library, or 0.
GLOBL ·mapDefault(SB), NOPTR, $8

// metadata is the address of the first chunk of metadata.
GLOBL ·metadata(SB), NOPTR, $8

// listed tells that the list of parts of the heap is mapped.
GLOBL ·listed(SB), NOPTR, $1

// heapChunk is the address of the first chunk of the heap, or 0.
GLOBL ·heapChunk(SB), NOPTR, $8

#define NR_MMAP 9
#define NR_MADVISE 28
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

// The runtime grows the heap in chunks of this size, pallocChunkBytes of
// runtime/mpagealloc.go. The first one is the first that it maps at a fixed address.
#define HEAP_CHUNK 0x400000
#define HEAP_PAGE 0x2000

// The heap begins at a random page of the first chunk, and is handed out from low addresses
// to high ones. The first of the runtime's descriptions of parts of the heap, startAddr of
// mspan of runtime/mheap.go, tells where: no other metadata has an address inside that chunk
// before. If there is none, the heap begins with the chunk. The runtime has made the
// description when it maps the first memory for marks. This has the same size as the list of
// parts, which it maps before: gcBitsChunkBytes, and recordspan, of runtime/mheap.go.
#define MARKS_SIZE 0x10000

// Every start uses most of this much of the heap. The rest is other stacks.
#define HEAP_USED 0xd0000

// The index of all address space, which the runtime searches from its start: the first
// level of summary of runtime/mpagealloc_64bit.go.
#define SUMMARY_SIZE 0x20000

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

	MOVQ	·memProfileRate(SB), AX
	MOVQ	$0, (AX)
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
// its metadata and of the heap, and what it maps within its indexes of the heap.
TEXT ·mapPopulated(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	CX, R10
	CMPL	DX, $PROT_READ_WRITE
	JNE	map
	CMPQ	SI, $METADATA_CHUNK
	JEQ	metadata
	CMPQ	SI, $MARKS_SIZE
	JEQ	marks
	TESTL	$MAP_FIXED, R10
	JEQ	map
	CMPQ	SI, $HEAP_CHUNK
	JEQ	heap
	CMPQ	SI, $SUMMARY_SIZE
	JEQ	summary
	CMPQ	SI, $PAGE_SIZE
	JNE	map
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
	CMPQ	·metadata(SB), $0
	JNE	map
	MOVL	$METADATA_USED, R12
	MOVL	$MADV_POPULATE_WRITE, R13
	CALL	·mapAdvised(SB)
	CMPQ	AX, $PAGE_SIZE
	JCS	mapped // failed
	MOVQ	AX, ·metadata(SB)
	RET
summary:
	MOVL	$SUMMARY_SIZE, R12
	MOVL	$MADV_POPULATE_READ, R13
	JMP	·mapAdvised(SB)
heap:
	CMPQ	·heapChunk(SB), $0
	JNE	map
	MOVQ	DI, ·heapChunk(SB)
	JMP	map
marks:
	MOVQ	·metadata(SB), R12
	TESTQ	R12, R12
	JEQ	map
	CMPQ	·heapStart(SB), $0
	JNE	map
	CMPQ	·heapChunk(SB), $0
	JEQ	map
	CMPB	·listed(SB), $0
	MOVB	$1, ·listed(SB)
	JEQ	map
	LEAQ	METADATA_USED(R12), R13
search:
	MOVQ	(R12), AX
	TESTQ	$(HEAP_PAGE-1), AX
	JNE	next
	MOVQ	AX, CX
	SUBQ	·heapChunk(SB), CX
	JEQ	next // more likely the address of the chunk than that of a page in it
	CMPQ	CX, $HEAP_CHUNK
	JCS	found
next:
	ADDQ	$8, R12
	CMPQ	R12, R13
	JNE	search
	MOVQ	·heapChunk(SB), AX
found:
	MOVQ	AX, ·heapStart(SB)
	MOVQ	DI, R12
	MOVQ	SI, R13
	MOVQ	DX, R15
	MOVQ	AX, DI
	LEAQ	HEAP_USED(DI), SI // fails at the end of the chunk, and has populated what is before
	MOVL	$MADV_POPULATE_WRITE, DX
	CALL	·advise(SB)
	MOVQ	R12, DI
	MOVQ	R13, SI
	MOVQ	R15, DX
	JMP	map

// uintptr mapAdvised(...)
//
// It makes the call mmap, and gives the advice R13 for R12 bytes from the start on.
TEXT ·mapAdvised(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	$NR_MMAP, AX
	SYSCALL
	CMPQ	AX, $-(PAGE_SIZE-1)
	JCC	failed
	MOVQ	AX, R8
	MOVQ	AX, DI
	MOVQ	R12, SI
	MOVL	R13, DX
	MOVL	$NR_MADVISE, AX
	SYSCALL
	MOVQ	R8, AX
	RET
failed:
	NEGQ	AX // the number of an error
	RET

// void endPopulated(void)
//
// From then on the runtime maps memory as it would without mapPopulated.
TEXT ·endPopulated(SB), NOSPLIT|NOFRAME, $0-0
	LEAQ	·mapPopulated(SB), AX
	CMPQ	AX, _cgo_mmap(SB)
	JNE	done
	MOVQ	·mapDefault(SB), AX
	MOVQ	AX, _cgo_mmap(SB)
done:
	RET
