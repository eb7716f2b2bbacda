// Visible prints all that a process can see of itself: what /proc has of it, and
// what system calls tell. It does so as the process that was started, as another
// thread, as children made by fork, clone and vfork with execve, about a child that
// waits, and after an execve of its own.
//
//	visible                       prints it, a line each: WHO <tab> SOURCE <tab> WHAT
//	visible start COMMAND...      executes a command with addresses that are the same
//	                              each time
//	visible rich TTY COMMAND...   changes most of what is inherited, too, and makes the
//	                              terminal the controlling one
//
// Lines of the SOURCE "id" name the ids of processes and threads, which are others
// each time.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

// Nothing is allocated by malloc, so that the mappings stay as they are.
static char out[8 << 20], content[1 << 20];
static size_t used;
static const char *who = "main";

// say adds a line.
static void say(const char *source, const char *format, ...) {
	va_list args;
	va_start(args, format);
	used += snprintf(out + used, sizeof out - used, "%s\t%s\t", who, source);
	used += vsnprintf(out + used, sizeof out - used, format, args);
	va_end(args);
	if (used > sizeof out - 2)
		abort();
	out[used++] = '\n';
}

static void say_id(pid_t pid, const char *name) { say("id", "%d %s", pid, name); }

// flush writes all lines so far. Processes do it one after the other.
static void flush(void) {
	for (size_t done = 0; done < used;) {
		ssize_t n = write(1, out + done, used - done);
		if (n < 0)
			abort();
		done += n;
	}
	used = 0;
}

static void fail(const char *what) {
	perror(what);
	exit(1);
}

// result is a number that a call returned, or the name of its error.
static const char *result(long r) {
	static char text[32];
	if (r == -1)
		return strerrorname_np(errno);
	snprintf(text, sizeof text, "%#lx", r);
	return text;
}

// say_file shows the lines of a file. Zeros end lines, too.
static void say_file(const char *path) {
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		say(path, "open %s", strerrorname_np(errno));
		return;
	}
	ssize_t n, size = 0;
	while ((n = read(fd, content + size, sizeof content - size)) > 0)
		size += n;
	if (n < 0)
		say(path, "read %s", strerrorname_np(errno));
	close(fd);
	if (strcmp(strrchr(path, '/'), "/auxv") == 0) {
		for (unsigned long *p = (unsigned long *)content; (char *)p < content + size; p += 2)
			say(path, "AT_%lu %#lx", p[0], p[1]);
		return;
	}
	for (ssize_t start = 0, i = 0; i <= size; i++)
		if ((i == size && i > start) || (i < size && (content[i] == '\n' || content[i] == 0))) {
			say(path, "%.*s", (int)(i - start), content + start);
			start = i + 1;
		}
}

// Files that are left out: memory itself, what acts when it is opened or read, and
// what is of the machine.
static int left_out(const char *name) {
	static const char *const names[] = {"mem", "pagemap", "clear_refs", "net"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return 1;
	return 0;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

// say_folder shows all that is in a folder of /proc.
static void say_folder(const char *dir, int depth) {
	static struct { char names[400][256], *sorted[400]; } levels[4];
	char path[512], target[512];
	DIR *d = opendir(dir);
	int count = 0;
	if (d == NULL) {
		say(dir, "opendir %s", strerrorname_np(errno));
		return;
	}
	for (struct dirent *e; (e = readdir(d)) != NULL && count < 400;)
		if (e->d_name[0] != '.' && !left_out(e->d_name)) {
			levels[depth].sorted[count] = levels[depth].names[count];
			strcpy(levels[depth].names[count++], e->d_name);
		}
	closedir(d);
	qsort(levels[depth].sorted, count, sizeof(char *), by_name);
	for (int i = 0; i < count; i++) {
		struct stat st;
		snprintf(path, sizeof path, "%s/%s", dir, levels[depth].sorted[i]);
		if (lstat(path, &st) != 0) {
			say(path, "lstat %s", strerrorname_np(errno)); // of the folder's own descriptor
			continue;
		}
		say(path, "mode %o user %d group %d", st.st_mode, st.st_uid, st.st_gid);
		if (S_ISDIR(st.st_mode)) {
			say_folder(path, depth + 1);
		} else if (S_ISLNK(st.st_mode)) {
			ssize_t n = readlink(path, target, sizeof target);
			say(path, "link %.*s", n < 0 ? 0 : (int)n, target);
		} else {
			say_file(path);
		}
	}
}

static void say_ids(void) {
	uid_t r, e, s;
	gid_t groups[100];
	getresuid(&r, &e, &s);
	say("getresuid", "%d %d %d", r, e, s);
	getresgid(&r, &e, &s);
	say("getresgid", "%d %d %d", r, e, s);
	int n = getgroups(100, groups);
	say("getgroups", "%d", n);
	for (int i = 0; i < n; i++)
		say("getgroups", "group %d", groups[i]);
	say("getpid", "%d", getpid());
	say("gettid", "%d", gettid());
	say("getppid", "%d", getppid());
	say("getpgid", "%d", getpgid(0));
	say("getsid", "%d", getsid(0));
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct caps[2];
	memset(caps, 0, sizeof caps);
	syscall(SYS_capget, &header, caps);
	for (int i = 0; i < 2; i++)
		say("capget", "%x %x %x", caps[i].effective, caps[i].permitted, caps[i].inheritable);
	for (int i = 0; i < 64; i++) {
		say("PR_CAPBSET_READ", "%d %s", i, result(prctl(PR_CAPBSET_READ, i, 0, 0, 0)));
		say("PR_CAP_AMBIENT", "%d %s", i, result(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0)));
	}
	say("keyctl", "session keyring %s", result(syscall(SYS_keyctl, 0, -3, 0)));
}

static void say_scheduling(void) {
	cpu_set_t set;
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof set, &set);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &set))
			say("sched_getaffinity", "%d", i);
	struct sched_param param = {0};
	sched_getparam(0, &param);
	say("sched_getscheduler", "%d priority %d", sched_getscheduler(0), param.sched_priority);
	unsigned char attr[56] = {0};
	say("sched_getattr", "%s", result(syscall(SYS_sched_getattr, 0, attr, sizeof attr, 0)));
	for (size_t i = 0; i < sizeof attr; i += 8)
		say("sched_getattr", "%zu %#lx", i, *(unsigned long *)(attr + i));
	say("getpriority", "%d", getpriority(PRIO_PROCESS, 0));
	say("ioprio_get", "%s", result(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0)));
	int mode = -1;
	unsigned long nodes[16] = {0};
	long r = syscall(SYS_get_mempolicy, &mode, nodes, sizeof nodes * 8, 0, 0);
	say("get_mempolicy", "%s", result(r));
	say("get_mempolicy", "mode %d nodes %#lx", mode, nodes[0]);
	for (int i = 0; i < 16; i++) {
		struct rlimit limit = {0};
		getrlimit(i, &limit);
		say("getrlimit", "%d %#lx %#lx", i, (long)limit.rlim_cur, (long)limit.rlim_max);
	}
}

static void say_signals(void) {
	struct { void *handler; unsigned long flags; void *restorer; unsigned long mask; } action;
	unsigned long mask;
	for (int i = 1; i <= 64; i++) {
		memset(&action, 0, sizeof action);
		syscall(SYS_rt_sigaction, i, NULL, &action, 8);
		say("sigaction", "%d %p %#lx %#lx", i, action.handler, action.flags, action.mask);
	}
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
	say("sigprocmask", "%#lx", mask);
	syscall(SYS_rt_sigpending, &mask, 8);
	say("sigpending", "%#lx", mask);
	stack_t stack;
	sigaltstack(NULL, &stack);
	say("sigaltstack", "%p %#x %#zx", stack.ss_sp, stack.ss_flags, stack.ss_size);
	for (int i = 0; i < 3; i++) {
		struct itimerval timer;
		getitimer(i, &timer);
		int set = timer.it_value.tv_sec || timer.it_value.tv_usec;
		say("getitimer", "%d %d %ld %ld", i, set, (long)timer.it_interval.tv_sec, (long)timer.it_interval.tv_usec);
	}
}

static void say_prctl(void) {
	static const struct { const char *name; int option; } pointed[] = {
		{"PR_GET_PDEATHSIG", PR_GET_PDEATHSIG}, {"PR_GET_UNALIGN", PR_GET_UNALIGN},
		{"PR_GET_FPEMU", PR_GET_FPEMU}, {"PR_GET_FPEXC", PR_GET_FPEXC}, {"PR_GET_ENDIAN", PR_GET_ENDIAN},
		{"PR_GET_TSC", PR_GET_TSC}, {"PR_GET_CHILD_SUBREAPER", PR_GET_CHILD_SUBREAPER},
		{"PR_GET_TID_ADDRESS", PR_GET_TID_ADDRESS},
	}, returned[] = {
		{"PR_GET_DUMPABLE", PR_GET_DUMPABLE}, {"PR_GET_KEEPCAPS", PR_GET_KEEPCAPS},
		{"PR_GET_TIMING", PR_GET_TIMING}, {"PR_GET_SECCOMP", PR_GET_SECCOMP},
		{"PR_GET_SECUREBITS", PR_GET_SECUREBITS}, {"PR_GET_TIMERSLACK", PR_GET_TIMERSLACK},
		{"PR_MCE_KILL_GET", PR_MCE_KILL_GET}, {"PR_GET_NO_NEW_PRIVS", PR_GET_NO_NEW_PRIVS},
		{"PR_GET_THP_DISABLE", PR_GET_THP_DISABLE}, {"PR_GET_FP_MODE", PR_GET_FP_MODE},
		{"PR_SVE_GET_VL", PR_SVE_GET_VL}, {"PR_GET_TAGGED_ADDR_CTRL", PR_GET_TAGGED_ADDR_CTRL},
		{"PR_GET_IO_FLUSHER", PR_GET_IO_FLUSHER}, {"PR_PAC_GET_ENABLED_KEYS", PR_PAC_GET_ENABLED_KEYS},
		{"PR_SME_GET_VL", PR_SME_GET_VL}, {"PR_GET_MDWE", 66}, {"PR_GET_MEMORY_MERGE", 68},
	};
	for (size_t i = 0; i < sizeof pointed / sizeof *pointed; i++) {
		unsigned long value = 0;
		long r = prctl(pointed[i].option, &value, 0, 0, 0);
		say(pointed[i].name, "%s", result(r));
		say(pointed[i].name, "value %#lx", value);
	}
	for (size_t i = 0; i < sizeof returned / sizeof *returned; i++)
		say(returned[i].name, "%s", result(prctl(returned[i].option, 0, 0, 0, 0)));
	for (int i = 0; i < 4; i++)
		say("PR_GET_SPECULATION_CTRL", "%d %s", i, result(prctl(PR_GET_SPECULATION_CTRL, i, 0, 0, 0)));
	char name[17] = {0};
	prctl(PR_GET_NAME, name, 0, 0, 0);
	say("PR_GET_NAME", "%s", name);
	unsigned long cookie = 0;
	say("PR_SCHED_CORE", "%s", result(prctl(62, 0, 0, 0, &cookie)));
	static const struct { const char *name; int code; } arch[] = {
		{"ARCH_GET_FS", 0x1003}, {"ARCH_GET_GS", 0x1004}, {"ARCH_GET_CPUID", 0x1011},
		{"ARCH_GET_XCOMP_PERM", 0x1022}, {"ARCH_SHSTK_STATUS", 0x5005},
	};
	for (size_t i = 0; i < sizeof arch / sizeof *arch; i++) {
		unsigned long value = 0;
		say(arch[i].name, "%s", result(syscall(SYS_arch_prctl, arch[i].code, &value)));
		say(arch[i].name, "value %#lx", value);
	}
}

static void say_descriptors(void) {
	for (int fd = 0; fd < 400; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags < 0)
			continue;
		struct stat st;
		fstat(fd, &st);
		say("descriptor", "%d flags %#x %#x owner %d signal %d lease %d seals %d pipe %d",
			fd, flags, fcntl(fd, F_GETFL), fcntl(fd, F_GETOWN), fcntl(fd, F_GETSIG), fcntl(fd, F_GETLEASE),
			fcntl(fd, F_GET_SEALS), fcntl(fd, F_GETPIPE_SZ));
		say("descriptor", "%d offset %ld mode %o device %#lx", fd, (long)lseek(fd, 0, SEEK_CUR), st.st_mode, (long)st.st_rdev);
	}
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	say("terminal", "%s", tty < 0 ? strerrorname_np(errno) : "open");
	if (tty >= 0) {
		say("terminal", "foreground %d session %d", tcgetpgrp(tty), tcgetsid(tty));
		close(tty);
	}
}

static void say_rest(char **argv) {
	extern char **environ;
	char folder[4096];
	for (char **p = argv; *p; p++)
		say("argv", "%s", *p);
	for (char **p = environ; *p; p++)
		say("environ", "%p %s", *p, *p);
	mode_t mask = umask(0);
	umask(mask);
	say("umask", "%o", mask);
	say("getcwd", "%s", getcwd(folder, sizeof folder) ? folder : strerrorname_np(errno));
	say("personality", "%#x", personality(0xffffffff));
	say("brk", "%p", sbrk(0));
	void *list = NULL;
	size_t size = 0;
	syscall(SYS_get_robust_list, 0, &list, &size);
	say("robust list", "%p %zu", list, size);
	say("membarrier", "%s", result(syscall(SYS_membarrier, 0, 0, 0)));
	say("membarrier", "registered %s", result(syscall(SYS_membarrier, 1 << 9, 0, 0)));
}

static char **arguments;

static void say_all(void) {
	say_ids();
	say_scheduling();
	say_signals();
	say_prctl();
	say_descriptors();
	say_rest(arguments);
	say_folder("/proc/self", 0);
	say_folder("/proc/thread-self", 0);
}

static siginfo_t last;

static void keep(int sig, siginfo_t *info, void *context) { last = *info; }

static void say_siginfo(const char *source, const siginfo_t *info) {
	int child = info->si_signo == SIGCHLD;
	say(source, "signal %d code %d errno %d", info->si_signo, info->si_code, info->si_errno);
	say(source, "from %d user %d", info->si_pid, info->si_uid);
	say(source, "status %d", child ? info->si_status : info->si_value.sival_int);
}

// say_delivered has signals delivered, of which a handler learns.
static void say_delivered(void) {
	struct sigaction action = {.sa_sigaction = keep, .sa_flags = SA_SIGINFO}, before;
	sigaction(SIGUSR1, &action, &before);
	raise(SIGUSR1);
	say_siginfo("raise", &last);
	sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 4711});
	say_siginfo("sigqueue", &last);
	kill(getpid(), SIGUSR1);
	say_siginfo("kill", &last);
	sigaction(SIGUSR1, &before, NULL);
}

// await_end waits for a child, which has written its lines by then.
static void await_end(pid_t pid) {
	int status = -1;
	siginfo_t info = {0};
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	say_siginfo("waitid", &info);
	say("waitpid", "%d", waitpid(pid, &status, 0));
	say("waitpid", "status %#x", status);
	say_id(pid, "child");
}

static void as_child(const char *name) {
	used = 0;
	who = name;
	say_id(getpid(), "self");
	say_all();
	say_delivered();
	flush();
	_exit(3);
}

static void say_children(void) {
	flush();
	pid_t pid = fork();
	if (pid == 0)
		as_child("fork");
	await_end(pid);
	flush();
	pid = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		as_child("untraced clone");
	await_end(pid);
	flush();
	pid = vfork();
	if (pid == 0) {
		execl("/proc/self/exe", "visible", "child", NULL);
		_exit(1);
	}
	await_end(pid);
}

// await_state waits until a process is in a state of proc_pid_stat(5).
static void await_state(pid_t pid, const char *states) {
	char path[32], text[64];
	for (;;) {
		snprintf(path, sizeof path, "/proc/%d/stat", pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof text - 1);
		close(fd);
		text[n < 0 ? 0 : n] = 0;
		char *end = strrchr(text, ')');
		if (end != NULL && strchr(states, end[2]) != NULL)
			return;
		usleep(1000);
	}
}

// say_other shows a child that reads, that is stopped, and that goes on.
static void say_other(void) {
	int ends[2], status = -1;
	char byte, path[32];
	if (pipe2(ends, O_CLOEXEC) != 0)
		fail("pipe2");
	flush();
	pid_t pid = fork();
	if (pid == 0) {
		read(ends[0], &byte, 1);
		raise(SIGSTOP);
		read(ends[0], &byte, 1);
		_exit(7);
	}
	say_id(pid, "other");
	await_state(pid, "S");
	snprintf(path, sizeof path, "/proc/%d", pid);
	who = "main of another";
	say_folder(path, 0);
	say("affinity", "%d", sched_getscheduler(pid));
	say("getsid", "%d", getsid(pid));
	say("getpgid", "%d", getpgid(pid));
	say("getpriority", "%d", getpriority(PRIO_PROCESS, pid));
	say("ioprio_get", "%s", result(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid)));
	write(ends[1], "x", 1);
	waitpid(pid, &status, WUNTRACED);
	say("waitpid", "stopped %#x", status);
	await_state(pid, "tT");
	who = "main of a stopped one";
	say_folder(path, 0);
	kill(pid, SIGCONT);
	siginfo_t info = {0};
	waitid(P_PID, pid, &info, WCONTINUED);
	say_siginfo("waitid", &info);
	write(ends[1], "x", 1);
	who = "main";
	close(ends[0]);
	close(ends[1]);
	await_end(pid);
}

static void *as_thread(void *unused) {
	await_state(getpid(), "S"); // in pthread_join
	who = "thread";
	say_id(gettid(), "thread");
	say_all();
	who = "main";
	return NULL;
}

// start executes a command with addresses that are the same each time: they need
// not be left out when two runs are compared.
static void start(char **argv) {
	personality(ADDR_NO_RANDOMIZE | personality(0xffffffff));
	execv(argv[0], argv);
	fail(argv[0]);
}

// put writes to a file of /proc.
static void put(const char *path, const char *text) {
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || close(fd) < 0)
		fail(path);
}

// enter_terminal makes a session with a controlling terminal. Its leader waits for
// the process that goes on.
static void enter_terminal(const char *path) {
	int status;
	if (setsid() < 0)
		fail("setsid");
	int tty = open(path, O_RDWR);
	if (tty < 0)
		fail(path);
	dup2(tty, 0);
	close(tty);
	pid_t pid = fork();
	if (pid == 0)
		return;
	waitpid(pid, &status, 0);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

// enrich changes what a program inherits. Some of it only root may change.
static void enrich(void) {
	struct rlimit files = {300, 400}, none = {0, 0}, locked = {0x20000, 0x40000};
	struct itimerval timer = {.it_value.tv_sec = 10000, .it_interval.tv_sec = 7};
	struct sched_param param = {0};
	sigset_t set;
	int ends[2];
	umask(027);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	signal(SIGRTMIN + 7, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 3);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
	kill(getpid(), SIGRTMIN + 3);
	setitimer(ITIMER_REAL, &timer, NULL);
	setpriority(PRIO_PROCESS, 0, 3);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	sched_setscheduler(0, SCHED_BATCH, &param);
	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_MEMLOCK, &locked);
	prctl(PR_SET_TIMERSLACK, 61000, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	prctl(PR_CAPBSET_DROP, CAP_AUDIT_CONTROL, 0, 0, 0);
	prctl(PR_SET_SECUREBITS, 0x0c, 0, 0, 0); // SECBIT_NO_SETUID_FIXUP, and no way back
	prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	put("/proc/self/oom_score_adj", "100");
	put("/proc/self/coredump_filter", "0x21");
	if (pipe(ends) != 0 || dup2(ends[1], 20) < 0 || eventfd(5, 0) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		fail("descriptors");
	lseek(open("/proc/self/exe", O_RDONLY), 100, SEEK_SET);
}

int main(int argc, char **argv) {
	arguments = argv;
	if (argc > 2 && strcmp(argv[1], "start") == 0)
		start(argv + 2);
	if (argc > 3 && strcmp(argv[1], "rich") == 0) {
		enter_terminal(argv[2]);
		enrich();
		start(argv + 3);
	}
	if (tcgetsid(0) > 0)
		say_id(tcgetsid(0), "session");
	if (argc > 1) {
		who = argv[1];
		say_id(getpid(), strcmp(who, "child") == 0 ? "self" : "main");
		say_all();
		say_delivered();
		flush();
		return 3;
	}
	say_id(getpid(), "main");
	say_all();
	say_delivered();
	say_children();
	say_other();
	pthread_t thread;
	if (pthread_create(&thread, NULL, as_thread, NULL) != 0)
		fail("pthread_create");
	pthread_join(thread, NULL);
	flush();
	execl("/proc/self/exe", "visible", "execve", NULL);
	fail("execve");
}
