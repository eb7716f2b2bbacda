// A program without a C library. It makes 200 calls and exits with 5. It may be linked so that
// its code is at the address where the tracer puts the stub.
static long call(long number, long argument)
{
	long result;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(argument) : "rcx", "r11", "memory");
	return result;
}

void _start(void)
{
	for (int i = 0; i < 200; i++)
		call(121, 0); // getpgid
	for (;;)
		call(231, 5); // exit_group
}
