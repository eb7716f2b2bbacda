package host

import (
	"encoding/binary"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Objects of System V IPC (sysvipc(7)), as trapline's own IPC namespace has them.

// Commands of semctl(2) and msgctl(2).
const (
	ipcStat  = 2
	semPID   = 11 // GETPID
	semAll   = 13 // GETALL
	ipcPerms = 48 // bytes of struct ipc64_perm
)

// SameIPC says whether a process is in trapline's IPC namespace.
func (l *Local) SameIPC(process int) bool {
	own, err1 := os.Readlink("/proc/self/ns/ipc")
	other, err2 := os.Readlink(string(l.pathOf(process, "/ns/ipc")))
	return err1 == nil && err2 == nil && own == other
}

// SemaphoreSet is the state of a set (struct semid64_ds).
type SemaphoreSet struct {
	Values []uint16
	// Operated is the time of the last semop on the set, and Changed the time when the set
	// was created or last changed otherwise, in seconds since 1970; 0 for never.
	Operated, Changed int64
}

// Semaphores queries a set of semaphores; false if it does not exist, or may not be read.
func (l *Local) Semaphores(id int) (s SemaphoreSet, ok bool) {
	var b [104]byte
	const operated, changed, count = ipcPerms, ipcPerms + 16, ipcPerms + 32
	if _, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), 0, ipcStat, uintptr(unsafe.Pointer(&b)), 0, 0); errno != 0 {
		return s, false
	}
	const most = 1 << 16 // semaphores in a set (ipc/sem.c)
	n := binary.NativeEndian.Uint64(b[count:])
	if n == 0 || n > most {
		return s, false
	}
	s.Operated, s.Changed = int64(binary.NativeEndian.Uint64(b[operated:])), int64(binary.NativeEndian.Uint64(b[changed:]))
	s.Values = make([]uint16, most) // another set may have the number by now
	if _, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), 0, semAll, uintptr(unsafe.Pointer(&s.Values[0])), 0, 0); errno != 0 {
		return s, false
	}
	s.Values = s.Values[:n]
	return s, true
}

// SemaphoreUser returns the process that changed a semaphore last; 0 if it is not known.
// If that process has ended, another one may have its id.
func (l *Local) SemaphoreUser(id, n int) (process int) {
	pid, _, errno := unix.Syscall6(unix.SYS_SEMCTL, uintptr(id), uintptr(n), semPID, 0, 0, 0)
	if errno != 0 || pid == 0 {
		return 0
	}
	return l.Process(int(pid))
}

// MessageQueue is the state of a queue (struct msqid64_ds).
type MessageQueue struct {
	Messages    uint64
	Bytes, Room uint64 // of all its messages, and the maximum
	// Sender and Receiver are the processes that used it last, or 0, and Sent and Received
	// the times, in seconds since 1970. If a process has ended, another one may have its
	// id.
	Sender, Receiver int
	Sent, Received   int64
}

// MessageQueue queries a queue; false if it does not exist, or may not be read.
func (l *Local) MessageQueue(id int) (q MessageQueue, ok bool) {
	var b [120]byte
	const sent, received, bytes, messages = ipcPerms, ipcPerms + 8, ipcPerms + 24, ipcPerms + 32
	const room, sender, receiver = ipcPerms + 40, ipcPerms + 48, ipcPerms + 52
	if _, _, errno := unix.Syscall(unix.SYS_MSGCTL, uintptr(id), ipcStat, uintptr(unsafe.Pointer(&b))); errno != 0 {
		return q, false
	}
	number := func(at int) uint64 { return binary.NativeEndian.Uint64(b[at:]) }
	process := func(at int) int {
		if pid := int(int32(binary.NativeEndian.Uint32(b[at:]))); pid > 0 {
			return l.Process(pid)
		}
		return 0
	}
	return MessageQueue{
		Messages: number(messages), Bytes: number(bytes), Room: number(room),
		Sender: process(sender), Receiver: process(receiver), Sent: int64(number(sent)), Received: int64(number(received)),
	}, true
}
