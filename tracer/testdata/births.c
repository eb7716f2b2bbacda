// Creates and ends processes and threads in every way there is, as a seed says.
// The first process outlives all others, calls getppid when they are gone, and
// exits with status 7.
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void act(unsigned seed, int depth);

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

static void again(unsigned seed, int depth)
{
	char a[16], b[16];
	snprintf(a, sizeof a, "%u", seed);
	snprintf(b, sizeof b, "%d", depth);
	execl("/proc/self/exe", "births", a, b, (char *)0);
	_exit(99);
}

static void *thread(void *packed)
{
	unsigned seed = (unsigned long)packed >> 4;
	act(seed, (unsigned long)packed & 15);
	if (seed & 1)
		syscall(SYS_exit, 0);
	return 0;
}

// A fork with other flags. Another thread may hold a lock of the C library, so the
// child must not use it.
static pid_t copy(long flags) { return syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0); }

static void step(unsigned *seed, int depth)
{
	pid_t child;
	pthread_t id;
	unsigned with = next(seed);
	switch (next(seed) % 14) {
	case 0: case 1: case 2:
		if (!(child = fork())) {
			act(with, depth - 1);
			_exit(with & 7);
		}
		if (with & 1)
			waitpid(child, 0, __WALL);
		break;
	case 3:
		if (!vfork())
			_exit(0);
		break;
	case 4:
		if (!vfork())
			again(with, depth - 1);
		break;
	case 5: case 6: case 7:
		if (!pthread_create(&id, 0, thread, (void *)((unsigned long)with << 4 | (depth - 1))))
			pthread_detach(id);
		break;
	case 8:
		again(with, depth - 1);
	case 9:
		if (!(child = fork())) {
			act(with, depth - 1);
			_exit(0);
		}
		if (child > 0)
			kill(child, SIGKILL);
		break;
	case 10:
		if (with % 4 == 0)
			kill(getpid(), SIGKILL);
		break;
	case 11:
		syscall(SYS_exit, 0);
	case 12:
		if (!copy(CLONE_PARENT))
			again(with, depth - 1);
		break;
	case 13: // no event tells of these
		if (!copy(with & 1 ? CLONE_UNTRACED : CLONE_UNTRACED | CLONE_PTRACE)) {
			getpid();
			_exit(0);
		}
		break;
	}
}

static void act(unsigned seed, int depth)
{
	for (int i = 0; i < 4 && depth > 0; i++)
		step(&seed, depth);
}

int main(int argc, char **argv)
{
	unsigned seed = atoi(argv[1]);
	if (argc > 2) {
		act(seed, atoi(argv[2]));
		return 0;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 3; i++)
		if (!fork()) {
			act(seed + 1000 * i, 4);
			_exit(0);
		}
	while (waitpid(-1, 0, __WALL) > 0)
		;
	getppid();
	return 7;
}
