//go:build linux && amd64

package why

import (
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	"trapline/tables"
)

// reason finds out what a sleeping thread waits for. The cases are calls that wait for
// something special. For other calls with a descriptor it depends on the file.
func (q *Inquiry) reason(t *thread) {
	if q.served(t) {
		return
	}
	a := &t.args
	switch t.name {
	case "":
	case "wait4", "waitpid":
		q.waitsForChild(t, int(int32(a[0])), int(int32(a[2])))
	case "waitid":
		q.waitsById(t)
	case "vfork":
		q.waitsForVfork(t)
	case "clone":
		if a[0]&unix.CLONE_VFORK != 0 {
			q.waitsForVfork(t)
		}
	case "clone3":
		if flags, ok := q.memoryOf(t).word(a[0], 8); ok && flags&unix.CLONE_VFORK != 0 {
			q.waitsForVfork(t)
		}
	case "futex", "futex_time64":
		q.waitsForFutex(t)
	case "futex_wait", "futex_waitv":
		q.waitsForWake(t)
	case "semop", "semtimedop", "semtimedop_time64":
		q.waitsForSemaphore(t)
	case "msgrcv":
		q.waitsForMessage(t)
	case "msgsnd":
		q.waitsForQueue(t)
	case "io_uring_enter":
		q.waitsForCompletions(t)
	case "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64":
		q.waitsForMQ(t)
	case "flock":
		q.waitsForLock(t, int(int32(a[0])), "FLOCK")
	case "fcntl", "fcntl64":
		switch a[1] {
		case unix.F_SETLKW, setLockWait64:
			q.waitsForLock(t, int(int32(a[0])), "POSIX")
		case unix.F_OFD_SETLKW:
			q.waitsForLock(t, int(int32(a[0])), "OFDLCK")
		}
	case "open", "openat", "openat2":
		q.waitsToOpen(t)
	case "connect":
		q.waitsToConnect(t)
	case "poll", "ppoll", "ppoll_time64":
		q.waitsForPoll(t)
	case "select", "_newselect", "pselect6", "pselect6_time64":
		q.waitsForSelect(t)
	case "epoll_wait", "epoll_pwait", "epoll_pwait2":
		q.waitsForEpoll(t)
	case "nanosleep", "clock_nanosleep", "clock_nanosleep_time64":
		t.wait.For, t.limited = "the time to come", true
	case "pause", "rt_sigsuspend", "sigsuspend":
		t.wait.For = "a signal"
	case "rt_sigtimedwait", "rt_sigtimedwait_time64":
		t.wait.For = "a signal"
	default:
		if fd, sending, ok := transfer(t.name, a); ok {
			q.waitsForFile(t, fd, sending)
		}
	}
}

const setLockWait64 = 14 // F_SETLKW64 of i386

// transfer says from or to which descriptor a call moves data, if there is only one.
// Descriptions do not tell the direction: the buffers of recvmsg and sendmsg look the
// same.
func transfer(name string, a *[6]uint64) (fd int, sending, ok bool) {
	switch name {
	case "read", "readv", "pread64", "preadv", "preadv2", "recv", "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64",
		"accept", "accept4":
		return int(int32(a[0])), false, true
	case "write", "writev", "pwrite64", "pwritev", "pwritev2", "send", "sendto", "sendmsg", "sendmmsg":
		return int(int32(a[0])), true, true
	}
	return 0, false, false
}

// waitsForFile explains a read or a write.
func (q *Inquiry) waitsForFile(t *thread, fd int, sending bool) {
	e := q.endOf(t, fd, sending)
	t.wait.For = e.what
	t.closed, t.limited = e.closed, e.limited
	t.wait.More = !e.closed && e.unseen
	q.waitsOn(t, e.on...)
}

// waitsForChild explains wait4.
func (q *Inquiry) waitsForChild(t *thread, id, options int) {
	const noThread = 0x20000000 // __WNOTHREAD
	thread := 0
	if options&noThread != 0 {
		thread = t.TID
	}
	t.wait.For, t.closed = "a child", true
	if id > 0 {
		t.wait.For = "its child"
		_, found := q.host.Find(t.TID, id, 1)
		if found == 0 {
			t.wait.For, t.closed = "", false
			return
		}
		q.waitsOn(t, target{process: found})
		return
	}
	var group int // 0 for all
	switch id {
	case 0:
		group = t.Group
	case -1:
		group = 0
	default:
		_, group = q.host.Find(t.TID, -id, 2)
	}
	for _, child := range q.host.Children(t.TGID, thread) {
		if group == 0 || child.Group == group {
			q.waitsOn(t, target{process: child.TGID})
		}
	}
	t.closed = len(t.on) > 0
}

// waitsById explains waitid.
func (q *Inquiry) waitsById(t *thread) {
	const all, process, group, pidfd = 0, 1, 2, 3 // P_ALL ...
	id, options := int(int32(t.args[1])), int(int32(t.args[3]))
	switch t.args[0] {
	case all:
		q.waitsForChild(t, -1, options)
	case process:
		q.waitsForChild(t, id, options)
	case group:
		q.waitsForChild(t, -id, options)
	case pidfd:
		if found := q.processBehind(t, id); found != 0 {
			t.wait.For, t.closed = "its child", true
			q.waitsOn(t, target{process: found})
		}
	}
}

// waitsForVfork explains vfork: the child uses the memory of its parent until it calls
// execve or ends.
func (q *Inquiry) waitsForVfork(t *thread) {
	for _, child := range q.host.Children(t.TGID, 0) {
		if same, known := q.host.SameMemory(t.TID, child.TID); known && same && child.PPID == t.TGID {
			t.wait.For, t.closed = "its child to call execve or to end", true
			q.waitsOn(t, target{process: child.TGID})
		}
	}
}

// served explains a wait for a file system or memory that is served by a process or
// another machine. It returns false if the thread waits for something else.
func (q *Inquiry) served(t *thread) bool {
	in := func(function string) bool { return slices.Contains(t.kernel, function) }
	switch {
	case in("handle_userfault"):
		q.waitsForUserfault(t)
	case in("request_wait_answer"):
		q.waitsForFUSE(t)
	case in("rpc_wait_bit_killable"):
		q.waitsForNFS(t)
	default:
		return false
	}
	return true
}

// waitsForUserfault names the process that handles page faults. It is known only if
// exactly one process has descriptors with pending faults.
func (q *Inquiry) waitsForUserfault(t *thread) {
	t.wait.For = "a page of its memory, by userfaultfd"
	var handlers []target
	for _, o := range q.allDescriptors().Of("anon_inode:[userfaultfd]") {
		info := q.host.DescriptorInfo(make([]byte, 4096), o.Process, o.FD)
		if n := number(info, "pending:") + number(info, "total:"); n > 0 && !slices.Contains(handlers, target{process: o.Process}) {
			handlers = append(handlers, target{process: o.Process})
		}
	}
	if len(handlers) == 1 {
		q.waitsOn(t, handlers...)
	}
}

// waitsForFUSE names the process that serves a file system. It is known if the kernel
// reveals the connection of /dev/fuse, or if only one process has that open. Without a
// FUSE mount, another machine may serve the file system, like virtiofs, which waits in the
// same function.
func (q *Inquiry) waitsForFUSE(t *thread) {
	mount, ok := q.mountOf(t, "fuse")
	if !ok {
		return
	}
	t.wait.For = "the file system at " + mount.Point + ", which a process serves (FUSE)"
	const majorShift = 20 // of dev_t in the kernel
	connection := int(unix.Major(mount.Device))<<majorShift | int(unix.Minor(mount.Device))
	var servers, named []target
	told := false
	for _, o := range q.allDescriptors().Of("/dev/fuse") {
		server := target{process: o.Process}
		if !slices.Contains(servers, server) {
			servers = append(servers, server)
		}
		info := q.host.DescriptorInfo(make([]byte, 4096), o.Process, o.FD)
		told = told || host.Field(info, "fuse_connection:") != nil
		if number(info, "fuse_connection:") == connection {
			named = append(named, server)
		}
	}
	switch {
	case len(named) > 0:
		q.waitsOn(t, named...)
	case len(servers) == 1 && !told && q.allDescriptors().Complete:
		q.waitsOn(t, servers...)
	}
}

// waitsForNFS names the server of a file system.
func (q *Inquiry) waitsForNFS(t *thread) {
	if mount, ok := q.mountOf(t, "nfs"); ok {
		t.wait.For = fmt.Sprintf("the NFS server of %s, which is mounted on %s", mount.Source, mount.Point)
	}
}

// pollFD is the size of a struct pollfd, with the members fd, events and revents.
const pollFD = 8

// waitsForPoll explains poll.
func (q *Inquiry) waitsForPoll(t *thread) {
	switch t.name {
	case "poll":
		t.limited = int32(t.args[2]) >= 0
	default:
		t.limited = t.args[2] != 0
	}
	n := min(t.args[1], 1024)
	b := make([]byte, n*pollFD)
	b = b[:q.memoryOf(t).ReadMemory(t.args[0], b)]
	var all []watch
	for ; len(b) >= pollFD; b = b[pollFD:] {
		if fd := int(int32(binary.NativeEndian.Uint32(b))); fd >= 0 {
			all = append(all, watch{fd: fd, events: uint32(binary.NativeEndian.Uint16(b[4:]))})
		}
	}
	q.watches(t, all, &tables.PollEvents, uint64(len(all)) == t.args[1])
}

// waitsForSelect explains select. The kernel does not change its sets until it returns.
func (q *Inquiry) waitsForSelect(t *thread) {
	t.limited = t.args[4] != 0
	n := min(t.args[0], 1<<16)
	var sets [3][]byte
	events := [...]uint32{unix.POLLIN, unix.POLLOUT, unix.POLLPRI}
	complete := true
	for i := range sets {
		if at := t.args[1+i]; at != 0 {
			sets[i] = make([]byte, (n+7)/8)
			if q.memoryOf(t).ReadMemory(at, sets[i]) != len(sets[i]) {
				sets[i], complete = nil, false
			}
		}
	}
	var all []watch
	for fd := range int(n) {
		w := watch{fd: fd}
		for i, set := range sets {
			if set != nil && set[fd/8]>>(fd%8)&1 != 0 {
				w.events |= events[i]
			}
		}
		if w.events != 0 {
			all = append(all, w)
		}
	}
	q.watches(t, all, &tables.PollEvents, complete)
}

// waitsForEpoll explains epoll_wait.
func (q *Inquiry) waitsForEpoll(t *thread) {
	switch t.name {
	case "epoll_pwait2":
		t.limited = t.args[3] != 0
	default:
		t.limited = int32(t.args[3]) >= 0
	}
	var all []watch
	const always = 0x8 | 0x10 // EPOLLERR, EPOLLHUP, which are always reported
	for _, w := range q.host.Watches(t.TID, int(int32(t.args[0]))) {
		all = append(all, watch{fd: w.FD, events: w.Events &^ always, inode: w.Inode})
	}
	q.watches(t, all, &tables.EpollEvents, true)
}

// watch is a descriptor that a thread waits for.
type watch struct {
	fd     int
	events uint32
	inode  uint64 // of its file, or 0 if that is not known
}

// Events that have the same number in poll and epoll, and that can be requested
// (asm-generic/poll.h).
const (
	pollRead  = unix.POLLIN | unix.POLLPRI | 0x40 /* POLLRDNORM */ | unix.POLLRDHUP
	pollWrite = unix.POLLOUT | 0x100 /* POLLWRNORM */
)

// watches explains a call that waits for one of several descriptors.
func (q *Inquiry) watches(t *thread, all []watch, names *tables.Set, complete bool) {
	switch {
	case len(all) == 0 && t.limited:
		t.wait.For = "the time to come"
		return
	case len(all) == 0:
		t.wait.For = "a signal"
		return
	case len(all) == 1:
		t.wait.For = "a descriptor"
	default:
		t.wait.For = fmt.Sprintf("one of %d descriptors", len(all))
	}
	t.closed = complete
	for _, w := range all {
		path := string(q.host.Descriptor(make([]byte, unix.PathMax), t.TID, w.fd))
		if inode, ok := q.host.Inode(t.TID, w.fd); w.inode != 0 && (!ok || inode != w.inode) {
			path = "" // the number refers to another file by now
		}
		f := q.watched(w, path, names)
		if path == "" {
			t.closed = false
			t.wait.Files = append(t.wait.Files, f)
			continue
		}
		if ready, ok := q.host.Ready(t.TGID, w.fd, int16(w.events&(pollRead|pollWrite))); ok {
			f.Known, f.Ready = true, eventNames(uint32(ready), names)
			if ready != 0 {
				t.closed = false
			}
		}
		for _, sending := range []bool{false, true} {
			wanted := uint32(pollRead)
			if sending {
				wanted = pollWrite
			}
			if w.events&wanted == 0 {
				continue
			}
			e := q.endOf(t, w.fd, sending)
			t.closed = t.closed && e.closed
			q.waitsOn(t, e.on...)
			for _, on := range e.on {
				if p := q.party(on); !slices.Contains(f.On, p) {
					f.On = append(f.On, p)
				}
			}
		}
		t.wait.Files = append(t.wait.Files, f)
	}
}

// eventNames writes events as a C program would.
func eventNames(events uint32, set *tables.Set) (s string) {
	c, rest, i := set.Next(uint64(events), 0)
	for ; c != nil; c, rest, i = set.Next(rest, i) {
		if s != "" {
			s += "|"
		}
		s += c.Name
	}
	if rest != 0 {
		if s != "" {
			s += "|"
		}
		s += fmt.Sprintf("%#x", rest)
	}
	return s
}
