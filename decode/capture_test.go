package decode_test

import (
	"strings"
	"testing"

	"trapline/decode"
	"trapline/decode/lang"
	"trapline/tables"
)

// everydayCalls are frequent calls whose descriptions must have complete captures.
const everydayCalls = `read write pread64 pwrite64 readv writev open openat close lseek stat fstat lstat newfstatat statx access faccessat2
	getdents64 readlink readlinkat getcwd chdir fchdir rename renameat2 unlink unlinkat mkdir rmdir pipe2 dup dup2 dup3 ftruncate
	mmap mprotect munmap mremap brk madvise futex poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2
	rt_sigaction rt_sigprocmask sigaltstack kill tgkill getpid gettid getppid getuid geteuid getgid getegid wait4 exit_group
	uname sysinfo getrusage prlimit64 getrandom sched_getaffinity sched_yield nanosleep clock_nanosleep clock_gettime gettimeofday
	set_tid_address set_robust_list arch_prctl statfs fstatfs socket connect bind listen accept4 getsockname getpeername
	getsockopt setsockopt sendto recvfrom sendmsg recvmsg shutdown umask flock fsync utimensat getxattr lgetxattr io_uring_enter inotify_add_watch`

// TestEverydayCallsAreKept finds everyday calls with a gap in their capture, and reports
// how many calls have no gap.
func TestEverydayCallsAreKept(t *testing.T) {
	d := decode.NewDecoder(decode.Options{StringLimit: 32}, nil)
	detail := decode.Detail{Abbrev: true}
	for name := range strings.FieldsSeq(everydayCalls) {
		row := tables.ByName(tables.X86_64, name)
		for c := range allCaptures(d.Capture(tables.X86_64, uint64(row.NR), detail)) {
			if c.Gap != "" {
				t.Errorf("%s: %s", name, c.Gap)
			}
		}
	}
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		all, whole, partly := 0, 0, 0
		for row := range tables.Syscalls(abi) {
			kept, gaps := 0, 0
			for c := range allCaptures(d.Capture(abi, uint64(row.NR), detail)) {
				if c.Gap == "" {
					kept++
				} else {
					gaps++
					if testing.Verbose() {
						t.Logf("%v %s: %s", abi, row.Name, c.Gap)
					}
				}
			}
			switch all++; {
			case gaps == 0 && kept > 0:
				whole++
			case gaps == 0 || kept > 0: // ioctl has too many to list
				partly++
			}
		}
		t.Logf("%v: of %d calls %d have a capture, and %d for some sub-commands", abi, all, whole, partly)
	}
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		ops := decode.DescribedIoctls(abi)
		kept := 0
		for _, op := range ops {
			if d.CaptureFor(abi, uint64(tables.ByName(abi, "ioctl").NR), &[6]uint64{3, uint64(op), 0x1000}, detail).Gap == "" {
				kept++
			}
		}
		t.Logf("%v: of %d requests of ioctl %d have a capture", abi, len(ops), kept)
	}
}

// TestChangesAreSaid: captures mark the calls that change what descriptors refer to, the
// names of files or the working directory, and no everyday call that does not change them.
func TestChangesAreSaid(t *testing.T) {
	const change = `open openat openat2 creat close dup dup2 dup3 pipe pipe2 socket socketpair accept accept4 memfd_create eventfd eventfd2
		epoll_create epoll_create1 timerfd_create signalfd signalfd4 inotify_init inotify_init1 fanotify_init perf_event_open bpf
		pidfd_open pidfd_getfd userfaultfd io_uring_setup memfd_secret open_by_handle_at open_tree fsopen
		fsmount fspick mq_open rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir mkdir mkdirat mknod
		mknodat chdir fchdir chroot recvmsg`
	const keep = `read write pread64 pwrite64 readv writev lseek stat fstat lstat newfstatat statx access faccessat2 getdents64
		readlink readlinkat getcwd mmap mprotect munmap brk futex poll ppoll select pselect6 epoll_ctl epoll_wait epoll_pwait ftruncate
		flock fsync utimensat chmod fchmod chown getxattr rt_sigaction rt_sigprocmask getpid getppid wait4 kill uname sendto recvfrom sendmsg`
	d := decode.NewDecoder(decode.Options{StringLimit: 32}, nil)
	for _, tt := range []struct {
		names   string
		changes bool
	}{{change, true}, {keep, false}} {
		for name := range strings.FieldsSeq(tt.names) {
			row := tables.ByName(tables.X86_64, name)
			changes := false
			for c := range allCaptures(d.Capture(tables.X86_64, uint64(row.NR), decode.Detail{Abbrev: true})) {
				changes = changes || c.Changes || c.Gap != ""
			}
			if changes != tt.changes {
				t.Errorf("%s: %v, want %v", name, changes, tt.changes)
			}
		}
	}
	fcntl := uint64(tables.ByName(tables.X86_64, "fcntl").NR)
	const dupFD, dupFDCloexec, getFD, setFL = 0, 0x406, 1, 4 // F_DUPFD and others of linux/fcntl.h
	for command, changes := range map[uint64]bool{dupFD: true, dupFDCloexec: true, getFD: false, setFL: false} {
		if c := d.CaptureFor(tables.X86_64, fcntl, &[6]uint64{3, command}, decode.Detail{}); c.Changes != changes {
			t.Errorf("fcntl %d: %v, want %v", command, c.Changes, changes)
		}
	}
}

// allCaptures returns c, or those of its sub-commands.
func allCaptures(c *lang.Capture) func(yield func(*lang.Capture) bool) {
	return func(yield func(*lang.Capture) bool) {
		if c.Commands == nil {
			yield(c)
			return
		}
		if c.Commands.Other != nil {
			for inner := range allCaptures(c.Commands.Other) {
				if !yield(inner) {
					return
				}
			}
		}
		for _, cmd := range c.Commands.Of {
			for inner := range allCaptures(cmd.Capture) {
				if !yield(inner) {
					return
				}
			}
		}
	}
}
