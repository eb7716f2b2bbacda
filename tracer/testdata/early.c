// A program without a C library, which has no fs base unless it sets one. It can also
// be the dynamic linker of a program.
// Its argument is a letter that says what it does after some calls, which must not
// change anything. Its status is 0 if all is as it should be.

typedef unsigned long word;

// A call with dead code behind it.
static __attribute__((noinline)) long call(long number, word a, word b, word c, word d) {
	long result;
	register word r10 asm("r10") = d;
	asm volatile("syscall; jmp 1f; .skip 16, 0xcc; 1:"
		: "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

enum { rt_sigaction = 13, rt_sigreturn = 15, getpid = 39, fork_ = 57, exit_ = 60, wait4_ = 61, getppid = 110, getpgid = 121, arch_prctl = 158, exit_group = 231 };
enum { set_fs = 0x1002, get_fs = 0x1003 };

extern __attribute__((visibility("hidden"))) char __executable_start[], etext[];
static int bad, signals;

asm("restorer: mov $15, %eax; syscall");
extern void restorer(void);

struct context { word flags, link, stack[3], registers[17]; }; // of ucontext_t: RIP is number 16

static void handler(int sig, void *info, struct context *c) {
	word rip = c->registers[16];
	signals++;
	if (rip < (word)__executable_start || rip >= (word)etext)
		bad++;
}

static void many(int count, long parent) {
	for (int i = 0; i < count; i++)
		if (call(getppid, 0, 0, 0, 0) != parent)
			bad++;
}

static word block[8];

static void run(word *stack) __attribute__((used));
static void run(word *stack) {
	char *what = (char *)stack[2];
	long parent = call(getppid, 0, 0, 0, 0);
	word fs = 1;
	int status = 1;
	many(200, parent);
	switch (what[0]) {
	case 'g': // it has no fs base
		bad += call(arch_prctl, get_fs, (word)&fs, 0, 0) != 0 || fs != 0;
		break;
	case 'c': // as without an fs base
		asm volatile("mov %%fs:0x28, %0" : "=r"(fs));
		break;
	case 'z': // so does this in a static program
		asm volatile("mov %%fs:0, %0" : "=r"(fs));
		break;
	case 'b': // and this
		asm volatile("mov %%fs:-8, %0" : "=r"(fs));
		break;
	case 'h': { // a handler without a stack
		word action[4] = {(word)handler, 0x04000004 /* SA_RESTORER | SA_SIGINFO */, (word)restorer, 0};
		bad += call(rt_sigaction, 10 /* SIGUSR1 */, (word)action, 0, 8) != 0;
		word self = call(getpid, 0, 0, 0, 0);
		asm volatile("mov %%rsp, %%rbx; xor %%esp, %%esp; syscall; mov %%rbx, %%rsp"
			: : "a"(62l /* kill */), "D"(self), "S"(10l) : "rcx", "r11", "rbx", "memory");
		break;
	}
	case 'w': // so does a write
		asm volatile("movl $1, %fs:0");
		break;
	case 'f': { // a child has none, either
		long self = call(getpid, 0, 0, 0, 0);
		long child = call(fork_, 0, 0, 0, 0);
		if (child == 0) {
			many(200, self);
			bad += call(arch_prctl, get_fs, (word)&fs, 0, 0) != 0 || fs != 0;
			call(exit_group, bad, 0, 0, 0);
		}
		bad += call(wait4_, child, (word)&status, 0, 0) != child || status != 0;
		break;
	}
	case 's': // it sets one
		block[0] = (word)block;
		bad += call(arch_prctl, set_fs, (word)block, 0, 0) != 0;
		many(200, parent);
		bad += call(arch_prctl, get_fs, (word)&fs, 0, 0) != 0 || fs != (word)block;
		break;
	case 'o': // it sets one that does not lead to itself
		bad += call(arch_prctl, set_fs, (word)(block + 1), 0, 0) != 0;
		many(200, parent);
		bad += call(arch_prctl, get_fs, (word)&fs, 0, 0) != 0 || fs != (word)(block + 1);
		break;
	case 'i': { // it is interrupted
		word action[4] = {(word)handler, 0x04000004 /* SA_RESTORER | SA_SIGINFO */, (word)restorer, 0};
		bad += call(rt_sigaction, 10 /* SIGUSR1 */, (word)action, 0, 8) != 0;
		for (int i = 0; i < 120; i++) { // as many instructions as one of the calls takes
			call(getpgid, 0x5eed, 0, 0, 0);
			many(1, parent);
		}
		bad += signals != 120;
		bad += call(arch_prctl, get_fs, (word)&fs, 0, 0) != 0 || fs != 0;
		break;
	}
	}
	call(exit_group, bad, 0, 0, 0);
}

asm(".globl _start; _start: mov %rsp, %rdi; and $-16, %rsp; call run; hlt");
