// A child of the first process sends SIGUSR1 to a child of its own that sleeps, and then
// calls getppid until that has ended.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int ends[2], status;
	char byte;
	pid_t sender = fork();
	if (sender != 0)
		return waitpid(sender, &status, 0) != sender;
	pipe(ends);
	pid_t receiver = fork();
	if (receiver == 0) {
		write(ends[1], "", 1);
		for (;;)
			pause();
	}
	read(ends[0], &byte, 1);
	kill(receiver, SIGUSR1);
	while (waitpid(receiver, &status, WNOHANG) == 0)
		getppid();
	return 0;
}
