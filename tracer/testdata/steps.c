// Makes calls with known values in all registers, and checks in a signal
// handler, and after each call, that they are what they are without a tracer.
//
// Arguments: the number of calls, and how the kernel is called: "read" reads a
// byte from /dev/zero, "fault" reads to a bad address, "path" fails to open a
// file, "poll" polls, "readv" reads two bytes into two buffers, "writev" fails to
// write them, "sendmsg" sends them to a socket, "recvmsg" looks at them.
//
// With -DRETURNS and "return", the call is rt_sigreturn, from a frame that leads to where other calls
// return.
//
// With -DLOAD=NUMBER, the number of the call is loaded just before it, and there is
// no place near it that is never run. With -DMOVE another instruction is there, of seven bytes.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#define FLAGS 0xcd5 /* carry, parity, adjust, zero, sign, direction off, overflow */

struct regs { uint64_t ax, bx, cx, dx, si, di, bp, sp, r8, r9, r10, r11, r12, r13, r14, r15, flags, red; };
struct regs in, out;

void make_call(void);
extern char call_begin[], call_ip[], call_end[];

#if defined LOAD || defined MOVE
#define STRING(x) #x
#define LOADED(x) "mov $" STRING(x) ", %eax\n"
#ifdef LOAD
#define BEFORE LOADED(LOAD)
#else
#define BEFORE "lea.d32 0(%rdi), %rdi\n"
#endif
#define FAR ".cfi_startproc\n.rept 99\ninc %eax\n.endr\nret\n.cfi_endproc\n"
#else
#define BEFORE "jmp 1f; .nops 8; 1:\n" /* where nothing is run */
#define FAR ".p2align 4\n.nops 16\n"
#endif

#ifdef RETURNS
#define SWITCH "mov frame(%rip), %rcx; mov %rsp, 160(%rcx); mov %rcx, %rsp\n" /* to the frame, which has the old one */
#else
#define SWITCH
#endif
static char room[1 << 16], state[1 << 13] __attribute__((aligned(64)));
char *frame; /* what the kernel finds at the stack pointer */

/* The call itself: all registers are set from in and stored to out. */
asm(".text\n" FAR ".globl make_call\n.type make_call,@function\nmake_call:\n.cfi_startproc\n"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "mov in+128(%rip), %rax; push %rax; popf\n"
    "mov in+8(%rip), %rbx; mov in+24(%rip), %rdx; mov in+32(%rip), %rsi; mov in+40(%rip), %rdi\n"
    "mov in+48(%rip), %rbp; mov in+64(%rip), %r8; mov in+72(%rip), %r9; mov in+80(%rip), %r10\n"
    "mov in+96(%rip), %r12; mov in+104(%rip), %r13; mov in+112(%rip), %r14; mov in+120(%rip), %r15\n"
    "movq $0x5eed, -8(%rsp); movq $0x5eed, -128(%rsp)\n"
    "mov %rsp, in+56(%rip)\n"
    "mov in(%rip), %rax\n" SWITCH BEFORE
    "call_begin: syscall\n"
    "call_ip: mov %rax, out(%rip); mov %rcx, out+16(%rip); mov %r11, out+88(%rip)\n"
    "mov %rsp, out+56(%rip); mov %rbx, out+8(%rip); mov %rdx, out+24(%rip); mov %rsi, out+32(%rip); mov %rdi, out+40(%rip)\n"
    "mov %rbp, out+48(%rip); mov %r8, out+64(%rip); mov %r9, out+72(%rip); mov %r10, out+80(%rip)\n"
    "mov %r12, out+96(%rip); mov %r13, out+104(%rip); mov %r14, out+112(%rip); mov %r15, out+120(%rip)\n"
    "mov -8(%rsp), %rax; mov -128(%rsp), %rcx; pushf; popq out+128(%rip)\n"
    "xor %rcx, %rax; mov %rax, out+136(%rip)\n"
    "call_end: pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "cld; ret\n"
    ".cfi_endproc\n.size make_call,.-make_call\n" FAR);

static volatile int calls, signals, before, behind, bad;
static uint64_t want;

#define CHECK(what, got, should) do { if ((uint64_t)(got) != (uint64_t)(should)) { bad++; \
	dprintf(2, "%d, %s: %s is %#lx, not %#lx\n", calls, where, what, (long)(got), (long)(should)); } } while (0)

static void handler(int sig, siginfo_t *info, void *context)
{
	greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t ip = g[REG_RIP];
	const char *where = "handler";
	signals++;
	CHECK("si_code", info->si_code, SI_TKILL);
	if (ip < 0x100000)
		CHECK("the instruction pointer", ip, (uint64_t)call_begin);
	if (ip != (uint64_t)call_begin && ip != (uint64_t)call_ip)
		return;
	if (ip == (uint64_t)call_begin) {
		before++;
		CHECK("rax", g[REG_RAX], in.ax);
	} else {
		behind++;
		CHECK("rax", g[REG_RAX], want);
		CHECK("rcx", g[REG_RCX], ip);
		CHECK("r11", g[REG_R11] & FLAGS, in.flags & FLAGS);
	}
	CHECK("rbx", g[REG_RBX], in.bx); CHECK("rdx", g[REG_RDX], in.dx);
	CHECK("rsi", g[REG_RSI], in.si); CHECK("rdi", g[REG_RDI], in.di);
	CHECK("rbp", g[REG_RBP], in.bp);
	CHECK("rsp", g[REG_RSP], frame && ip == (uint64_t)call_begin ? (uint64_t)frame : in.sp);
	CHECK("r8", g[REG_R8], in.r8); CHECK("r9", g[REG_R9], in.r9); CHECK("r10", g[REG_R10], in.r10);
	CHECK("r12", g[REG_R12], in.r12); CHECK("r13", g[REG_R13], in.r13);
	CHECK("r14", g[REG_R14], in.r14); CHECK("r15", g[REG_R15], in.r15);
	CHECK("flags", g[REG_EFL] & FLAGS, in.flags & FLAGS);
}

#define FRAME_SIZE 304 /* of the kernel's struct ucontext */

/* Keeps the frame and the floating point registers in it. */
static void keep(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	char *fp = (char *)u->uc_mcontext.fpregs;
	frame = room + sizeof room - 4096;
	memcpy(frame, context, FRAME_SIZE);
	memcpy(state, fp, *(uint32_t *)(fp + 480) + 4); /* and the magic number behind it */
	((ucontext_t *)frame)->uc_mcontext.fpregs = (void *)state;
}

/* Sets the registers that the frame restores. */
static void set_frame(void)
{
	greg_t *g = ((ucontext_t *)frame)->uc_mcontext.gregs;
	g[REG_RBX] = in.bx; g[REG_RDX] = in.dx; g[REG_RSI] = in.si; g[REG_RDI] = in.di; g[REG_RBP] = in.bp;
	g[REG_R8] = in.r8; g[REG_R9] = in.r9; g[REG_R10] = in.r10; g[REG_R11] = in.flags;
	g[REG_R12] = in.r12; g[REG_R13] = in.r13; g[REG_R14] = in.r14; g[REG_R15] = in.r15;
	g[REG_RAX] = want; g[REG_RCX] = g[REG_RIP] = (greg_t)call_ip;
	g[REG_EFL] = in.flags | 0x202;
}

int main(int argc, char **argv)
{
	int n = atoi(argv[1]);
	struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
	struct pollfd fds = {.events = POLLIN};
	char byte, other;
	struct iovec buffers[2] = {{&byte, 1}, {&other, 1}};
	const char *where = "call";
	char name[16], control[64];
	struct msghdr message = {.msg_iov = buffers, .msg_iovlen = 2};
	int pair[2];

	sigaction(SIGUSR1, &sa, NULL);
	fds.fd = open("/dev/zero", O_RDONLY);
	in = (struct regs){.bx = 0x1b, .bp = 0x1d, .r8 = 0x18, .r9 = 0x19, .r10 = 0x1a,
		.r12 = 0x112, .r13 = 0x113, .r14 = 0x114, .r15 = 0x115};
	in.ax = SYS_read; in.di = fds.fd; in.si = (uint64_t)&byte; in.dx = 1; want = 1;
	if (!strcmp(argv[2], "fault")) {
		in.si = 8; want = -EFAULT;
	} else if (!strcmp(argv[2], "path")) {
		in.ax = SYS_openat; in.di = AT_FDCWD; in.si = (uint64_t)"/no/such/file"; in.dx = O_RDONLY; want = -ENOENT;
	} else if (!strcmp(argv[2], "poll")) {
		in.ax = SYS_poll; in.di = (uint64_t)&fds; in.si = 1; in.dx = -1;
	} else if (!strcmp(argv[2], "readv")) {
		in.ax = SYS_readv; in.si = (uint64_t)buffers; in.dx = 2; want = 2;
	} else if (!strcmp(argv[2], "writev")) {
		in.ax = SYS_writev; in.si = (uint64_t)buffers; in.dx = 2; want = -EBADF;
	} else if (!strcmp(argv[2], "sendmsg") || !strcmp(argv[2], "recvmsg")) {
		socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
		in.di = pair[0]; in.si = (uint64_t)&message; in.dx = 0; want = 2;
		in.ax = SYS_sendmsg;
		if (!strcmp(argv[2], "recvmsg")) {
			int on = 1;
			setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
			sendmsg(pair[0], &message, 0);
			message.msg_name = name; message.msg_control = control;
			in.ax = SYS_recvmsg; in.di = pair[1]; in.dx = MSG_PEEK;
		}
	}
	if (!strcmp(argv[2], "return")) {
		struct sigaction other = {.sa_sigaction = keep, .sa_flags = SA_SIGINFO};
		sigaction(SIGUSR2, &other, NULL);
		raise(SIGUSR2);
		in.ax = SYS_rt_sigreturn; in.di = in.si = 0; want = 0x5eed;
	}
	for (int i = 0; i < n; i++) {
		calls = i;
		in.flags = (i & 1) | (i >> 1 & 1) << 2 | (i >> 2 & 1) << 4 | (i >> 3 & 3) << 6 | (i >> 5 & 1) << 11; /* all of them */
		if (frame)
			set_frame();
		syscall(SYS_getpgid, 0x5eed); /* the test begins to single-step here */
		make_call();
		CHECK("rax", out.ax, want); CHECK("rcx", out.cx, (uint64_t)call_ip);
		CHECK("r11", out.r11 & FLAGS, in.flags & FLAGS);
		CHECK("rsp", out.sp, in.sp); CHECK("rbx", out.bx, in.bx); CHECK("rdx", out.dx, in.dx);
		CHECK("rsi", out.si, in.si); CHECK("rdi", out.di, in.di); CHECK("rbp", out.bp, in.bp);
		CHECK("r8", out.r8, in.r8); CHECK("r9", out.r9, in.r9); CHECK("r10", out.r10, in.r10);
		CHECK("r12", out.r12, in.r12); CHECK("r13", out.r13, in.r13);
		CHECK("r14", out.r14, in.r14); CHECK("r15", out.r15, in.r15);
		CHECK("flags", out.flags & FLAGS, in.flags & FLAGS);
		CHECK("red zone", out.red, 0);
		if (in.ax == SYS_poll)
			CHECK("revents", fds.revents, POLLIN);
		fds.revents = 0;
		if (in.ax == SYS_recvmsg) {
			CHECK("msg_namelen", message.msg_namelen, 0); CHECK("msg_controllen", message.msg_controllen > 0, i > 0);
			message.msg_namelen = sizeof name; message.msg_controllen = sizeof control;
		} else if (in.ax == SYS_sendmsg) {
			char two[2];
			CHECK("what was sent", recv(pair[1], two, 2, MSG_DONTWAIT), 2);
		}
	}
	printf("%d signals, %d before the call, %d behind it, %d errors\n", signals, before, behind, bad);
	return bad != 0;
}
