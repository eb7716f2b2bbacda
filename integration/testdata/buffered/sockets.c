// Sends and receives messages in all ways that show something else in a trace: addresses
// of several families, buffers, control messages, bad pointers, what is too large or too
// short, and netlink. What it prints does not depend on how it is traced.
//
// Arguments: "shapes" does each of them some times; "replaced" has sockets whose
// descriptors become those of netlink; "threads" has threads that wait for each other;
// "interrupted" has calls that signals interrupt; "many COUNT" sends and receives COUNT
// messages with each pair of calls.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE 4096

static long results[8192];
static int count;

/* note keeps a result that is printed at the end. */
static void note(long r)
{
	if (count < 8192)
		results[count++] = r;
}

/* All calls are made here, so that each is patched once. */
static long call(long nr, long a, const void *b, long c, long d, const void *e, const void *f)
{
	long r = syscall(nr, a, b, c, d, e, f);
	if (r < 0)
		r = -errno;
	note(r);
	return r;
}

static long send_msg(int fd, const void *m, int flags) { return call(SYS_sendmsg, fd, m, flags, 0, 0, 0); }
static long recv_msg(int fd, const void *m, int flags) { return call(SYS_recvmsg, fd, m, flags | MSG_DONTWAIT, 0, 0, 0); }
static long send_to(int fd, const void *b, size_t n, int flags, const void *to, socklen_t len)
{
	return call(SYS_sendto, fd, b, n, flags, to, (void *)(long)len);
}
static long recv_from(int fd, void *b, size_t n, int flags, void *from, void *len)
{
	return call(SYS_recvfrom, fd, b, n, flags | MSG_DONTWAIT, from, len);
}

static char *edge; /* the end of a page behind which there is none */

static void *at_edge(const void *b, size_t n)
{
	return memcpy(edge - n, b, n);
}

static char data[8192], got[8192], control[8192];
static struct iovec many[1100];

static struct msghdr message(void *name, socklen_t namelen, struct iovec *iov, size_t n, void *c, size_t clen)
{
	struct msghdr m = {.msg_name = name, .msg_namelen = namelen, .msg_iov = iov, .msg_iovlen = n, .msg_control = c, .msg_controllen = clen};
	return m;
}

/* drain takes what is left in a socket. */
static void drain(int fd)
{
	while (recv(fd, got, sizeof got, MSG_DONTWAIT) >= 0)
		;
}

/* pass sends one datagram from a to b in several ways, and receives it in several ways. */
static void pass(int a, int b, void *to, socklen_t len)
{
	struct sockaddr_storage from;
	struct iovec out[3] = {{data, 3}, {data + 10, 0}, {data + 20, 50}}, in[3] = {{got, 2}, {got + 9, 0}, {got + 100, 100}};
	struct msghdr m = message(to, to ? len : 0, out, 3, NULL, 0), r;
	socklen_t room;
	socklen_t rooms[] = {sizeof from, 28, 7, 2, 1, 0};

	if (to && ((struct sockaddr *)to)->sa_family != AF_UNIX)
		rooms[2] = 2; /* what is cut short is shown as data, and has a port that is another one each time */

	for (int i = 0; i < 6; i++) {
		send_msg(a, &m, 0);
		memset(&from, 0, sizeof from);
		r = message(&from, rooms[i], in, 3, NULL, 0);
		recv_msg(b, &r, 0);
		note(r.msg_namelen);
		send_to(a, data, 40, 0, to, to ? len : 0);
		room = rooms[i];
		memset(&from, 0, sizeof from);
		recv_from(b, got, sizeof got, 0, &from, &room);
		note(room);
	}
	/* the address ends where memory does */
	for (int i = 0; i < 3; i++) {
		send_msg(a, &m, 0);
		r = message(edge - rooms[i], rooms[i], in, 3, NULL, 0);
		recv_msg(b, at_edge(&r, sizeof r) - 200, MSG_PEEK); /* whatever is there */
		recv_msg(b, &r, 0);
		send_to(a, data, 40, 0, to, to ? len : 0);
		room = rooms[i];
		recv_from(b, edge - 300, 300, 0, edge - rooms[i], &room);
		if (to) {
			send_to(a, data, 1, 0, at_edge(to, len), len);
			drain(b);
			send_to(a, data, 1, 0, edge - 2, len);
			m.msg_name = at_edge(to, len);
			send_msg(a, &m, 0);
			drain(b);
			m.msg_name = to;
		}
	}
	/* more than there is room for, less, and nothing */
	send_msg(a, &m, 0); r = message(NULL, 0, in, 1, NULL, 0); recv_msg(b, &r, MSG_PEEK);
	recv_msg(b, &r, MSG_TRUNC); note(r.msg_flags);
	send_msg(a, &m, 0); recv_from(b, got, 5, MSG_TRUNC, NULL, NULL);
	send_msg(a, &m, 0); recv_from(b, edge - 4, 4, MSG_TRUNC | MSG_PEEK, NULL, NULL);
	r = message(&from, sizeof from, (struct iovec[]){{edge - 3, 3}}, 1, NULL, 0); recv_msg(b, &r, MSG_TRUNC);
	send_msg(a, &m, 0); recv_from(b, NULL, 0, 0, NULL, NULL);
	send_to(a, data, 0, 0, to, to ? len : 0);
	r = message(&from, sizeof from, in, 3, control, 100); recv_msg(b, &r, MSG_DONTWAIT);
	r = message(&from, sizeof from, in, 3, control, 100); recv_msg(b, &r, MSG_DONTWAIT); /* there is nothing */
	room = sizeof from;
	recv_from(b, got, 100, MSG_DONTWAIT, &from, &room);
	send_to(a, data, sizeof data, 0, to, to ? len : 0);
	recv_from(b, got, sizeof got, 0, NULL, &room);
	drain(b);
}

/* bad makes calls with pointers that lead nowhere, and with absurd sizes. */
static void bad(int a, int b, void *to, socklen_t len)
{
	static const uintptr_t nowhere[] = {0, 8, 0xfff8, 0x7ffffffff000, 1ul << 63, -8ul};
	struct sockaddr_storage from;
	struct iovec one = {data, 5}, in = {got, 100}, two[2] = {{data, 4}, {data + 8, 4}};
	struct msghdr m, r;
	socklen_t room = sizeof from;

	for (unsigned i = 0; i < 7; i++) {
		void *p = i < 6 ? (void *)nowhere[i] : edge;
		send_msg(a, p, 0); recv_msg(b, p, MSG_DONTWAIT);
		send_to(a, p, 5, 0, to, len); recv_from(b, p, 5, MSG_DONTWAIT, NULL, NULL);
		drain(b);
		send_to(a, data, 5, 0, p, 16);
		recv_from(b, got, 5, MSG_DONTWAIT, p, &room); recv_from(b, got, 5, MSG_DONTWAIT, &from, p); recv_from(b, got, 5, MSG_DONTWAIT, p, p);
		send_to(a, data, 5, 0, to, len); recv_from(b, got, 5, MSG_DONTWAIT, p, &room);
		send_to(a, data, 5, 0, to, len); recv_from(b, got, 5, MSG_DONTWAIT, &from, p);
		drain(b);
		m = message(p, 16, &one, 1, NULL, 0); send_msg(a, &m, 0);
		m = message(to, len, p, 1, NULL, 0); send_msg(a, &m, 0);
		m = message(to, len, p, 0, NULL, 0); send_msg(a, &m, 0);
		m = message(to, len, (struct iovec[]){{data, 3}, {p, 7}}, 2, NULL, 0); send_msg(a, &m, 0);
		m = message(to, len, (struct iovec[]){{data, 3}, {p, 0}}, 2, NULL, 0); send_msg(a, &m, 0);
		m = message(to, len, &one, 1, p, 32); send_msg(a, &m, 0);
		m = message(to, len, &one, 1, p, 0); send_msg(a, &m, 0);
		drain(b);
		for (int j = 0; j < 4; j++) {
			m = message(to, len, &one, 1, NULL, 0); send_msg(a, &m, 0);
			r = j == 0 ? message(p, 16, &in, 1, NULL, 0) : j == 1 ? message(&from, sizeof from, p, 1, NULL, 0)
				: j == 2 ? message(NULL, 16, (struct iovec[]){{got, 2}, {p, 7}}, 2, NULL, 0) : message(NULL, 0, &in, 1, p, 64);
			recv_msg(b, &r, MSG_DONTWAIT);
			drain(b);
		}
		send_to(a, p, -1, 0, to, len);
	}
	/* the message itself, and what it points to, at the end of memory */
	for (unsigned n = sizeof m + 1; n-- > 8; n -= 8) {
		m = message(to, len, &one, 1, NULL, 0);
		memcpy(edge - n, &m, n < sizeof m ? n : sizeof m);
		send_msg(a, edge - n, 0);
		r = message(&from, sizeof from, &in, 1, control, 64);
		memcpy(edge - n, &r, n < sizeof r ? n : sizeof r);
		recv_msg(b, edge - n, MSG_DONTWAIT);
		drain(b);
	}
	memcpy(edge - 16, &one, 16);
	m = message(to, len, (struct iovec *)(edge - 16), 1, NULL, 0); send_msg(a, &m, 0);
	m.msg_iovlen = 2; send_msg(a, &m, 0);
	m.msg_iov = (struct iovec *)(edge - 24); m.msg_iovlen = 1; send_msg(a, &m, 0);
	drain(b);
	static const size_t lens[] = {0, 1, 2, 33, 34, 200, 1023, 1024, 1025, 1ul << 31, 1ul << 40, -1ul};
	for (unsigned i = 0; i < sizeof lens / sizeof *lens; i++) {
		for (int j = 0; j < 1100; j++)
			many[j] = (struct iovec){data + j, j % 3};
		m = message(to, len, many, lens[i], NULL, 0); send_msg(a, &m, 0);
		for (int j = 0; j < 1100; j++)
			many[j] = (struct iovec){got + j * 4, j % 5};
		r = message(&from, sizeof from, many, lens[i], NULL, 0); recv_msg(b, &r, MSG_DONTWAIT);
		drain(b);
		m = message(to, len, two, 2, control, lens[i]);
		memset(control, 0, sizeof control);
		send_msg(a, &m, 0);
		r = message(&from, sizeof from, &in, 1, control, lens[i]); recv_msg(b, &r, MSG_DONTWAIT);
		drain(b);
		m = message(to, lens[i], two, 2, NULL, 0); send_msg(a, &m, 0);
		r = message(&from, lens[i], &in, 1, NULL, 0); recv_msg(b, &r, MSG_DONTWAIT);
		send_to(a, data, 3, 0, to, lens[i]);
		room = lens[i]; recv_from(b, got, 9, MSG_DONTWAIT, &from, &room);
		drain(b);
	}
	m = message(to, len, two, 2, NULL, 0); r = message(&from, sizeof from, &in, 1, NULL, 0);
	for (int fd = -1; fd <= 999; fd += 500) {
		send_msg(fd, &m, 0); recv_msg(fd, &r, 0); send_to(fd, data, 4, 0, to, len); recv_from(fd, got, 4, 0, NULL, NULL);
	}
	int zero = open("/dev/zero", O_RDWR), path = open("/", O_PATH);
	send_msg(zero, &m, 0); recv_msg(zero, &r, 0); send_to(zero, data, 4, 0, to, len); recv_from(zero, got, 4, 0, NULL, NULL);
	send_msg(path, &m, 0); recv_msg(path, &r, 0); send_to(path, data, 4, 0, to, len); recv_from(path, got, 4, 0, NULL, NULL);
	close(zero); close(path);
}

/* controls passes control messages. */
static void controls(void)
{
	int p[2], on = 1;
	struct iovec out = {data, 6}, in = {got, 100};
	union { char b[CMSG_SPACE(40)]; struct cmsghdr h; } c;

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	setsockopt(p[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	setsockopt(p[1], SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
	for (int i = 0; i < 9; i++) {
		struct msghdr m = message(NULL, 0, &out, 1, &c, CMSG_SPACE(i % 3 == 2 ? 12 : 8)), r;
		memset(&c, 0, sizeof c);
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = i % 3 == 2 ? SCM_CREDENTIALS : SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(i % 3 == 2 ? 12 : 8);
		if (i % 3 == 2) {
			struct ucred u = {getpid(), getuid(), getgid()};
			memcpy(CMSG_DATA(&c.h), &u, sizeof u);
		} else {
			int fds[2] = {1, i % 3 ? 77 : p[0]};
			memcpy(CMSG_DATA(&c.h), fds, sizeof fds);
		}
		if (i == 6)
			c.h.cmsg_len = 3;
		send_msg(p[0], &m, 0);
		r = message(NULL, 0, &in, 1, i % 2 ? control : edge - 40, i % 2 ? 200 : 40);
		if (recv_msg(p[1], &r, MSG_DONTWAIT) >= 0)
			for (struct cmsghdr *h = CMSG_FIRSTHDR(&r); h; h = CMSG_NXTHDR(&r, h))
				if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
					for (unsigned j = 0; CMSG_LEN(4 * j) < h->cmsg_len; j++)
						close(((int *)CMSG_DATA(h))[j]);
		note(r.msg_flags);
	}
	close(p[0]); close(p[1]);

	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof to;
	p[0] = socket(AF_INET, SOCK_DGRAM, 0); p[1] = socket(AF_INET, SOCK_DGRAM, 0);
	bind(p[1], (void *)&to, len);
	getsockname(p[1], (void *)&to, &len);
	setsockopt(p[1], SOL_IP, IP_PKTINFO, &on, sizeof on); setsockopt(p[1], SOL_IP, IP_RECVTTL, &on, sizeof on);
	for (int i = 0; i < 4; i++) {
		struct msghdr m = message(&to, len, &out, 1, NULL, 0), r = message(NULL, 0, &in, 1, control, i < 2 ? 200 : 12 + i);
		send_msg(p[0], &m, 0);
		recv_msg(p[1], &r, 0);
	}
	close(p[0]); close(p[1]);
}

static int netlink(void) { return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }

static struct { struct nlmsghdr h; struct rtgenmsg g; } request = {
	.h = {.nlmsg_len = sizeof request, .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}, .g = {AF_UNSPEC}};

/* ask sends a request to a socket, and receives part of the answer. */
static void ask(int fd, int close_it)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	struct iovec out = {&request, sizeof request}, in = {got, 64};
	struct msghdr m = message(&to, sizeof to, &out, 1, NULL, 0), r = message(&to, sizeof to, &in, 1, NULL, 0);
	send_msg(fd, &m, 0);
	m.msg_name = NULL; m.msg_namelen = 0;
	recv_msg(fd, &r, MSG_DONTWAIT | MSG_PEEK);
	recv_from(fd, got, 40, MSG_DONTWAIT, NULL, NULL);
	send_msg(fd, &m, 0);
	send_to(fd, &request, sizeof request, 0, NULL, 0);
	if (close_it)
		close(fd);
}

static void shapes(void)
{
	int p[2];
	struct sockaddr_in inet = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 inet6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_un file = {.sun_family = AF_UNIX, .sun_path = "socket"}, name = {.sun_family = AF_UNIX};
	socklen_t len;

	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	pass(p[0], p[1], NULL, 0);
	bad(p[0], p[1], NULL, 0);
	ask(p[0], 0); /* the address of netlink, on another socket */
	close(p[0]); close(p[1]);
	socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
	pass(p[0], p[1], NULL, 0);
	close(p[0]); close(p[1]);

	p[0] = socket(AF_UNIX, SOCK_DGRAM, 0); p[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
	unlink("socket");
	bind(p[1], (void *)&file, sizeof file);
	pass(p[0], p[1], &file, offsetof(struct sockaddr_un, sun_path) + 7);
	bad(p[0], p[1], &file, sizeof file);
	close(p[1]);
	pass(p[0], p[0], &file, sizeof file); /* refused */
	unlink("socket");
	p[1] = socket(AF_UNIX, SOCK_DGRAM, 0);
	len = offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(name.sun_path + 1, 50, "trapline sockets %d", getpid());
	bind(p[1], (void *)&name, len);
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	bind(p[0], (void *)&own, offsetof(struct sockaddr_un, sun_path) + 1 + snprintf(own.sun_path + 1, 50, "trapline sender %d", getpid()));
	pass(p[0], p[1], &name, len);
	close(p[0]); close(p[1]);

	p[0] = socket(AF_INET, SOCK_DGRAM, 0); p[1] = socket(AF_INET, SOCK_DGRAM, 0);
	len = sizeof inet;
	bind(p[1], (void *)&inet, len); getsockname(p[1], (void *)&inet, &len);
	pass(p[0], p[1], &inet, len);
	bad(p[0], p[1], &inet, len);
	ask(p[0], 1);
	close(p[1]);

	p[0] = socket(AF_INET6, SOCK_DGRAM, 0); p[1] = socket(AF_INET6, SOCK_DGRAM, 0);
	len = sizeof inet6;
	if (bind(p[1], (void *)&inet6, len) == 0) {
		getsockname(p[1], (void *)&inet6, &len);
		pass(p[0], p[1], &inet6, len);
	}
	close(p[0]); close(p[1]);

	/* a stream: addresses count for nothing, and MSG_TRUNC throws data away */
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	inet.sin_port = 0;
	len = sizeof inet;
	bind(listener, (void *)&inet, len); listen(listener, 1); getsockname(listener, (void *)&inet, &len);
	p[0] = socket(AF_INET, SOCK_STREAM, 0);
	connect(p[0], (void *)&inet, len);
	p[1] = accept(listener, NULL, NULL);
	for (int i = 0; i < 4; i++) {
		send_to(p[0], data, 30, 0, &inet, len);
		recv_from(p[1], got, 30, MSG_PEEK, NULL, NULL);
		recv_from(p[1], i & 1 ? edge : NULL, 20, MSG_TRUNC, NULL, NULL);
		recv_from(p[1], i & 1 ? edge - 10 : got, 10, 0, &inet, &len);
		struct msghdr m = message(edge, 5, (struct iovec[]){{data, 9}, {data, 30}}, 2, NULL, 0);
		send_msg(p[0], &m, 0);
		m.msg_namelen = 0;
		send_msg(p[0], &m, MSG_NOSIGNAL);
		recv_msg(p[1], &m, 0);
	}
	close(p[1]);
	recv_from(p[0], got, 10, 0, NULL, NULL);
	send_to(p[0], data, 30, MSG_NOSIGNAL, NULL, 0);
	send_to(p[0], data, 30, MSG_NOSIGNAL, NULL, 0);
	close(p[0]); close(listener);

	p[0] = socket(AF_PACKET, SOCK_DGRAM, htons(0x88b5));
	if (p[0] >= 0) { /* it takes a right */
		struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_protocol = htons(0x88b5), .sll_ifindex = 1, .sll_halen = 6};
		pass(p[0], p[0], &ll, sizeof ll);
		close(p[0]);
	}
	controls();
	ask(netlink(), 1);
}

/* replaced has a number that is a socket of netlink every other time. */
static void replaced(void)
{
	int p[2], fd, spare = dup(2);
	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	fd = dup(p[0]);
	for (int i = 0; i < 60; i++) {
		int other = i % 2 ? netlink() : dup(p[0]);
		if (i % 3) {
			dup2(other, fd);
			close(other);
		} else {
			close(fd);
			fd = fcntl(other, F_DUPFD, 0);
			close(other);
		}
		ask(fd, 0);
		drain(p[1]);
	}
	close(spare);
}

static void *echo(void *arg)
{
	int fd = *(int *)arg;
	static int started;
	struct iovec in = {data + __atomic_fetch_add(&started, 1, __ATOMIC_RELAXED) * 1024, 100}; /* the thread's own */
	struct msghdr m = message(NULL, 0, &in, 1, NULL, 0);
	for (int i = 0; i < 500; i++) {
		long n = syscall(SYS_recvmsg, fd, &m, 0);
		if (i % 100 == 7)
			usleep(15000); /* the other one waits */
		in.iov_len = n;
		syscall(SYS_sendmsg, fd, &m, 0);
		in.iov_len = 100;
	}
	return NULL;
}

static void threads(void)
{
	pthread_t t[4];
	int p[4][2], ok = 0;
	for (int i = 0; i < 70; i++) /* the place of all calls is patched before there are threads */
		syscall(SYS_getppid);
	for (int i = 0; i < 4; i++) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, p[i]);
		pthread_create(&t[i], NULL, echo, &p[i][1]);
	}
	for (int i = 0; i < 500; i++)
		for (int j = 0; j < 4; j++) {
			char b[8], r[8] = "";
			int n = snprintf(b, sizeof b, "%d/%d", i, j);
			syscall(SYS_sendto, p[j][0], b, n, 0, NULL, 0);
			ok += syscall(SYS_recvfrom, p[j][0], r, 8, 0, NULL, NULL) == n && !memcmp(b, r, n);
		}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%d answers\n", ok);
}

static volatile int signals;

static void handler(int sig)
{
	(void)sig;
	signals++;
}

/* interrupted waits in calls that a timer interrupts, and that are made again or not. */
static void interrupted(void)
{
	int p[2], n = 0, again = 0;
	struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0}};
	struct sockaddr_storage from;
	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	for (int i = 0; i < 100; i++) {
		send_to(p[0], data, 3, 0, NULL, 0);
		recv_from(p[1], got, 9, 0, NULL, NULL);
	}
	for (int restart = 0; restart < 2; restart++) {
		struct sigaction sa = {.sa_handler = handler, .sa_flags = restart ? SA_RESTART : 0};
		struct timeval limit = {0, 50000};
		sigaction(SIGALRM, &sa, NULL);
		setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &limit, restart ? sizeof limit : 0);
		setitimer(ITIMER_REAL, &often, NULL);
		for (int i = 0; i < 6; i++) {
			struct iovec in = {got, 30};
			struct msghdr m = message(&from, sizeof from, &in, 1, control, 64);
			long r = i % 2 ? syscall(SYS_recvmsg, p[1], &m, 0) : syscall(SYS_recvfrom, p[1], got, 30, 0, NULL, NULL);
			if (r < 0 && errno == EINTR)
				n++;
			else if (r < 0 && errno == EAGAIN)
				again++;
		}
		setitimer(ITIMER_REAL, &never, NULL);
	}
	printf("%d interrupted, signals %d\n", n + again, signals > 0);
}

static void send_many(int n)
{
	int p[2];
	struct sockaddr_storage from;
	struct iovec out = {data, 20}, in = {got, 100};
	socketpair(AF_UNIX, SOCK_DGRAM, 0, p);
	for (int i = 0; i < n; i++) {
		struct msghdr m = message(NULL, 0, &out, 1, NULL, 0), r = message(&from, sizeof from, &in, 1, control, 64);
		socklen_t room = sizeof from;
		sendmsg(p[0], &m, 0); recvmsg(p[1], &r, 0);
		sendto(p[0], data, 20, 0, NULL, 0); recvfrom(p[1], got, 100, 0, (void *)&from, &room);
		send(p[0], data, 20, 0); recv(p[1], got, 100, 0);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	for (unsigned i = 0; i < sizeof data; i++)
		data[i] = "abcdefg\n\377\0hijkl"[i * 7 % 15];
	edge = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(edge + 2 * PAGE, PAGE);
	edge += 2 * PAGE;
	for (int i = 0; i < 70; i++) /* it is patched */
		getppid();
	if (!strcmp(what, "shapes"))
		for (int i = 0; i < 3; i++)
			shapes();
	else if (!strcmp(what, "replaced"))
		replaced();
	else if (!strcmp(what, "threads"))
		threads();
	else if (!strcmp(what, "interrupted"))
		interrupted();
	else if (!strcmp(what, "many"))
		send_many(atoi(argv[2]));
	else
		return 2;
	for (int i = 0; i < count; i++)
		printf("%ld%c", results[i], i % 20 == 19 || i == count - 1 ? '\n' : ' ');
	return 0;
}
