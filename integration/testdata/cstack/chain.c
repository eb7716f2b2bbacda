/* Makes a call at the end of a chain of functions that a signal has begun. */
#include <alloca.h>
#include <signal.h>
#include <unistd.h>

#define FUNCTION static __attribute__((noinline))

static volatile int always = 1;

FUNCTION int inner(int n)
{
	return chdir("/nowhere") + n + always;
}

/* The size of its frame is known at run time only. */
FUNCTION int middle(int n)
{
	volatile char *space = alloca(n * 1000 * always);
	space[0] = n;
	return inner(n) + space[0];
}

FUNCTION int outer(int n)
{
	return middle(n + always) + always;
}

static void handler(int sig)
{
	always += outer(sig) == 0;
}

int main(void)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	return always == 0;
}
