// A process, the dying one, starts a member of a process group of its own, waits
// until it sleeps, and exits with status 7. This sends the member SIGHUP, since
// there is a stopped process in the group, or with the argument "parent" SIGUSR1,
// which the member has asked for. The first process calls getppid until then.
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static char state(pid_t pid)
{
	char path[32], c = 0;
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	if (f) {
		fscanf(f, "%*d (%*[^)]) %c", &c);
		fclose(f);
	}
	return c;
}

static pid_t start(void (*act)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		act();
		_exit(1);
	}
	return pid;
}

static void stop(void) { raise(SIGSTOP); }

static void sleepForever(void) { pause(); }

static void askAndSleep(void)
{
	prctl(PR_SET_PDEATHSIG, SIGUSR1);
	pause();
}

int main(int argc, char **argv)
{
	int ends[2], status;
	char byte;
	signal(SIGHUP, SIG_DFL);
	pipe(ends);
	pid_t dying = fork();
	if (dying == 0) {
		setpgid(0, 0);
		pid_t member;
		if (argc > 1 && !strcmp(argv[1], "parent")) {
			member = start(askAndSleep);
		} else {
			waitpid(start(stop), &status, WUNTRACED);
			member = start(sleepForever);
		}
		while (state(member) != 'S') // under a tracer, every call before is in state t
			;
		_exit(7);
	}
	close(ends[1]);
	while (waitpid(dying, &status, WNOHANG) == 0)
		getppid();
	read(ends[0], &byte, 1); // until the members have ended
	return 0;
}
