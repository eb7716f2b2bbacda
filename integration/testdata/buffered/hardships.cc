// Does what may not go well where calls are patched, and prints how it goes. The
// output is the same whether the program is traced or not. The argument says what
// is done.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static int p[2];
static volatile long steps, bad;

// A function that makes the call in its first argument, with space for a jump
// that is never run. It is called at other addresses, too.
extern "C" long make_call(long nr, long a, long b, long c);
extern "C" char make_call_end[];
asm(".text\n.p2align 12\n.globl make_call, make_call_end\n.type make_call,@function\nmake_call:\n.cfi_startproc\n"
    "mov %rdi, %rax; mov %rsi, %rdi; mov %rdx, %rsi; mov %rcx, %rdx; jmp 1f; .nops 16; 1: syscall; ret\n"
    ".cfi_endproc\n.size make_call,.-make_call\n.nops 16\n.p2align 12\nmake_call_end:\n");
using caller = long (*)(long, long, long, long);

// Makes calls until they are patched, and checks their results.
static void warm_up(caller call, int n)
{
	long me = getpid();
	char c;
	for (int i = 0; i < n; i++) {
		if (call(SYS_getpid, 0, 0, 0) != me || call(SYS_read, -1, (long)&c, 1) != -EBADF ||
		    call(SYS_write, p[1], (long)"x", 1) != 1 || call(SYS_read, p[0], (long)&c, 1) != 1 || c != 'x')
			bad++;
	}
}

// Sends SIGALRM to the first thread when it sleeps in a read.
static void *interrupt_read(void *thread)
{
	char call[256], stat[512];
	auto content = [](const char *file, char *text, size_t size) {
		char name[64];
		snprintf(name, sizeof name, "/proc/self/task/%d/%s", getpid(), file);
		int fd = open(name, O_RDONLY);
		ssize_t n = read(fd, text, size - 1);
		text[n < 0 ? 0 : n] = 0;
		close(fd);
	};
	do {
		usleep(1000);
		content("syscall", call, sizeof call);
		content("stat", stat, sizeof stat);
	} while (strncmp(call, "0 ", 2) || !strstr(stat, ") S "));
	pthread_kill(*static_cast<pthread_t *>(thread), SIGALRM);
	return nullptr;
}

// Makes calls in children made by vfork.
static void *spawns(void *)
{
	pid_t self = getpid();
	for (int i = 0; i < 20; i++) {
		int status;
		pid_t child = vfork();
		if (child == 0) {
			for (int n = 0; n < 5; n++)
				if (make_call(SYS_getpgid, 0, 0, 0) <= 0 || make_call(SYS_getppid, 0, 0, 0) != self || make_call(SYS_write, p[1], 8, 1) != -EFAULT)
					bad++;
			if (i % 4 == 0)
				_exit(3);
			if (i % 4 == 1)
				make_call(SYS_kill, make_call(SYS_getpid, 0, 0, 0), SIGKILL, 0);
			if (i % 4 == 2 && vfork() == 0) {
				if (make_call(SYS_getppid, 0, 0, 0) == self)
					bad++;
				_exit(0);
			}
			execl("/bin/true", "true", nullptr);
		}
		waitpid(child, &status, 0);
		if (status != (i % 4 == 0 ? 3 << 8 : i % 4 == 1 ? SIGKILL : 0))
			bad++;
		for (int n = 0; n < 10; n++)
			if (make_call(SYS_getpid, 0, 0, 0) != self)
				bad++;
	}
	return nullptr;
}

// Changes what is restored when it returns.
static sigjmp_buf back;
static volatile int change;
static char *border; // nothing is mapped from here on
static void changes(int, siginfo_t *, void *context)
{
	ucontext_t *uc = static_cast<ucontext_t *>(context);
	char *fp = reinterpret_cast<char *>(uc->uc_mcontext.fpregs);
	greg_t *result = &uc->uc_mcontext.gregs[REG_RAX];
	size_t state = 0;
	if (*reinterpret_cast<unsigned *>(fp + 464) == 0x46505853) // FP_XSTATE_MAGIC1
		state = *reinterpret_cast<unsigned *>(fp + 480);
	auto move = [&](char *to, size_t size) {
		memcpy(to, fp, size);
		fp = to;
		uc->uc_mcontext.fpregs = reinterpret_cast<fpregset_t>(to);
	};
	if (change > 3)
		*result = -EINTR; // which is not the result of a frame that is refused
	switch (change) {
	case 1: *result = -EINTR; break;
	case 2: *result = -512; break;
	case 3: *result = 0x123456789; break;
	case 4: uc->uc_mcontext.fpregs = nullptr; break;
	case 5: uc->uc_mcontext.fpregs = reinterpret_cast<fpregset_t>(8); break;
	case 6: // a component that no processor has
		if (*reinterpret_cast<unsigned *>(fp + 464) == 0x46505853)
			*reinterpret_cast<unsigned long *>(fp + 512) |= 1ul << 62;
		break;
	case 7: *reinterpret_cast<unsigned *>(fp + 24) |= 1u << 31; break; // of MXCSR
	case 8: move(border - 4096, state + 4); break; // elsewhere, which is fine
	case 9: move(border - 4096 + 8, state + 4); break;
	case 10: move(border - 4096 + 32, state + 4); break;
	case 11: // components that this processor may not have
		*reinterpret_cast<unsigned long *>(fp + 472) |= 0x2ff;
		*reinterpret_cast<unsigned long *>(fp + 512) |= 0x2e7;
		break;
	case 12: // all that the program has, in less memory than it takes
		if (state > 704) {
			move(border - 640, 580);
			*reinterpret_cast<unsigned *>(fp + 480) = 576;
			*reinterpret_cast<unsigned *>(fp + 576) = 0x46505845; // FP_XSTATE_MAGIC2
			*reinterpret_cast<unsigned long *>(fp + 512) = *reinterpret_cast<unsigned long *>(fp + 472);
		}
		break;
	case 13: // half of the second magic number is there
		move(border - 4096, state + 4);
		*reinterpret_cast<unsigned *>(fp + 480) = 4094;
		break;
	case 14: // the size is absurd
		*reinterpret_cast<unsigned *>(fp + 480) = -1;
		break;
	}
}

static void throws(int) { throw 42; }
static void depth(int)
{
	void *frames[64];
	printf("%d frames\n", backtrace(frames, 64));
}
static void step(int, siginfo_t *, void *context)
{
	greg_t *g = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
	steps++;
	if (g[REG_RIP] < 0x100000)
		bad++;
}
static void *cancelled(void *)
{
	struct guard { ~guard() { puts("destroyed"); } } g;
	char c;
	for (;;)
		read(p[0], &c, 1);
	return nullptr;
}
// Calls that succeed without their memory, which is not there.
static int nowhere;
static char *where;
static volatile bool stopped;
constexpr long page = 4096;
static void use_nothing()
{
	struct timespec at_once = {0, 1};
	struct iovec buffers[2] = {{where, 10}, {where + 8, 20}};
	if (make_call(SYS_write, nowhere, (long)where, 10) != 10 || make_call(SYS_writev, nowhere, (long)buffers, 2) != 30 ||
	    make_call(SYS_nanosleep, (long)&at_once, (long)where, 0) != 0)
		bad++;
}
static void nothing(int) {}
static void *calls(void *)
{
	warm_up(make_call, 200);
	return nullptr;
}

static volatile char dispatch; // 1: a system call sends SIGSYS in place of being made
static volatile int dispatched_call;
static char received_data[8];

static void dispatched(int, siginfo_t *info, void *)
{
	dispatch = 0;
	dispatched_call = info->si_syscall;
}

// A filter of the program's own, which gives a call an action.
static void filter(int nr, unsigned action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, code};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static int in_child(void (*f)())
{
	int status = -1;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		f();
		fflush(stdout);
		_exit(bad != 0);
	}
	waitpid(child, &status, 0);
	return status;
}

static void *calls_of_thread(void *)
{
	warm_up(make_call, 60);
	return nullptr;
}

// Maps memory in place of what is from at to the end of low memory, and uses it while the
// program makes calls, also in threads and children. Returns how often it has changed.
static int replaces(long at, bool unmaps)
{
	const size_t size = 0x200000 - at;
	warm_up(make_call, 100);
	if (unmaps)
		munmap((void *)at, size);
	void *own = mmap((void *)at, size, PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS | (unmaps ? 0 : MAP_FIXED), -1, 0);
	if (own != (void *)at)
		return 100;
	memset(own, 0xaa, size);
	int changed = 0;
	auto check = [&] {
		for (size_t i = 0; i < size; i++)
			if (((unsigned char *)own)[i] != 0xaa) {
				changed++;
				break;
			}
	};
	warm_up(make_call, 100);
	getpriority(PRIO_PROCESS, 0); // a call with a new number
	check();
	pthread_t thread;
	if (pthread_create(&thread, nullptr, calls_of_thread, nullptr) != 0 || pthread_join(thread, nullptr) != 0)
		return 101;
	check();
	pid_t child = fork();
	if (child == 0) {
		warm_up(make_call, 60);
		check();
		_exit(changed);
	}
	int status;
	if (waitpid(child, &status, 0) != child || status != 0)
		changed++;
	check();
	return changed;
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	pthread_t thread, self = pthread_self();
	char c;

	setvbuf(stdout, nullptr, _IONBF, 0);
	pipe(p);
	warm_up(make_call, 100);
	for (int i = 0; i < 100; i++)
		if (read(-1, &c, 1) != -1 || errno != EBADF || write(p[1], "y", 1) != 1 || read(p[0], &c, 1) != 1 || c != 'y')
			bad++;
	if (!strcmp(what, "exception")) {
		signal(SIGALRM, throws);
		for (int i = 0; i < 3; i++) {
			sigset_t none;
			sigemptyset(&none);
			sigprocmask(SIG_SETMASK, &none, nullptr);
			pthread_create(&thread, nullptr, interrupt_read, &self);
			try {
				struct guard { ~guard() { puts("destroyed"); } } g;
				read(p[0], &c, 1);
			} catch (int n) {
				printf("caught %d\n", n);
			}
			pthread_join(thread, nullptr);
		}
	} else if (!strcmp(what, "backtrace")) {
		struct sigaction sa = {};
		sa.sa_handler = depth;
		sigaction(SIGALRM, &sa, nullptr);
		pthread_create(&thread, nullptr, interrupt_read, &self);
		read(p[0], &c, 1);
		pthread_join(thread, nullptr);
	} else if (!strcmp(what, "cancel")) {
		for (int i = 0; i < 3; i++) {
			void *result;
			pthread_create(&thread, nullptr, cancelled, nullptr);
			usleep(10000);
			pthread_cancel(thread);
			pthread_join(thread, &result);
			printf("cancelled: %d\n", result == PTHREAD_CANCELED);
		}
	} else if (!strcmp(what, "unmap")) {
		// The page with the function is a private mapping of this file, at another
		// address each time, and at the same with other content.
		int self = open("/proc/self/exe", O_RDONLY);
		FILE *maps = fopen("/proc/self/maps", "r");
		char line[512];
		size_t offset = 0;
		while (fgets(line, sizeof line, maps)) {
			size_t from, to, at;
			if (sscanf(line, "%zx-%zx %*s %zx", &from, &to, &at) == 3 && (size_t)make_call >= from && (size_t)make_call < to)
				offset = at + (size_t)make_call - from;
		}
		void *at = nullptr;
		for (int i = 0; i < 5; i++) {
			at = mmap(at, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | (at ? MAP_FIXED : 0), self, offset);
			warm_up((caller)at, 100);
			if (i == 1 || i == 3) {
				munmap(at, page);
				mmap(at, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
				memcpy(at, (void *)make_call, page);
				// In case that the copy has a jump.
				memcpy(static_cast<char *>(at) + 30, "\x0f\x05\xc3", 3);
				warm_up((caller)at, 100);
			}
			if (i == 2) {
				void *there = mremap(at, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, static_cast<char *>(mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
				warm_up((caller)there, 100);
				at = nullptr;
			}
		}
		// The kernel makes whole pages writable, also if less is asked for.
		uid_t (*const functions[])() = {(uid_t (*)())getppid, getuid, geteuid, getgid, getegid};
		for (auto f : functions) {
			for (int i = 0; i < 100; i++)
				f();
			size_t offset = (size_t)f % page;
			if (offset < 300 || offset > (size_t)page - 16)
				continue;
			mprotect((char *)f - offset, 1, PROT_READ | PROT_WRITE | PROT_EXEC);
			if (!memmem((void *)f, 16, "\x0f\x05", 2))
				bad++;
			mprotect((char *)f - offset, 1, PROT_READ | PROT_EXEC);
		}
		mprotect((void *)make_call, page, PROT_READ | PROT_WRITE | PROT_EXEC);
		warm_up(make_call, 100);
		mprotect((void *)make_call, page, PROT_READ | PROT_EXEC);
		warm_up(make_call, 100);
	} else if (!strcmp(what, "remap")) {
		// What nobody but a tracer maps, code without a file, is replaced.
		warm_up(make_call, 200);
		size_t from[16], to[16], n = 0;
		FILE *maps = fopen("/proc/self/maps", "r");
		char line[512];
		while (n < 16 && fgets(line, sizeof line, maps)) {
			int end = 0;
			if (sscanf(line, "%zx-%zx r-xp 00000000 00:00 0 %n", &from[n], &to[n], &end) == 2 && end && !line[end] && from[n] > 1 << 20)
				n++;
		}
		fclose(maps);
		for (size_t i = 0; i < n; i++)
			if (mmap((void *)from[i], to[i] - from[i], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != (void *)from[i])
				bad++;
		warm_up(make_call, 200);
	} else if (!strcmp(what, "tsc")) {
		prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
		warm_up(make_call, 100);
	} else if (!strcmp(what, "dispatch") || !strcmp(what, "dispatched")) {
		const bool early = !strcmp(what, "dispatched"); // before any call is patched
		const int set_dispatch = 59; // PR_SET_SYSCALL_USER_DISPATCH
		struct sigaction sa = {};
		sa.sa_sigaction = dispatched;
		sa.sa_flags = SA_SIGINFO;
		sigaction(SIGSYS, &sa, nullptr);
		if (early)
			printf("%d\n", prctl(set_dispatch, 1, 0, 0, &dispatch));
		int p[2];
		socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
		for (int i = 0; i < 100; i++) {
			syscall(SYS_sendto, p[0], "abc", 3, 0, nullptr, 0);
			recv(p[1], received_data, sizeof received_data, 0);
		}
		if (!early)
			printf("%d\n", prctl(set_dispatch, 1, 0, 0, &dispatch));
		for (int i = 0; i < 4; i++) {
			dispatch = 1;
			syscall(SYS_sendto, p[0], "abc", 3, 0, nullptr, 0);
			dispatch = 0;
			printf("call %d\n", dispatched_call);
		}
	} else if (!strcmp(what, "step")) {
		struct sigaction sa = {};
		sa.sa_sigaction = step;
		sa.sa_flags = SA_SIGINFO;
		sigaction(SIGTRAP, &sa, nullptr);
		for (int i = 0; i < 3; i++) {
			long result;
			asm volatile("sub $128, %%rsp; pushf; orl $0x100, (%%rsp); popf; mov %1, %%rdi; xor %%esi, %%esi; call make_call\n"
				     "pushf; andl $~0x100, (%%rsp); popf; add $128, %%rsp"
				     : "=a"(result) : "i"(SYS_getpid) : "rdi", "rsi", "rdx", "rcx", "r11", "memory");
			printf("%ld steps, right %d\n", steps, result == getpid());
		}
	} else if (!strcmp(what, "filter")) {
		// What the tracer may call in the program's name, and the stub does.
		for (int nr : {SYS_process_vm_readv, SYS_memfd_create, SYS_madvise, SYS_getpid}) {
			static int call;
			call = nr;
			int status = in_child([] {
				filter(call, SECCOMP_RET_KILL_PROCESS);
				for (int i = 0; i < 200; i++)
					if (make_call(SYS_read, -1, 8, 1) != -EBADF || make_call(SYS_open, 8, 0, 0) != -EFAULT)
						bad++;
				pthread_t thread;
				if (call == SYS_process_vm_readv) {
					pthread_create(&thread, nullptr, [](void *) -> void * {
						for (int i = 0; i < 200; i++)
							make_call(SYS_open, 8, 0, 0);
						return nullptr;
					}, nullptr);
					pthread_join(thread, nullptr);
				}
				make_call(call, 0, 0, 0);
			});
			printf("%d: signal %d, status %d\n", nr, WTERMSIG(status), WEXITSTATUS(status));
		}
	} else if (!strcmp(what, "limits")) {
		struct rlimit none = {0, 0}, few = {3, 3};
		printf("%d\n", in_child([] {
			struct rlimit none = {1 << 20, 1 << 20};
			setrlimit(RLIMIT_AS, &none);
			execl("/proc/self/exe", "hardships", "nothing", nullptr);
			warm_up(make_call, 100);
		}));
		// No file may grow: SIGXFSZ would end the program.
		printf("%d\n", in_child([] {
			struct rlimit small = {1, 1};
			setrlimit(RLIMIT_FSIZE, &small);
			warm_up(make_call, 100);
			if (fork() == 0)
				execl("/proc/self/exe", "hardships", "nothing", nullptr);
			int status;
			wait(&status);
			bad += status != 0;
		}));
		setrlimit(RLIMIT_AS, &none);
		setrlimit(RLIMIT_NOFILE, &few);
		warm_up(make_call, 300);
	} else if (!strcmp(what, "room")) {
		// How much memory it can map is the same as if nothing else was mapped.
		warm_up(make_call, 200);
		int n = 0;
		while (mmap(nullptr, page, PROT_READ | (n & 1) << 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
			n++;
		printf("%d\n", n);
	} else if (!strcmp(what, "faults")) {
		// SIGSEGV is blocked, or ignored, and pointers are bad.
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGSEGV);
		sigprocmask(SIG_BLOCK, &set, nullptr);
		signal(SIGBUS, SIG_IGN);
		char *last = static_cast<char *>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		munmap(last + page, page);
		memset(last, 'a', page);
		struct iovec v[2] = {{last + page - 2, 2}, {last + page - 1, 10}};
		for (long bad_address : {8L, 4096L, 0x10000L, (long)(last + page), -1L, (long)0x7fffffffffffffff}) {
			printf("%ld %ld %ld\n", make_call(SYS_open, bad_address, 0, 0), make_call(SYS_write, p[1], bad_address, 10),
			       make_call(SYS_writev, p[1], bad_address, 2));
		}
		printf("%ld %ld %ld\n", make_call(SYS_open, (long)(last + page - 4), 0, 0), make_call(SYS_write, p[1], (long)(last + page - 4), 10),
		       make_call(SYS_writev, p[1], (long)v, 2));
		fcntl(p[0], F_SETFL, O_NONBLOCK);
		printf("%ld\n", make_call(SYS_read, p[0], (long)(last + page - 2), 10));
		sigprocmask(SIG_BLOCK, nullptr, &set);
		printf("blocked %d\n", sigismember(&set, SIGSEGV));
	} else if (!strcmp(what, "unused")) {
		// Calls succeed without reading or writing memory that is not there, with SIGSEGV
		// blocked, ignored, or with a handler, and with all that changes this.
		char *gone = static_cast<char *>(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		munmap(gone, page);
		nowhere = open("/dev/null", O_WRONLY);
		where = gone;
		sigset_t set, none;
		sigemptyset(&none);
		auto show = [&](const char *state) {
			struct sigaction segv, bus;
			use_nothing();
			sigaction(SIGSEGV, nullptr, &segv);
			sigaction(SIGBUS, nullptr, &bus);
			pthread_sigmask(SIG_BLOCK, nullptr, &set);
			auto action = [](const struct sigaction &a) { return a.sa_handler == SIG_IGN ? "ignored" : a.sa_handler == SIG_DFL ? "default" : "handled"; };
			printf("%s: %d %d, %s %s\n", state, sigismember(&set, SIGSEGV), sigismember(&set, SIGBUS), action(segv), action(bus));
		};
		for (int i = 0; i < 3; i++) {
			show("at first");
			for (int sig : {SIGSEGV, SIGBUS}) {
				sigset_t one = none;
				sigaddset(&one, sig);
				signal(sig, nothing);
				show("handled");
				pthread_sigmask(SIG_BLOCK, &one, nullptr);
				show("handled and blocked");
				// By a call that is not patched, and back by one that is.
				syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, 8);
				show("handled again");
				make_call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&one, 0);
				show("blocked again");
				pthread_sigmask(SIG_SETMASK, &none, nullptr);
				signal(sig, SIG_IGN);
				show("ignored");
				signal(sig, SIG_DFL);
				show("default");
				// While a handler runs that blocks it, and after that.
				struct sigaction sa = {};
				sa.sa_handler = [](int) { use_nothing(); };
				sa.sa_mask = one;
				signal(sig, nothing);
				sigaction(SIGUSR1, &sa, nullptr);
				raise(SIGUSR1);
				show("after a handler");
				signal(sig, SIG_DFL);
			}
			// Another thread ignores it meanwhile.
			pthread_t other;
			pthread_create(&other, nullptr, [](void *) -> void * {
				for (int j = 0; j < 50; j++) {
					use_nothing();
					signal(SIGSEGV, j % 2 ? SIG_DFL : SIG_IGN);
				}
				signal(SIGSEGV, SIG_IGN);
				return nullptr;
			}, nullptr);
			for (int j = 0; j < 2000; j++)
				use_nothing();
			pthread_join(other, nullptr);
			show("ignored by a thread");
			signal(SIGSEGV, SIG_DFL);
		}
		// Another thread maps and unmaps memory that is written.
		signal(SIGSEGV, SIG_IGN);
		pthread_t mapper;
		pthread_create(&mapper, nullptr, [](void *) -> void * {
			while (!stopped) {
				mmap(where, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
				munmap(where, page);
			}
			return nullptr;
		}, nullptr);
		for (int j = 0; j < 2000; j++)
			make_call(SYS_pwrite64, p[1], (long)where, 1);
		for (int j = 0; j < 2000; j++)
			use_nothing();
		stopped = true;
		pthread_join(mapper, nullptr);
		show("at last");
	} else if (!strcmp(what, "served")) {
		// Nobody serves the memory that is written to /dev/null, which does not read it.
		where = static_cast<char *>(mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		nowhere = open("/dev/null", O_WRONLY);
		int server = syscall(SYS_userfaultfd, O_NONBLOCK | UFFD_USER_MODE_ONLY);
		struct uffdio_api api = {};
		api.api = UFFD_API;
		struct uffdio_register range = {};
		range.range = {(unsigned long)where, page};
		range.mode = UFFDIO_REGISTER_MODE_MISSING;
		if (server >= 0)
			printf("%d %d\n", ioctl(server, UFFDIO_API, &api), ioctl(server, UFFDIO_REGISTER, &range));
		for (int i = 0; i < 20; i++)
			if (make_call(SYS_write, nowhere, (long)where, 10) != 10)
				bad++;
		struct uffd_msg fault;
		if (read(server, &fault, sizeof fault) != -1)
			bad++;
	} else if (!strcmp(what, "protect")) {
		// Of all low memory, where the stub is, no page can be run any more.
		for (long at = 0x10000; at < 0x200000; at += page)
			mprotect((void *)at, page, PROT_READ);
		warm_up(make_call, 200);
	} else if (!strcmp(what, "fixed")) {
		// The program maps memory of its own in low memory, where areas and more may be, and
		// finds there what it has written.
		for (long at : {0x28000L, 0x30000L, 0x40000L, 0x90000L, 0x150000L, 0x151000L, 0x170000L, 0x1a0000L, 0x1b0000L})
			for (bool unmaps : {false, true}) {
				fflush(stdout);
				pid_t child = fork();
				if (child == 0)
					_exit(replaces(at, unmaps));
				int status;
				if (waitpid(child, &status, 0) != child || status != 0)
					bad++;
			}
	} else if (!strcmp(what, "page")) {
		// The program has code of its own where the stub was.
		const unsigned char code[] = {0xb8, SYS_getpgid, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05, 0xc3};
		void *at = (void *)0x20000;
		if (mmap(at, page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
			bad++;
		memcpy(at, code, sizeof code);
		for (int i = 0; i < 200; i++)
			if (((long (*)())at)() != getpgid(0))
				bad++;
		warm_up(make_call, 100);
		munmap(at, page);
		warm_up(make_call, 100);
	} else if (!strcmp(what, "undumpable") || !strcmp(what, "ids")) {
		// From here on a tracer without privileges cannot access the memory of the program.
		auto thread_calls = [](void *) -> void * {
			warm_up(make_call, 20);
			for (int i = 0; i < 10; i++)
				make_call(SYS_getpgid, 0, 0, 0);
			return nullptr;
		};
		warm_up(make_call, 100);
		pthread_create(&thread, nullptr, thread_calls, nullptr);
		pthread_join(thread, nullptr);
		if (!strcmp(what, "ids"))
			printf("%d\n", setresuid(65534, 65534, 65534));
		else
			printf("%d\n", prctl(PR_SET_DUMPABLE, 0));
		thread_calls(nullptr);
		for (int i = 0; i < 3; i++) {
			pthread_create(&thread, nullptr, thread_calls, nullptr);
			pthread_join(thread, nullptr);
			pid_t child = fork();
			if (child == 0) {
				thread_calls(nullptr);
				_exit(bad);
			}
			int status;
			waitpid(child, &status, 0);
			bad += status;
		}
	} else if (!strcmp(what, "own")) {
		// A filter of the program's own, for all threads, refuses a call, and the calls
		// of another thread go on.
		static volatile bool installed;
		pthread_create(&thread, nullptr, [](void *) -> void * {
			warm_up(make_call, 100);
			for (int i = 0; i < 20; i++)
				make_call(SYS_getpgid, 0, 0, 0);
			while (!installed)
				make_call(SYS_getppid, 0, 0, 0);
			for (int i = 0; i < 50; i++)
				if (make_call(SYS_getpgid, i, 0, 0) != -EXDEV)
					bad++;
			return nullptr;
		}, nullptr);
		warm_up(make_call, 100);
		for (int i = 0; i < 20; i++)
			make_call(SYS_getpgid, 0, 0, 0);
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};
		struct sock_fprog prog = {4, code};
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		printf("%ld\n", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog));
		installed = true;
		for (int i = 0; i < 50; i++)
			if (make_call(SYS_getpgid, i, 0, 0) != -EXDEV)
				bad++;
		pthread_join(thread, nullptr);
	} else if (!strcmp(what, "tsync")) {
		// A thread installs a filter for all, which kills them for what the stub does
		// beside the program's calls.
		static const long nowhere = 0x666600000000;
		for (int i = 0; i < 10; i++) {
			int status = in_child([] {
				static volatile bool ready, installed;
				pthread_t thread;
				pthread_create(&thread, nullptr, [](void *) -> void * {
					warm_up(make_call, 200);
					for (int i = 0; i < 200; i++) {
						make_call(SYS_open, nowhere, 0, 0);
						make_call(SYS_recvfrom, 0, nowhere, 0);
					}
					ready = true;
					while (!installed) {
						make_call(SYS_open, nowhere, 0, 0);
						make_call(SYS_recvfrom, 0, nowhere, 0);
					}
					for (int i = 0; i < 50; i++)
						if (make_call(SYS_open, nowhere, 0, 0) != -EFAULT || make_call(SYS_recvfrom, 0, nowhere, 0) != -ENOTSOCK)
							bad++;
					return nullptr;
				}, nullptr);
				while (!ready)
					sched_yield();
				struct sock_filter code[] = {
					BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
					BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
					BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 1),
					BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
					BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
				};
				struct sock_fprog prog = {5, code};
				prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
				if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog))
					bad++;
				installed = true;
				pthread_join(thread, nullptr);
			});
			printf("signal %d, status %d\n", WTERMSIG(status), WEXITSTATUS(status));
		}
	} else if (!strcmp(what, "threads")) {
		for (int i = 0; i < 40; i++) {
			pthread_t all[4];
			for (auto &t : all)
				pthread_create(&t, nullptr, calls, nullptr);
			for (auto &t : all)
				pthread_join(t, nullptr);
		}
	} else if (!strcmp(what, "times")) {
		// Each thread has calls that stop between those that do not.
		pthread_t all[3];
		for (auto &t : all)
			pthread_create(&t, nullptr, [](void *) -> void * {
				for (int i = 0; i < 300; i++) {
					warm_up(make_call, 3);
					munmap(mmap(nullptr, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), page);
				}
				return nullptr;
			}, nullptr);
		for (auto &t : all)
			pthread_join(t, nullptr);
	} else if (!strcmp(what, "mappings")) {
		// Threads map files over their own memory, and get signals.
		struct sigaction sa = {};
		sa.sa_handler = [](int) {};
		sigaction(SIGUSR1, &sa, nullptr);
		warm_up(make_call, 100);
		raise(SIGUSR1);
		pthread_t all[3];
		for (auto &t : all)
			pthread_create(&t, nullptr, [](void *) -> void * {
				int fd = open("/bin/true", O_RDONLY);
				for (int i = 0; i < 200; i++) {
					char *at = static_cast<char *>(mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
					at[page] = 1;
					raise(SIGUSR1);
					void *over = mmap(at, page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
					if (over != at || memcmp(over, "\177ELF", 4) || at[page] != 1)
						abort();
					mmap(nullptr, page, PROT_READ, MAP_SHARED, -1, 0); // fails
					munmap(at, 2 * page);
				}
				return nullptr;
			}, nullptr);
		for (auto &t : all)
			pthread_join(t, nullptr);
	} else if (!strcmp(what, "vfork")) {
		for (int i = 0; i < 20; i++) {
			int status;
			pid_t child = vfork();
			if (child == 0) {
				make_call(SYS_getpid, 0, 0, 0);
				if (i % 2)
					_exit(3);
				execl("/bin/true", "true", nullptr);
			}
			waitpid(child, &status, 0);
			warm_up(make_call, 10);
			printf("%d ", WEXITSTATUS(status));
		}
		puts("");
	} else if (!strcmp(what, "vforks")) {
		// Children that make calls in their parent's memory, also of two threads at once,
		// and that end in several ways.
		spawns(nullptr);
		pthread_t other;
		pthread_create(&thread, nullptr, spawns, nullptr);
		pthread_create(&other, nullptr, spawns, nullptr);
		pthread_join(thread, nullptr);
		pthread_join(other, nullptr);
	} else if (!strcmp(what, "frames")) {
		// A handler changes what is restored when it returns, also to what cannot be.
		struct sigaction sa = {};
		sa.sa_flags = SA_SIGINFO;
		sa.sa_sigaction = changes;
		sigaction(SIGUSR1, &sa, nullptr);
		sa.sa_flags = SA_NODEFER;
		sa.sa_handler = [](int) { siglongjmp(back, 1); };
		sigaction(SIGSEGV, &sa, nullptr);
		border = static_cast<char *>(mmap(nullptr, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) + 2 * 4096;
		munmap(border, 4096);
		warm_up(make_call, 100);
		for (change = -20; change < 15; change++) { // from 0 on, it is something else each time
			if (sigsetjmp(back, 1))
				printf("%d: refused\n", change);
			else
				printf("%d: %ld\n", change, make_call(SYS_tgkill, getpid(), gettid(), SIGUSR1));
		}
	} else if (!strcmp(what, "overwrite")) {
		// Writes to all that a tracer has mapped.
		FILE *maps = fopen("/proc/self/maps", "r");
		char line[512];
		srand(atoi(argv[2]));
		struct range { size_t from, to; } ranges[64];
		int n = 0;
		while (n < 64 && fgets(line, sizeof line, maps)) {
			size_t from, to;
			char mode[8];
			if (sscanf(line, "%zx-%zx %7s", &from, &to, mode) == 3 && mode[1] == 'w' && (strstr(line, "memfd:trapline") || (from < 0x400000 && from >= 0x40000)))
				ranges[n++] = range{from, to};
		}
		if (argc > 3)
			printf("%d ranges\n", n);
		for (int round = 0; round < 300; round++) {
			for (int i = 0; i < n; i++) {
				size_t words = (ranges[i].to - ranges[i].from) / 8;
				if (words > 40000) words = 512 + rand() % 40000;
				for (int k = 0; k < 20; k++) {
					size_t at = (k % 2 ? rand() % words : rand() % 20) * 8;
					unsigned long value = (unsigned long)rand() << (rand() % 48);
					if (rand() % 3 == 0) value &= 0xff8;
					*reinterpret_cast<volatile unsigned long *>(ranges[i].from + at) = value;
				}
			}
			make_call(SYS_getppid, 0, 0, 0);
			make_call(SYS_write, -1, (long)"z", 1);
		}
	}
	printf("%ld errors\n", bad);
	return bad != 0;
}
