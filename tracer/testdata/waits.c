// Reads its standard input byte by byte until it ends.
#include <unistd.h>

int main(void)
{
	char byte;
	while (read(0, &byte, 1) == 1)
		;
	return 0;
}
