// Makes rseq calls of all kinds. No thread's own area is registered: see GLIBC_TUNABLES in
// the test. The argument is how often.
#include <linux/rseq.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct rseq_cs section;
static char areas[4][64] __attribute__((aligned(64)));

static void use(void *area, unsigned length) {
	syscall(SYS_rseq, area, length, 0, 0x53053053);
	syscall(SYS_getppid);
	syscall(SYS_rseq, area, length, RSEQ_FLAG_UNREGISTER, 0x53053053);
}

int main(int argc, char **argv) {
	char *two = mmap(NULL, 2 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(two + 4096, 4096);
	for (int i = atoi(argv[1]); i > 0; i--) {
		use(areas[0], 32);
		use(areas[1], 33);
		use(areas[2], 64);
		use(areas[0], 31);
		use(areas[0] + 8, 32);
		use(NULL, 32);
		use((void *)32, 32);
		use(two + 4096 - 32, 32); // the last of the page
		use(two + 4096 - 32, 33);
		use(two + 4096, 32);
		// A critical section is shown.
		uint64_t at = (uintptr_t)&section;
		memcpy(areas[3] + 8, &at, sizeof at);
		use(areas[3], 32);
		at = 64;
		memcpy(areas[3] + 8, &at, sizeof at);
		use(areas[3], 32);
		memset(areas[3] + 8, 0, sizeof at);
	}
	return 0;
}
