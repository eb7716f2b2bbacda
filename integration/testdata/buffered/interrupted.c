// Has calls interrupted in many ways, and prints how they end. The output is the
// same whether the program is traced or not.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigjmp_buf out;
static volatile long ticks, bad;
static int p[2];

static void jump(int sig) { siglongjmp(out, 1); }
static void nothing(int sig) {}
static void tick(int sig)
{
	int kept = errno;
	char c;
	ticks++;
	if (read(-1, &c, 1) != -1 || errno != EBADF)
		bad++;
	errno = kept;
}
/* The first one may come before the call that it is to interrupt. errno stays. */
static void alarms(int microseconds)
{
	int kept = errno;
	setitimer(ITIMER_REAL, &(struct itimerval){{0, microseconds}, {0, microseconds}}, NULL);
	errno = kept;
}
static void *reader(void *unused)
{
	char c;
	read(p[0], &c, 1);
	return NULL;
}

int main(void)
{
	struct sigaction sa = {.sa_handler = nothing};
	struct timespec second = {100, 0}, left = {0, 0};
	char c, *argv[] = {"true", NULL};
	int r, status;
	pid_t child;
	pthread_t thread;
	void *result;

	pipe(p);
	for (int i = 0; i < 200; i++) { /* until calls are buffered */
		getppid();
		read(-1, &c, 1);
	}
	signal(SIGALRM, jump);
	if (!sigsetjmp(out, 1)) {
		alarms(20000);
		read(p[0], &c, 1);
	} else {
		alarms(0);
		puts("jumped out of read");
	}
	sigaction(SIGALRM, &sa, NULL);
	alarms(20000);
	r = read(p[0], &c, 1);
	alarms(0);
	printf("read: %d, EINTR %d\n", r, errno == EINTR);
	alarms(20000);
	r = nanosleep(&second, &left);
	alarms(0);
	printf("nanosleep: %d, EINTR %d, time left %d\n", r, errno == EINTR, left.tv_nsec > 0);
	pthread_create(&thread, NULL, reader, NULL);
	usleep(20000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancelled %d\n", result == PTHREAD_CANCELED);
	for (int i = 0; i < 30; i++) {
		if (!(child = fork())) {
			for (int j = 0; j < 100; j++)
				read(-1, &c, 1);
			_exit(i);
		}
		waitpid(child, &status, 0);
		if (WEXITSTATUS(status) != i)
			puts("a child has another status");
	}
	for (int i = 0; i < 3; i++) {
		printf("posix_spawn: %d\n", posix_spawn(&child, "/bin/true", NULL, NULL, argv, NULL));
		waitpid(child, &status, 0);
	}
	sa.sa_handler = tick;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 1000}, {0, 1000}}, NULL);
	for (int i = 0; i < 20000; i++) {
		errno = 0;
		r = read(-1, &c, 1);
		if (r != -1 || errno != EBADF)
			bad++;
	}
	setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
	printf("a timer: %ld errors, ticks %d\n", bad, ticks > 0);
	return bad != 0;
}
