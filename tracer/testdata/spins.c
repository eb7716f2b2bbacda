// Makes many calls, and then spins until a byte of its standard input, a file, is no
// longer zero. It sets another one before, and makes one more call then.
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	volatile char *bytes = mmap(0, 2, PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0);

	for (int i = 0; i < 500; i++)
		read(-1, 0, 0);
	bytes[1] = 1;
	while (!bytes[0])
		;
	read(-1, 0, 0x5eed);
	return 0;
}
