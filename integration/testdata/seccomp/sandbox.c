/*
 * Does what a seccomp filter of a tracer's may disturb, and prints what it finds:
 *
 *	sandbox ACTION       has a filter of its own that gives getppid ACTION
 *	                     (errno, kill, trap, trace, notify), and calls it
 *	sandbox outer CMD... runs a command below such a filter (errno)
 *	sandbox strict       enters strict mode
 *	sandbox threads      gives the filter (errno) to a thread that runs
 *	sandbox inherit      has a child and a program that inherit the filter (errno)
 *	sandbox forge DATA   is trace, with SECCOMP_RET_DATA
 *	sandbox untraced     clones with CLONE_UNTRACED, by each call that can
 *	sandbox see          prints what it can see of seccomp and its rights
 *	sandbox random N     does all of this in an order that the number N decides:
 *	                     processes, threads and programs, one after the other
 *	sandbox later        says "ready", and calls getppid when its input ends
 *
 * getppid's result is printed as its errno alone: the parent is the tracer.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int installFor(int call, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	if (flags)
		return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static int install(unsigned action, unsigned flags)
{
	return installFor(SYS_getppid, action, flags);
}

static void ask(const char *who)
{
	errno = 0;
	syscall(SYS_getppid);
	printf("%s: %d\n", who, errno);
	fflush(stdout);
}

/* The call is answered by a child, which has the listener, until it is killed. */
static void notify(int listener)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
	memset(&call, 0, sizeof call);
	memset(&answer, 0, sizeof answer);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call))
		_exit(1);
	answer.id = call.id;
	answer.error = -EDOM;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer))
		_exit(2);
	for (;;)
		pause();
}

static void trapped(int sig, siginfo_t *info, void *context)
{
	printf("SIGSYS %d call %d\n", info->si_code, info->si_syscall);
}

static int go[2];

static void *thread(void *unused)
{
	char byte;
	if (read(go[0], &byte, 1) == 1)
		ask("thread");
	return NULL;
}

static void threads(void)
{
	pthread_t id;
	if (pipe(go) || pthread_create(&id, NULL, thread, NULL))
		exit(2);
	if (install(SECCOMP_RET_ERRNO | EXDEV, SECCOMP_FILTER_FLAG_TSYNC))
		exit(3);
	if (write(go[1], "", 1) != 1)
		exit(4);
	pthread_join(id, NULL);
	ask("main");
}

static void inherit(char *self)
{
	if (install(SECCOMP_RET_ERRNO | EXDEV, 0))
		exit(2);
	pid_t child = fork();
	if (child == 0) {
		ask("child");
		execl(self, self, "ask", NULL);
		_exit(3);
	}
	waitpid(child, NULL, 0);
}

/* The other calls of these children are to stop as well as getppid. */
static void untracedChild(void)
{
	ask("child");
	pid_t child = fork();
	if (child == 0) {
		ask("grandchild");
		_exit(0);
	}
	int status = 1;
	waitpid(child, &status, 0);
	_exit(status != 0);
}

static void waitFor(const char *how, pid_t child)
{
	int status = -1;
	pid_t ended = waitpid(child, &status, 0);
	printf("%s: %d %#x\n", how, child > 0 && ended == child, status);
	fflush(stdout);
}

/* The registers of the call must be found as they were passed, by both sides. */
static long rawClone(unsigned long *flags)
{
	long result;
#ifdef __i386__
	asm volatile("int $0x80" : "=a"(result), "+b"(*flags)
		: "0"(SYS_clone), "c"(0), "d"(0), "S"(0), "D"(0) : "memory");
#else
	register long r10 asm("r10") = 0;
	register long r8 asm("r8") = 0;
	asm volatile("syscall" : "=a"(result), "+D"(*flags)
		: "0"((long)SYS_clone), "S"(0L), "d"(0L), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
#endif
	return result;
}

static void untraced(void)
{
	const unsigned long wanted = CLONE_UNTRACED | SIGCHLD;
	unsigned long flags = wanted;
	long child = rawClone(&flags);
	if (flags != wanted)
		printf("flags are %#lx\n", flags);
	if (child == 0)
		untracedChild();
	waitFor("clone", child);

	/* The arguments are in memory that cannot be written. */
	struct clone_args *args = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	args->flags = CLONE_UNTRACED;
	args->exit_signal = SIGCHLD;
	mprotect(args, 4096, PROT_READ);
	child = syscall(SYS_clone3, args, sizeof *args);
	if (args->flags != CLONE_UNTRACED)
		printf("flags are %#llx\n", args->flags);
	if (child == 0)
		untracedChild();
	waitFor("clone3", child);

	errno = 0;
	flags = CLONE_UNTRACED | CLONE_SIGHAND; /* not allowed without CLONE_VM */
	child = rawClone(&flags);
	printf("failing clone: %ld %#lx\n", child, flags);
	ask("parent");
}

static const int calls[] = { SYS_getppid, SYS_getuid, SYS_getpgid, SYS_umask };
#define CALLS (sizeof calls / sizeof calls[0])

static unsigned next(unsigned *state, unsigned limit)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16 & 0x7fff ? (*state >> 16 & 0x7fff) % limit : 0;
}

struct walk {
	unsigned state; /* of the random numbers */
	int depth;
	char *self;
};

static void askAll(void)
{
	for (unsigned i = 0; i < CALLS; i++) {
		errno = 0;
		syscall(calls[i], 0);
		printf("%d ", errno);
	}
	printf("\n");
	fflush(stdout);
}

static void *walk(void *arg);

static void walkOn(struct walk *w, unsigned how)
{
	struct walk inner = { w->state + how, w->depth + 1, w->self };
	pthread_t id;
	pid_t child;
	unsigned long flags = CLONE_UNTRACED | SIGCHLD;
	char state[16], depth[16];
	int status = 0;
	switch (how) {
	case 0:
		if (pthread_create(&id, NULL, walk, &inner) == 0)
			pthread_join(id, NULL);
		return;
	case 1: /* the rest is another program's, whichever thread this is */
		snprintf(state, sizeof state, "%u", inner.state);
		snprintf(depth, sizeof depth, "%d", inner.depth);
		execl(w->self, w->self, "random", state, depth, NULL);
		return;
	case 2:
		child = rawClone(&flags);
		break;
	default:
		child = fork();
	}
	if (child == 0) {
		walk(&inner);
		_exit(inner.depth);
	}
	waitpid(child, &status, 0);
	printf("ended %#x\n", status);
	fflush(stdout);
}

static void *walk(void *arg)
{
	struct walk *w = arg;
	for (int steps = 2 + next(&w->state, 5); steps > 0; steps--) {
		unsigned what = next(&w->state, 8);
		if (what >= 4 && w->depth < 4) {
			walkOn(w, what - 4);
		} else if (what >= 2) {
			static const unsigned actions[] = { SECCOMP_RET_ERRNO | EXDEV, SECCOMP_RET_TRACE, SECCOMP_RET_TRACE | 7, SECCOMP_RET_LOG, SECCOMP_RET_ERRNO | ENOTTY };
			int call = calls[next(&w->state, CALLS)];
			unsigned action = actions[next(&w->state, 5)];
			int result = installFor(call, action, next(&w->state, 2) ? SECCOMP_FILTER_FLAG_TSYNC : 0);
			printf("filter: %d\n", result != 0);
		}
		askAll();
	}
	return NULL;
}

static void see(void)
{
	printf("PR_GET_SECCOMP %d\n", prctl(PR_GET_SECCOMP));
	printf("PR_GET_NO_NEW_PRIVS %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	printf("ids %d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	while (status && fgets(line, sizeof line, status))
		if (!strncmp(line, "Seccomp", 7) || !strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Cap", 3))
			fputs(line, stdout);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	pid_t child = 0;
	struct sigaction action = { .sa_sigaction = trapped, .sa_flags = SA_SIGINFO };
	if (!strcmp(what, "later")) {
		char byte;
		puts("ready");
		fflush(stdout);
		while (read(0, &byte, 1) > 0)
			;
	} else if (!strcmp(what, "ask")) {
		ask("program");
		return 0;
	} else if (!strcmp(what, "see")) {
		see();
		return 0;
	} else if (!strcmp(what, "threads")) {
		threads();
		return 0;
	} else if (!strcmp(what, "inherit")) {
		inherit(argv[0]);
		return 0;
	} else if (!strcmp(what, "random") && argc > 2) {
		struct walk w = { strtoul(argv[2], NULL, 0), argc > 3 ? atoi(argv[3]) : 0, argv[0] };
		walk(&w);
		return 0;
	} else if (!strcmp(what, "untraced")) {
		untraced();
		return 0;
	} else if (!strcmp(what, "outer")) {
		if (install(SECCOMP_RET_ERRNO | EXDEV, 0))
			return 2;
		execvp(argv[2], argv + 2);
		return 3;
	} else if (!strcmp(what, "strict")) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
			return 2;
		if (write(1, "strict\n", 7) == 7)
			syscall(SYS_exit, 0);
		return 4;
	} else if (!strcmp(what, "errno")) {
		if (install(SECCOMP_RET_ERRNO | EXDEV, 0))
			return 2;
	} else if (!strcmp(what, "kill")) {
		if (install(SECCOMP_RET_KILL_PROCESS, 0))
			return 2;
	} else if (!strcmp(what, "trap")) {
		sigaction(SIGSYS, &action, NULL);
		if (install(SECCOMP_RET_TRAP, 0))
			return 2;
	} else if (!strcmp(what, "trace")) {
		if (install(SECCOMP_RET_TRACE, 0))
			return 2;
	} else if (!strcmp(what, "forge") && argc > 2) {
		if (install(SECCOMP_RET_TRACE | strtoul(argv[2], NULL, 0), 0))
			return 2;
	} else if (!strcmp(what, "notify")) {
		int listener = install(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
		if (listener < 0)
			return 2;
		child = fork();
		if (child == 0)
			notify(listener);
	} else {
		return 1;
	}
	ask(what);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return 0;
}
