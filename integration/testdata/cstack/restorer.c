/* Has a signal trampoline without call frame information, as musl and Go have. */
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

void trampoline(void);

#ifdef __x86_64__
__asm__(".text\ntrampoline: mov $15, %rax\n syscall\n .size trampoline, . - trampoline\n");
#else
__asm__(".text\ntrampoline: mov $173, %eax\n int $0x80\n .size trampoline, . - trampoline\n");
#endif

static void handler(int sig)
{
	(void)sig;
	if (chdir("/nowhere") == 0)
		_exit(1);
}

int main(void)
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long long mask;
	} action = { handler, SA_SIGINFO | 0x04000000 /* SA_RESTORER */, trampoline, 0 };

	if (syscall(SYS_rt_sigaction, SIGUSR1, &action, 0, 8) != 0)
		return 1;
	raise(SIGUSR1);
	return 0;
}
