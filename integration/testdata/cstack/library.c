/* Makes a call from a function whose name is given to the compiler. */
#include <unistd.h>

static __attribute__((noinline)) int NAME(void)
{
	return chdir("/nowhere") + 1;
}

int call(void)
{
	return NAME() + 1;
}
