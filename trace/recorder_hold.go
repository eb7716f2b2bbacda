//go:build linux && amd64

package trace

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tracer"
)

// The names that descriptors and directories of a process refer to are asked for once, and
// then held (recording.Asked.Hold) until a traced process makes a call that may change
// them. Without this, each call would ask for every descriptor that it names.

// harmless are the calls that do not close or replace a descriptor, and do not change a
// name or a directory of a process. All others may; closing tells which descriptor a call
// closes. Calls that wait for a process change names only when they return.
const harmless = `
	read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2 sendfile sendfile64 splice tee vmsplice
	lseek _llseek fsync fdatasync sync_file_range ftruncate ftruncate64 fallocate flock fadvise64 readahead
	copy_file_range getdents getdents64
	open openat openat2 creat socket accept accept4 dup fcntl fcntl64 pipe pipe2 socketpair eventfd eventfd2
	epoll_create epoll_create1 inotify_init inotify_init1 memfd_create timerfd_create signalfd signalfd4 pidfd_open
	connect bind listen shutdown sendto recvfrom send recv sendmsg recvmsg sendmmsg recvmmsg
	getsockname getpeername getsockopt setsockopt
	stat lstat fstat stat64 lstat64 fstat64 newfstatat fstatat64 statx statfs fstatfs statfs64 fstatfs64
	mkdir mkdirat mknod mknodat
	access faccessat faccessat2 readlink readlinkat getcwd getxattr lgetxattr fgetxattr
	listxattr llistxattr flistxattr chmod fchmod fchmodat chown lchown fchown fchownat utimensat utime utimes umask
	mmap mmap2 munmap mprotect mremap madvise msync brk mlock munlock mincore membarrier
	poll ppoll ppoll_time64 select _newselect pselect6 epoll_wait epoll_pwait epoll_pwait2 epoll_ctl
	futex futex_time64 nanosleep clock_nanosleep clock_gettime clock_gettime64 clock_getres gettimeofday time times
	timer_settime timerfd_settime timerfd_gettime setitimer alarm pause sched_yield sched_getaffinity sched_setaffinity
	clone clone3 fork vfork wait4 waitid waitpid exit exit_group kill tkill tgkill getpid gettid getppid getpgrp getpgid
	setpgid getsid setsid getuid geteuid getgid getegid getgroups getresuid getresgid getrandom getrusage
	rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigpending sigaltstack sigreturn
	set_robust_list set_tid_address set_thread_area rseq arch_prctl prlimit64 getrlimit setrlimit ugetrlimit
	uname sysinfo getcpu getpriority setpriority capget restart_syscall
	execve execveat`

// Those of harmless that create names, such as mkdir, do not create a name that a path has
// led through. What execve closes belongs to its process alone: see executes.

func names(list string) map[string]bool {
	set := make(map[string]bool)
	for name := range strings.FieldsSeq(list) {
		set[name] = true
	}
	return set
}

// closing returns the argument with the only descriptor that a call closes.
func closing(name string) (arg int, ok bool) {
	switch name {
	case "close":
		return 0, true
	case "dup2", "dup3":
		return 1, true
	}
	return 0, false
}

// entersDir reports whether a call changes a directory of its process, and nothing else.
// Processes may share it.
func entersDir(name string) bool { return name == "chdir" || name == "fchdir" }

// remounts reports whether a call changes where paths lead without naming an entry of a
// directory.
func remounts(name string) bool {
	switch name {
	case "chroot", "pivot_root", "mount", "move_mount", "umount", "umount2", "oldumount", "fsmount", "open_tree", "mount_setattr", "setns", "unshare":
		return true
	}
	return false
}

// ofTerminal reports whether a call is a terminal's ioctl. None of these changes a name or
// closes a descriptor.
func ofTerminal(d *decode.Call) bool {
	return d.Sig.Name == "ioctl" && d.Args[1]>>8&0xff == 'T'
}

// table is a table of descriptors.
type table struct{ users int }

// holds reports whether the trace has all calls that change descriptors: those of all
// threads of all traced processes.
func (o *Options) holds() bool {
	return o.Calls == nil && o.FollowDepth == 0 && !o.DetachOnExec
}

// changes notes at the entry of a call, after it was decoded, what the call may change.
func (r *recorder) changes(t *recorded, tr *tracer.Tracee) {
	d := &t.call
	name := d.Sig.Name
	at, closes := closing(name)
	fd := int(int32(d.Args[at]))
	switch {
	case closes && t.closesOnly():
		t.closes = fd + 1
		r.closed(t, tr)
	case entersDir(name):
		t.entering = true
		r.host.ChangingDirs()
	case closes, !r.harmless[name] && !ofTerminal(d), r.renames:
		t.changing = true
		r.host.Changing()
	case name == "clone" || name == "clone3":
		r.clones(t, tr)
	case writes(name):
		r.writing(tr.TID, int(int32(d.Args[0])))
	}
	switch name {
	case "execve", "execveat", "prctl":
		r.host.ForgetName(r.host.Process(tr.TID)) // its name may change before the end of this call is seen
	case "io_uring_setup", "io_uring_enter":
		r.unseen = true // requests in a ring may open, close and rename without a call
		r.host.Hold(false)
	case "unshare", "setns":
		r.entersNamespaces()
	case "mount", "move_mount", "pivot_root":
		r.covered = true
	}
	if t.renames = r.renames; t.renames {
		r.renaming++
	}
}

// entersNamespaces is called when processes may see other files and ids than trapline
// does.
func (r *recorder) entersNamespaces() {
	r.namespaces = true
	r.host.ForgetNames()
}

// inherits notes what a new thread inherits from its creator.
func (r *recorder) inherits(tr *tracer.Tracee) {
	parent := creator(tr)
	if parent == nil || r.namespaces {
		return
	}
	from, process := r.host.Process(tr.Parent().TID), r.host.Process(tr.TID)
	r.host.InheritIDs(from, process)
	// During the call the creator cannot change its directory, but threads that share it
	// can.
	if parent.inCall && !parent.sharesDirs {
		r.host.InheritFiles(from, process)
	}
}

// holdName is called when a thread's name has been asked.
func (r *recorder) holdName(process int) {
	if !r.namespaces {
		r.host.HoldName(process)
	}
}

// closesOnly reports whether a call that closes a descriptor changes nothing else. If
// threads share the table, another one may ask about the descriptor, and open another file
// with its number, before the end of this call is seen.
func (t *recorded) closesOnly() bool { return t.table != nil && t.table.users == 1 }

// changed is called at the exit of a call, before the exit is decoded.
func (r *recorder) changed(t *recorded, tr *tracer.Tracee) {
	if t.closes > 0 {
		r.closed(t, tr)
		t.closes = 0
	}
	r.settled(t)
}

// settled ends the changes of a call.
func (r *recorder) settled(t *recorded) {
	if t.changing {
		t.changing = false
		r.host.Changed()
	}
	if t.entering {
		t.entering = false
		r.host.ChangedDirs()
	}
	if t.renames {
		t.renames = false
		r.renaming--
		r.forgetPaths()
	}
}

// closed forgets the descriptor that a call closes.
func (r *recorder) closed(t *recorded, tr *tracer.Tracee) {
	r.host.ForgetDescriptor(r.host.Process(tr.TID), t.closes-1)
}

// clones determines whether the new task will share descriptors or directories.
func (r *recorder) clones(t *recorded, tr *tracer.Tracee) {
	flags := t.call.Args[0]
	if t.call.Sig.Name == "clone3" {
		var b [8]byte
		if tr.ReadMemory(flags, b[:]) < len(b) {
			return // the kernel cannot read it either
		}
		flags = binary.LittleEndian.Uint64(b[:])
	}
	t.shares = t.shares || flags&unix.CLONE_FILES != 0 // the event of an earlier new task may be yet to come
	t.sharesDirs = t.sharesDirs || flags&unix.CLONE_FS != 0
	if flags&(unix.CLONE_FILES|unix.CLONE_FS) != 0 && !r.s.o.Follow {
		r.unseen = true // its calls are not seen
		r.host.Hold(false)
	}
	if flags&(unix.CLONE_NEWNS|unix.CLONE_NEWPID) != 0 {
		r.entersNamespaces()
	}
}

// joins is called for a new thread.
func (r *recorder) joins(t *recorded, tr *tracer.Tracee) {
	parent := creator(tr)
	if parent == nil {
		r.host.Hold(false) // it may share descriptors and directories with its creator
		t.sharesDirs = true
		return
	}
	t.sharesDirs = parent.sharesDirs
	if parent.shares {
		if parent.table == nil {
			parent.table = &table{users: 1}
		}
		t.table = parent.table
		t.table.users++
	} else {
		t.table = &table{users: 1}
	}
}

// creator returns what the recorder knows of the creator of a thread, or nil.
func creator(tr *tracer.Tracee) *recorded {
	if p := tr.Parent(); p != nil {
		if t, ok := p.Data.(*tracee); ok {
			return t.recorded
		}
	}
	return nil
}

// isOrphan reports whether the parent of a thread's process may have changed since the thread was
// created.
func isOrphan(tr *tracer.Tracee) bool {
	parent := creator(tr)
	return parent == nil || parent.ended
}

// executes is called for a thread that has executed a program. It is the only thread left,
// and shares nothing.
func (r *recorder) executes(t *recorded, ev *tracer.Event) {
	if ev.Superseded != nil {
		if other, ok := ev.Superseded.Data.(*tracee); ok && other.recorded != nil {
			r.leaves(other.recorded)
		}
	}
	if t.table != nil {
		t.table.users--
	}
	t.table, t.shares, t.sharesDirs = &table{users: 1}, false, false
	process := r.host.Process(ev.Tracee.TID)
	if ev.FormerTID != 0 {
		r.host.ForgetProcess(process) // the answers were about another thread
	}
	r.host.ForgetDescriptors(process)
	r.ends()
}

// leaves is called for a thread that has ended, or is no longer traced.
func (r *recorder) leaves(t *recorded) {
	t.ended = true
	if t.table != nil {
		t.table.users--
	}
	r.settled(t)
	r.ends()
}

// ends is called when a process has closed descriptors, or left namespaces, without a call
// that says so. The last process of a namespace also ends its mounts.
func (r *recorder) ends() {
	if r.namespaces {
		r.host.Forget()
		r.forgetPaths()
	}
}
