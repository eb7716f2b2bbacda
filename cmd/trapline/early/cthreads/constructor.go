//go:build linux && amd64

package cthreads

/*
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<sys/rseq.h>) // since glibc 2.35
#include <sys/rseq.h>
#endif

// With this many bytes of data and of address space, stacks need not be small.
static const rlim_t enough_data = 256 << 20;
static const rlim_t enough_space = (rlim_t)2 << 30;

// A small stack suffices for what Go's packages net and os/user call.
static const size_t small = 64 << 10;

static void
set_sizes(void)
{
	struct rlimit data, space;
	pthread_attr_t attr;

	if (getrlimit(RLIMIT_DATA, &data) != 0 || getrlimit(RLIMIT_AS, &space) != 0)
		return;
	if (data.rlim_cur >= enough_data && space.rlim_cur >= enough_space)
		return;
	if (pthread_attr_init(&attr) == 0) {
		pthread_attr_setstacksize(&attr, small);
		pthread_setattr_default_np(&attr);
		pthread_attr_destroy(&attr);
	}
#ifdef M_ARENA_MAX // not in musl, which has one heap
	mallopt(M_ARENA_MAX, 1);
#endif
}

static void
unregister_rseq(void)
{
#ifdef RSEQ_SIG
	// The area is registered with its features' size, rounded up.
	const unsigned int unit = 32;

	if (__rseq_size != 0)
		syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset,
			(__rseq_size + unit - 1) / unit * unit, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
#endif
}

// trapline_adapt_threads runs before the Go runtime, in the main thread, which is the
// only one. The assembly of package early calls it. It is not a constructor: Go's own
// linker (-linkmode=internal) leaves those out.
void
trapline_adapt_threads(void)
{
	set_sizes();
	unregister_rseq();
}
*/
import "C"

// The linker knows C functions to which Go code has a pointer.
var _ = C.trapline_adapt_threads
