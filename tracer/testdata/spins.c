// Makes many calls, and then spins until a byte of its standard input, a file, is no
// longer zero. It makes one more call then.
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	volatile char *byte = mmap(0, 1, PROT_READ, MAP_SHARED, 0, 0);

	for (int i = 0; i < 500; i++)
		read(-1, 0, 0);
	while (!*byte)
		;
	read(-1, 0, 0x5eed);
	return 0;
}
