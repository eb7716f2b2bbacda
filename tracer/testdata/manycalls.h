/* Functions with one call of getpid each, at different addresses. */

#define CALLS 4000

extern long (*const calls[CALLS])(void);

asm(".text\n"
    ".altmacro\n"
    ".macro function number\n"
    ".p2align 5\n"
    ".type call\\number, @function\n"
    "call\\number: .cfi_startproc\n"
    "mov $39, %eax\n"
    ".nops 3\n" /* the call does not extend over two words, so that it can be patched in a process with threads */
    "syscall\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size call\\number, . - call\\number\n"
    ".endm\n"
    ".macro address number\n"
    ".quad call\\number\n"
    ".endm\n"
    ".set i, 0\n"
    ".rept 4000\n"
    "function %i\n"
    ".set i, i + 1\n"
    ".endr\n"
    ".section .data.rel.ro, \"aw\"\n"
    ".globl calls\n"
    "calls:\n"
    ".set i, 0\n"
    ".rept 4000\n"
    "address %i\n"
    ".set i, i + 1\n"
    ".endr\n"
    ".text\n"
    ".noaltmacro\n");
