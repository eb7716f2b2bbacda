// Processes that wait for each other, in the way that the argument names. Each one has a
// role; "ROLE PID" is printed for all of them, then "ready". They end with the input.
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t all[16];
static int count;
static char byte;

// start makes a process. It ends when its parent does.
static pid_t start(const char *role, void (*run)(void))
{
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		close(0);
		close(1);
		run();
		_exit(0);
	}
	printf("%s %d\n", role, pid);
	all[count++] = pid;
	return pid;
}

static void sleeper(void) { for (;;) pause(); }

// Pipes: p[i] is read by process i.
static int p[3][2];
static void pipes(int n) { for (int i = 0; i < n; i++) if (pipe(p[i])) err(1, "pipe"); }
static void closePipes(int n) { for (int i = 0; i < n; i++) { close(p[i][0]); close(p[i][1]); } }
// only closes all ends but two: where to read and where to write.
static void only(int n, int in, int out)
{
	for (int i = 0; i < n; i++) {
		if (i != in) close(p[i][0]);
		if (i != out) close(p[i][1]);
	}
}
static void pass(int in, int out) { read(in, &byte, 1); write(out, &byte, 1); sleeper(); }
static void pipeA2(void) { only(2, 0, 1); pass(p[0][0], p[1][1]); }
static void pipeB2(void) { only(2, 1, 0); pass(p[1][0], p[0][1]); }
static void pipeA3(void) { only(3, 0, 1); pass(p[0][0], p[1][1]); }
static void pipeB3(void) { only(3, 1, 2); pass(p[1][0], p[2][1]); }
static void pipeC3(void) { only(3, 2, 0); pass(p[2][0], p[0][1]); }
static void pair(void) { pipes(2); start("a", pipeA2); start("b", pipeB2); closePipes(2); }
static void three(void) { pipes(3); start("a", pipeA3); start("b", pipeB3); start("c", pipeC3); closePipes(3); }
static void pipeOther(void) { only(2, -1, 0); sleeper(); }
static void pipe2other(void) { pipes(2); start("a", pipeA2); start("b", pipeB2); start("c", pipeOther); closePipes(2); }
static void pipeSelfA(void) { pass(p[0][0], p[0][1]); }
static void pipeSelf(void) { pipes(1); start("a", pipeSelfA); closePipes(1); }
static void pipeSelfTimedA(void) { struct pollfd f = {p[0][0], POLLIN, 0}; poll(&f, 1, 1000000); sleeper(); }
static void pipeSelfTimed(void) { pipes(1); start("a", pipeSelfTimedA); closePipes(1); }
static void pipeFullA(void) { only(1, -1, 0); for (;;) write(p[0][1], &byte, 1); }
static void pipeFullB(void) { only(1, 0, -1); sleeper(); }
static void pipeFull(void) { pipes(1); start("a", pipeFullA); start("b", pipeFullB); closePipes(1); }

// Named pipes, which anybody may open.
static int f1, f2;
static void fifoA(void) { pass(f1, f2); }
static void fifoB(void) { pass(f2, f1); }
static void fifos(void)
{
	mkfifo("f1", 0600);
	mkfifo("f2", 0600);
	f1 = open("f1", O_RDWR), f2 = open("f2", O_RDWR);
	start("a", fifoA), start("b", fifoB);
	close(f1), close(f2);
}
static void openA(void) { open("f1", O_RDONLY); sleeper(); }
static void fifoOpen(void) { mkfifo("f1", 0600); start("a", openA); }

// Locks. Each process has its own description of each file.
static int file(const char *name) { int fd = open(name, O_RDWR | O_CREAT, 0600); if (fd < 0) err(1, "%s", name); return fd; }
static void *shared; // what they tell each other
static void await(int i) { while (!((volatile char *)shared)[i]) usleep(1000); }
static void done(int i) { ((volatile char *)shared)[i] = 1; }
static void flockBoth(int i, int n)
{
	char own[] = "l0", next[] = "l0";
	own[1] += i, next[1] += (i + 1) % n;
	int fd = file(own), other = file(next);
	flock(fd, LOCK_EX);
	done(i);
	for (int k = 0; k < n; k++) await(k);
	flock(other, LOCK_EX);
	sleeper();
}
static void flockA2(void) { flockBoth(0, 2); }
static void flockB2(void) { flockBoth(1, 2); }
static void flock2(void) { start("a", flockA2); start("b", flockB2); }
static void flockA3(void) { flockBoth(0, 3); }
static void flockB3(void) { flockBoth(1, 3); }
static void flockC3(void) { flockBoth(2, 3); }
static void flock3(void) { start("a", flockA3); start("b", flockB3); start("c", flockC3); }
static void flockHolder(void) { int fd = file("l0"); flock(fd, LOCK_EX); done(0); if (fork() == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); sleeper(); } sleeper(); }
static void flockWaiter(void) { await(0); flock(file("l0"), LOCK_EX); sleeper(); }
static void flockFree(void) { start("a", flockWaiter); start("b", flockHolder); }
static void flockSharedA(void) { int fd = file("l0"); flock(fd, LOCK_SH); done(0); sleeper(); }
static void flockSharedB(void) { int fd = file("l0"); flock(fd, LOCK_SH); done(1); sleeper(); }
static void flockSharedC(void) { await(0); await(1); flock(file("l0"), LOCK_EX); sleeper(); }
static void flockShared(void) { start("b", flockSharedA); start("c", flockSharedB); start("a", flockSharedC); }

static void range(int fd, int command, int type, off_t from, off_t length)
{
	struct flock k = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = length};
	if (fcntl(fd, command, &k)) err(1, "fcntl");
}
static void ofdBoth(int i, int n)
{
	int fd = file("l0");
	range(fd, F_OFD_SETLK, F_WRLCK, i * 10, 10);
	done(i);
	for (int k = 0; k < n; k++) await(k);
	range(fd, F_OFD_SETLKW, F_WRLCK, (i + 1) % n * 10, 10);
	sleeper();
}
static void ofdA(void) { ofdBoth(0, 2); }
static void ofdB(void) { ofdBoth(1, 2); }
static void ofd2(void) { start("a", ofdA); start("b", ofdB); }
// The kernel refuses circles of POSIX locks alone: one wait is for a pipe.
static void posixA(void) { only(1, 0, -1); range(file("l0"), F_SETLK, F_WRLCK, 0, 10); done(0); read(p[0][0], &byte, 1); sleeper(); }
static void posixB(void) { only(1, -1, 0); await(0); range(file("l0"), F_SETLKW, F_WRLCK, 5, 10); write(p[0][1], &byte, 1); sleeper(); }
static void posix2(void) { pipes(1); start("a", posixA); start("b", posixB); closePipes(1); }
static void posixC(void) { closePipes(1); range(file("l0"), F_SETLK, F_WRLCK, 100, 10); done(1); sleeper(); }
static void posixD(void) { closePipes(1); await(0); await(1); range(file("l1"), F_SETLK, F_WRLCK, 0, 0); done(2); range(file("l0"), F_SETLKW, F_RDLCK, 0, 50); sleeper(); }
static void posixE(void) { only(1, -1, 0); await(2); range(file("l1"), F_SETLKW, F_WRLCK, 0, 1); write(p[0][1], &byte, 1); sleeper(); }
// c has a lock on other bytes of the file, and is in nobody's way.
static void posix3(void)
{
	pipes(1);
	start("a", posixA), start("c", posixC), start("d", posixD), start("b", posixE);
	closePipes(1);
}

// Futexes in shared memory, from word 16 on.
static uint32_t *word(int i) { return (uint32_t *)shared + 16 + i; }
static long futex(uint32_t *at, int op, uint32_t v) { return syscall(SYS_futex, at, op, v, NULL, NULL, 0); }
static void piA(void) { only(1, 0, -1); futex(word(0), FUTEX_LOCK_PI, 0); done(0); read(p[0][0], &byte, 1); sleeper(); }
static void piB(void) { only(1, -1, 0); await(0); futex(word(0), FUTEX_LOCK_PI, 0); write(p[0][1], &byte, 1); sleeper(); }
static void pi2(void) { pipes(1); start("a", piA); start("b", piB); closePipes(1); }
static void piC(void) { closePipes(1); int fd = file("l0"); flock(fd, LOCK_EX); await(0); done(1); futex(word(0), FUTEX_LOCK_PI, 0); sleeper(); }
static void piD(void) { only(1, -1, 0); await(1); flock(file("l0"), LOCK_EX); write(p[0][1], &byte, 1); sleeper(); }
static void pi3(void) { pipes(1); start("a", piA); start("b", piC); start("c", piD); closePipes(1); }
static void piFreeA(void) { futex(word(0), FUTEX_LOCK_PI, 0); done(0); sleeper(); }
static void piFree(void) { start("b", piFreeA); pipes(1); start("a", piB); closePipes(1); }

static pthread_mutex_t *mutex(int i) { return (pthread_mutex_t *)((char *)shared + 1024) + i; }
static void mutexes(int robust)
{
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	if (robust)
		pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < 3; i++)
		pthread_mutex_init(mutex(i), &a);
}
static void lockBoth(int i, int n)
{
	pthread_mutex_lock(mutex(i));
	done(i);
	for (int k = 0; k < n; k++) await(k);
	pthread_mutex_lock(mutex((i + 1) % n));
	sleeper();
}
static void mutexA2(void) { lockBoth(0, 2); }
static void mutexB2(void) { lockBoth(1, 2); }
static void mutexA3(void) { lockBoth(0, 3); }
static void mutexB3(void) { lockBoth(1, 3); }
static void mutexC3(void) { lockBoth(2, 3); }
static void robust2(void) { mutexes(1); start("a", mutexA2); start("b", mutexB2); }
static void robust3(void) { mutexes(1); start("a", mutexA3); start("b", mutexB3); start("c", mutexC3); }
static void plain2(void) { mutexes(0); start("a", mutexA2); start("b", mutexB2); }
static void futexWait(void) { futex(word(0), FUTEX_WAIT, 0); sleeper(); }
static void futexOther(void) { futex(word(1), FUTEX_WAIT, 0); sleeper(); }
static void futexSame(void) { start("a", futexWait); start("b", futexWait); start("c", futexOther); }
// A word that looks like an owner's, of a thread that has no such robust futex.
static void futexLike(void) { *word(0) = all[0]; futex(word(0), FUTEX_WAIT, all[0]); sleeper(); }
static void notRobust(void) { start("b", sleeper); start("a", futexLike); }

// Children. They have roles of their own.
static void child(void) { start("b", sleeper); start("c", sleeper); }
static void grandchildren(void (*waits)(pid_t b))
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		printf("a %d\n", getpid());
		child();
		fflush(stdout);
		done(0);
		close(0), close(1);
		waits(all[0]);
		_exit(0);
	}
	await(0);
}
static void waitsAny(pid_t b) { (void)b; wait(NULL); }
static void waitsOne(pid_t b) { waitpid(b, NULL, 0); }
static void waitsGroup(pid_t b) { setpgid(b, b); waitpid(-b, NULL, 0); }
static void waitsPidfd(pid_t b) { waitid(3 /* P_PIDFD */, syscall(SYS_pidfd_open, b, 0), NULL, WEXITED); }
static void waitsStopped(pid_t b) { usleep(200000); kill(b, SIGSTOP); waitpid(b, NULL, 0); }
static void waitsVfork(pid_t b) { (void)b; if (vfork() == 0) { prctl(PR_SET_PDEATHSIG, SIGKILL); for (;;) pause(); } }
static void waitAny(void) { grandchildren(waitsAny); }
static void waitOne(void) { grandchildren(waitsOne); }
static void waitGroup(void) { grandchildren(waitsGroup); }
static void waitPidfd(void) { grandchildren(waitsPidfd); }
static void waitStopped(void) { grandchildren(waitsStopped); }
static void waitVfork(void) { grandchildren(waitsVfork); }
static void traced(void) { ptrace(PTRACE_TRACEME, 0, 0, 0); raise(SIGSTOP); sleeper(); }
static void tracer(void) { pid_t pid = start("a", traced); fflush(stdout); waitpid(pid, NULL, 0); done(0); sleeper(); }
static void tracing(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		printf("b %d\n", getpid());
		tracer();
	}
	await(0);
}

// Sockets.
static int s[2];
static void sockA(void) { close(s[1]); pass(s[0], s[0]); }
static void sockB(void) { close(s[0]); pass(s[1], s[1]); }
static void both(void (*a)(void), void (*b)(void)) { start("a", a); start("b", b); close(s[0]), close(s[1]); }
static void unix2(void) { socketpair(AF_UNIX, SOCK_STREAM, 0, s); both(sockA, sockB); }
static void unixDatagram2(void) { socketpair(AF_UNIX, SOCK_DGRAM, 0, s); both(sockA, sockB); }
static void unixTimed(void)
{
	struct timeval t = {1000, 0};
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	both(sockA, sockB);
}
static void sockFull(void) { close(s[1]); for (;;) send(s[0], &byte, 1, 0); }
static void sockQuiet(void) { close(s[0]); sleeper(); }
static void unixFull(void) { socketpair(AF_UNIX, SOCK_STREAM, 0, s); both(sockFull, sockQuiet); }
static int listener;
static struct sockaddr_in address = {.sin_family = AF_INET};
static void tcp(void)
{
	socklen_t n = sizeof address;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&address, n) || listen(listener, 1) || getsockname(listener, (void *)&address, &n))
		err(1, "listen");
}
static void tcp2(void)
{
	tcp();
	s[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(s[0], (void *)&address, sizeof address))
		err(1, "connect");
	s[1] = accept(listener, NULL, NULL);
	close(listener);
	both(sockA, sockB);
}
static void accepts(void) { accept(listener, NULL, NULL); sleeper(); }
static void tcpAccept(void) { tcp(); start("a", accepts); }
static void unixListensAs(int i)
{
	struct sockaddr_un u = {AF_UNIX, "s"};
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(listener, (void *)&u, sizeof u) || listen(listener, 0))
		err(1, "listen");
	done(i);
	sleeper();
}
static void unixListens(void) { unixListensAs(0); }
static void unixConnects(void)
{
	struct sockaddr_un u = {AF_UNIX, "s"};
	await(0);
	for (;;)
		connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&u, sizeof u);
}
static void unixConnect(void) { start("b", unixListens); start("a", unixConnects); }
// Another socket has the same name, in another folder.
static void unixListensElsewhere(void) { if (mkdir("other", 0700) || chdir("other")) err(1, "other"); unixListensAs(1); }
static void unixListensThen(void) { await(1); unixListens(); }
static void unixTwo(void) { start("c", unixListensElsewhere); start("b", unixListensThen); start("a", unixConnects); }

// Calls that watch several files.
static void pollA(void)
{
	only(2, 0, -1);
	struct pollfd f[] = {{p[0][0], POLLIN, 0}, {-1, POLLIN, 0}, {s[0], POLLIN, 0}};
	close(s[1]);
	poll(f, 3, -1);
	sleeper();
}
static void pollB(void) { only(2, -1, 0); close(s[0]), close(s[1]); sleeper(); }
static void pollC(void) { closePipes(2); close(s[0]); sleeper(); }
static void polls(void)
{
	pipes(2);
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	start("a", pollA), start("b", pollB), start("c", pollC);
	closePipes(2), close(s[0]), close(s[1]);
}
static void pollDeadA(void) { only(2, 0, 1); struct pollfd f = {p[0][0], POLLIN, 0}; poll(&f, 1, -1); sleeper(); }
static void selectDeadB(void) { only(2, 1, 0); fd_set r; FD_ZERO(&r); FD_SET(p[1][0], &r); select(p[1][0] + 1, &r, NULL, NULL, NULL); sleeper(); }
static void poll2(void) { pipes(2); start("a", pollDeadA); start("b", selectDeadB); closePipes(2); }
// Data is there, but an edge has passed.
static void epollA(void)
{
	only(2, 0, -1);
	int e = epoll_create1(0);
	struct epoll_event v = {.events = EPOLLIN | EPOLLET};
	epoll_ctl(e, EPOLL_CTL_ADD, p[0][0], &v);
	epoll_wait(e, &v, 1, -1);
	done(0);
	epoll_wait(e, &v, 1, -1);
	sleeper();
}
static void epollB(void) { only(2, -1, 0); write(p[0][1], &byte, 1); await(0); sleeper(); }
static void epolls(void) { pipes(2); start("a", epollA); start("b", epollB); closePipes(2); }
static void epollDeadA(void)
{
	only(2, 0, 1);
	int e = epoll_create1(0);
	struct epoll_event v = {.events = EPOLLIN};
	epoll_ctl(e, EPOLL_CTL_ADD, p[0][0], &v);
	epoll_wait(e, &v, 1, -1);
	sleeper();
}
static void epoll2(void) { pipes(2); start("a", epollDeadA); start("b", pipeB2); closePipes(2); }
static int event;
static void eventA(void) { uint64_t n; read(event, &n, sizeof n); sleeper(); }
static void events(void) { event = eventfd(0, 0); start("a", eventA); start("b", sleeper); close(event); event = eventfd(0, 0); start("c", sleeper); close(event); }

static int master, slave;
static void terminalA(void) { close(master); read(slave, &byte, 1); sleeper(); }
static void terminalB(void) { close(slave); sleeper(); }
static void terminal(void)
{
	master = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(master), unlockpt(master);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	start("a", terminalA), start("b", terminalB);
	close(master), close(slave);
}

// Another instance of devpts has a terminal of the same number.
static unsigned terminalNumber;
static void terminalC(void)
{
	unsigned n;
	close(master), close(slave);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || mount("none", "/dev/pts", "devpts", 0, "ptmxmode=666"))
		err(1, "devpts");
	do
		if (ioctl(open("/dev/pts/ptmx", O_RDWR | O_NOCTTY), TIOCGPTN, &n))
			err(1, "TIOCGPTN");
	while (n != terminalNumber);
	done(0);
	sleeper();
}
static void terminalReads(void) { close(slave); await(0); read(master, &byte, 1); sleeper(); }
static void terminalWaits(void) { close(master); sleeper(); }
static void terminalOther(void)
{
	master = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(master), unlockpt(master);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (ioctl(master, TIOCGPTN, &terminalNumber))
		err(1, "TIOCGPTN");
	start("c", terminalC), start("b", terminalReads), start("a", terminalA), start("d", terminalWaits);
	close(master), close(slave);
}

static void sleeps(void) { for (;;) sleep(1000000); }
static void sleepA(void) { start("a", sleeps); }

// A page that another process is to provide: it has inherited the descriptor.
static void faultA(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register r = {{(uintptr_t)page, 4096}, UFFDIO_REGISTER_MODE_MISSING, 0};
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &r))
		err(1, "userfaultfd");
	send(s[0], &byte, 1, 0);
	struct iovec v = {&byte, 1};
	char room[CMSG_SPACE(sizeof fd)];
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(c), &fd, sizeof fd);
	sendmsg(s[0], &m, 0);
	close(fd);
	await(0);
	byte = *(volatile char *)page;
	sleeper();
}
static void faultB(void)
{
	char room[64];
	struct iovec v = {&byte, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
	read(s[1], &byte, 1);
	recvmsg(s[1], &m, 0);
	done(0);
	sleeper();
}
static void *touch(void *page) { byte = *(volatile char *)page; return NULL; }
// Another one, with a page of its own that waits.
static void faultsC(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register r = {{(uintptr_t)page, 4096}, UFFDIO_REGISTER_MODE_MISSING, 0};
	pthread_t t;
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &r))
		err(1, "userfaultfd");
	if (p[0][0] != 0 && pthread_create(&t, NULL, touch, page))
		errx(1, "pthread_create");
	sleeper();
}
static void faultTouched(void) { both(faultA, faultB); start("c", faultsC); }
// b alone has faults to handle: c has none.
static void faultOther(void) { socketpair(AF_UNIX, SOCK_STREAM, 0, s); faultTouched(); }
// Both have: whose the page is that a waits for is not known.
static void faultBoth(void) { pipes(1); socketpair(AF_UNIX, SOCK_STREAM, 0, s); faultTouched(); }
static void fault(void) { socketpair(AF_UNIX, SOCK_STREAM, 0, s); both(faultA, faultB); }

// Objects of IPC. main removes them.
static int set = -1, queue = -1;
static char mqueue[32];
static int mq = -1;
static void removeObjects(void)
{
	if (set >= 0) semctl(set, 0, IPC_RMID);
	if (queue >= 0) msgctl(queue, IPC_RMID, NULL);
	if (mq >= 0) syscall(SYS_mq_unlink, mqueue);
}
static void operate(int n, int change) { struct sembuf op = {n, change, 0}; syscall(SYS_semop, set, &op, 1); }
static void semaphores(int n) { if ((set = semget(IPC_PRIVATE, n, 0600)) < 0) err(1, "semget"); }
static void semHolder(void) { operate(0, 2); operate(0, -1); done(0); sleeper(); }
static void semWaits(void) { await(0); operate(0, -2); sleeper(); }
static void semWait(void) { semaphores(1); start("b", semHolder); start("a", semWaits); }
static void semZeroWaits(void) { await(0); operate(0, 0); sleeper(); }
static void semZero(void) { semaphores(1); start("b", semHolder); start("a", semZeroWaits); }
// The second operation of a list has to wait, not for what the first one has done.
static void semSecondWaits(void)
{
	struct sembuf ops[] = {{0, 1, 0}, {1, -3, 0}};
	syscall(SYS_semop, set, ops, 2);
	sleeper();
}
static void semSecond(void) { semaphores(2); start("a", semSecondWaits); }
// It has to wait for what the first one has done: no value that can be seen says so.
static void semOwnWaits(void)
{
	struct sembuf ops[] = {{0, 1, 0}, {0, -3, 0}};
	syscall(SYS_semop, set, ops, 2);
	sleeper();
}
static void semOwn(void) { semaphores(1); start("a", semOwnWaits); }
static void semTimedWaits(void) { struct sembuf op = {0, -1, 0}; struct timespec t = {100000, 0}; semtimedop(set, &op, 1, &t); sleeper(); }
static void semTimed(void) { semaphores(1); start("a", semTimedWaits); }
// The last user has ended: another process may get its number.
static void semEnds(void) { operate(0, 1); done(0); }
static void semEnded(void) { semaphores(1); pid_t b = start("b", semEnds); waitpid(b, NULL, 0); start("a", semWaits); }
// A set of another namespace, whose number is that of one here.
static void semElsewhereWaits(void)
{
	int here = set;
	if (unshare(CLONE_NEWIPC))
		err(1, "unshare");
	do
		if (set != here)
			semctl(set, 0, IPC_RMID);
	while ((set = semget(IPC_PRIVATE, 1, 0600)) >= 0 && set != here);
	operate(0, -1);
	sleeper();
}
static void semElsewhere(void) { semaphores(1); start("a", semElsewhereWaits); }

static struct { long type; char text[64]; } message = {.type = 1};
static void queues(void) { if ((queue = msgget(IPC_PRIVATE, 0600)) < 0) err(1, "msgget"); }
static void msgSender(void) { msgsnd(queue, &message, 10, 0); msgsnd(queue, &message, 10, 0); done(0); sleeper(); }
static void msgReceives(void) { await(0); for (;;) msgrcv(queue, &message, 64, 0, 0); }
static void msgEmpty(void) { queues(); start("a", msgReceives); start("b", msgSender); }
static void msgReceivesType(void) { await(0); msgrcv(queue, &message, 64, 7, 0); sleeper(); }
static void msgType(void) { queues(); start("a", msgReceivesType); start("b", msgSender); }
static void msgUnused(void) { queues(); done(0); start("a", msgReceives); }
static void msgTaker(void) { msgrcv(queue, &message, 64, 0, 0); done(0); sleeper(); }
static void msgFills(void) { msgsnd(queue, &message, 10, 0); await(0); for (;;) msgsnd(queue, &message, 50, 0); }
static void msgFull(void)
{
	queues();
	struct msqid_ds q;
	msgctl(queue, IPC_STAT, &q);
	q.msg_qbytes = 120;
	msgctl(queue, IPC_SET, &q);
	start("b", msgTaker), start("a", msgFills);
}

struct attributes { long flags, most, size, now, reserved[4]; };
static int mqOpen(int flags)
{
	struct attributes a = {.most = 1, .size = 16};
	int fd = syscall(SYS_mq_open, mqueue, flags | O_CREAT, 0600, &a);
	if (fd < 0) err(1, "mq_open");
	return fd;
}
static void mqCreate(void) { snprintf(mqueue, sizeof mqueue, "trapline-%d", getpid()); mq = mqOpen(O_RDWR); }
static void mqOnly(int flags) { int fd = mqOpen(flags); dup2(fd, mq), close(fd); }
static void mqReceives(void) { mqOnly(O_RDONLY); char b[16]; syscall(SYS_mq_timedreceive, mq, b, sizeof b, NULL, NULL); sleeper(); }
static void mqSends(void) { mqOnly(O_WRONLY); for (;;) syscall(SYS_mq_timedsend, mq, &byte, 1, 0, NULL); }
static void mqWriter(void) { mqOnly(O_WRONLY); sleeper(); }
static void mqReader(void) { mqOnly(O_RDONLY); sleeper(); }
static void mqEmpty(void) { mqCreate(); start("a", mqReceives), start("b", mqWriter), start("c", mqReader); close(mq); }
static void mqFull(void) { mqCreate(); start("a", mqSends), start("b", mqWriter), start("c", mqReader); close(mq); }

// Instances of io_uring, with requests that do not end.
static void uringWaits(int requests, unsigned wanted)
{
	struct io_uring_params u = {0};
	struct __kernel_timespec t = {100000, 0};
	int fd = syscall(SYS_io_uring_setup, 8, &u);
	if (fd < 0)
		err(1, "io_uring_setup");
	char *r = mmap(NULL, u.sq_off.array + u.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct io_uring_sqe *s = mmap(NULL, u.sq_entries * sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	s[0] = (struct io_uring_sqe){.opcode = IORING_OP_NOP};
	s[1] = (struct io_uring_sqe){.opcode = IORING_OP_TIMEOUT, .addr = (uintptr_t)&t, .len = 1};
	s[2] = (struct io_uring_sqe){.opcode = IORING_OP_READ, .fd = p[0][0], .addr = (uintptr_t)&byte, .len = 1, .off = -1};
	for (int i = 0; i < requests; i++)
		((unsigned *)(r + u.sq_off.array))[i] = i;
	*(volatile unsigned *)(r + u.sq_off.tail) = requests;
	syscall(SYS_io_uring_enter, fd, requests, wanted, IORING_ENTER_GETEVENTS, NULL, 0);
	sleeper();
}
static void uringReads(void) { uringWaits(3, 2); }
static void uringTimes(void) { uringWaits(2, 2); }
static void uringNone(void) { uringWaits(3, 0); }
static void uring(void) { pipes(1); start("a", uringReads); }
static void uringTime(void) { start("a", uringTimes); }
static void uringDone(void) { pipes(1); start("a", uringNone); }

// Futexes of newer calls.
static void wait2A(void) { syscall(455 /* futex_wait */, word(0), 0UL, 0xffffffffUL, 2 /* FUTEX2_SIZE_U32 */, NULL, 0); sleeper(); }
static void wait2Private(void) { syscall(455, word(0), 0UL, 0xffffffffUL, 2 | 0x80, NULL, 0); sleeper(); }
static void futexWait2(void) { start("a", wait2A); start("b", futexWait); start("c", wait2Private); start("d", futexOther); }
static void waitvA(void)
{
	struct { uint64_t value, at; uint32_t flags, reserved; } v[] = {{0, (uintptr_t)word(0), 2, 0}, {0, (uintptr_t)word(1), 2, 0}};
	syscall(449 /* futex_waitv */, v, 2, 0, NULL, 0);
	sleeper();
}
static void futexWaitv(void) { start("a", waitvA); }

// File systems that processes serve: of each one nothing is answered but that it is there.
static void fuseServe(const char *dir, int i)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64];
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (fd < 0 || mkdir(dir, 0700) || mount("none", dir, "fuse", 0, options))
		err(1, "%s", dir);
	static char b[1 << 17];
	struct fuse_in_header *in = (void *)b;
	for (;;) {
		if (read(fd, b, sizeof b) < (ssize_t)sizeof *in)
			continue;
		struct { struct fuse_out_header out; struct fuse_init_out init; } answer = {
			{sizeof answer, 0, in->unique}, {.major = 7, .minor = 31, .max_write = 4096}};
		if (in->opcode == FUSE_INIT) {
			write(fd, &answer, sizeof answer);
			done(i);
		}
	}
}
static void fuseB(void) { fuseServe("m0", 0); }
static void fuseC(void) { fuseServe("m1", 1); }
static void fuseA(void) { struct stat st; await(0); await(1); stat("m0/x", &st); sleeper(); }
static void fuseOpens(void) { await(0); await(1); open("m1/y/z", O_RDONLY); sleeper(); }
static void fuseRenames(void) { await(0); await(1); rename("m1/y/z", "m0/a"); sleeper(); }
static void fuseServers(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		err(1, "unshare");
	start("b", fuseB), start("c", fuseC);
}
static void fuseStat(void) { fuseServers(); start("a", fuseA); }
static void fuseOpen(void) { fuseServers(); start("a", fuseOpens); }
static void fuseRename(void) { fuseServers(); start("a", fuseRenames); }

static const struct { const char *name; void (*run)(void); } ways[] = {
	{"pipe2", pair}, {"pipe3", three}, {"pipe2other", pipe2other}, {"pipeSelf", pipeSelf}, {"pipeSelfTimed", pipeSelfTimed},
	{"pipeFull", pipeFull}, {"fifos", fifos}, {"fifoOpen", fifoOpen}, {"flock2", flock2}, {"flock3", flock3},
	{"flockFree", flockFree}, {"flockShared", flockShared}, {"ofd2", ofd2}, {"posix2", posix2}, {"posix3", posix3},
	{"pi2", pi2}, {"pi3", pi3}, {"piFree", piFree}, {"robust2", robust2}, {"robust3", robust3}, {"plain2", plain2},
	{"futexSame", futexSame}, {"notRobust", notRobust}, {"waitAny", waitAny}, {"waitOne", waitOne}, {"waitGroup", waitGroup},
	{"waitPidfd", waitPidfd}, {"waitStopped", waitStopped}, {"waitVfork", waitVfork}, {"tracing", tracing}, {"unix2", unix2},
	{"unixDatagram2", unixDatagram2}, {"unixTimed", unixTimed}, {"unixFull", unixFull}, {"tcp2", tcp2}, {"tcpAccept", tcpAccept},
	{"unixConnect", unixConnect}, {"unixTwo", unixTwo}, {"polls", polls}, {"poll2", poll2}, {"epolls", epolls}, {"epoll2", epoll2}, {"events", events},
	{"terminal", terminal}, {"terminalOther", terminalOther}, {"sleep", sleepA}, {"fault", fault},
	{"faultOther", faultOther}, {"faultBoth", faultBoth}, {"fuseStat", fuseStat}, {"fuseOpen", fuseOpen}, {"fuseRename", fuseRename},
	{"semWait", semWait}, {"semZero", semZero}, {"semSecond", semSecond}, {"semOwn", semOwn}, {"semTimed", semTimed},
	{"semEnded", semEnded}, {"semElsewhere", semElsewhere}, {"msgEmpty", msgEmpty}, {"msgType", msgType},
	{"msgUnused", msgUnused}, {"msgFull", msgFull}, {"mqEmpty", mqEmpty}, {"mqFull", mqFull}, {"uring", uring},
	{"uringTime", uringTime}, {"uringDone", uringDone}, {"futexWait2", futexWait2}, {"futexWaitv", futexWaitv},
};

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[2]))
		errx(1, "usage: waiting WAY FOLDER");
	signal(SIGPIPE, SIG_IGN);
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (strcmp(ways[i].name, argv[1]) == 0) {
			ways[i].run();
			puts("ready");
			read(0, &byte, 1);
			removeObjects();
			return 0;
		}
	errx(1, "no such way: %s", argv[1]);
}
