// Conditions makes calls that differ in what conditions can ask for. Its argument
// is an empty folder.
package main

import (
	"os"
	"os/signal"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// A goroutine that init locks has the thread that is traced. One that main locks may have
// moved to another thread on a busy machine.
func init() { runtime.LockOSThread() }

func main() {
	signal.Ignore(unix.SIGUSR1)
	dir := os.Args[1]
	if err := unix.Chdir(dir); err != nil {
		os.Exit(1)
	}
	fd, _ := unix.Openat(unix.AT_FDCWD, "made", unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	unix.Write(fd, []byte("a needle in hay"))
	buf := make([]byte, 64)
	unix.Pread(fd, buf, 0)
	unix.Pread(fd, buf[:5], 0)
	unix.Openat(unix.AT_FDCWD, "missing", unix.O_RDONLY, 0)
	unix.Openat(unix.AT_FDCWD, "./made", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	at, _ := unix.Open(".", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	unix.Mkdirat(at, "folder", 0o700)
	unix.Unlinkat(at, "made", 0)
	unix.Unlinkat(at, "made", 0)

	// A port without a listener: it is bound.
	bound, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	unix.Bind(bound, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	s, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	unix.Connect(s, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 2}})
	unix.Connect(s, &unix.SockaddrUnix{Name: "/nonexistent"})

	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: 0, Start: 7, Len: 1}
	unix.FcntlFlock(uintptr(fd), unix.F_SETLK, &lock)
	unix.Ftruncate(fd, 1<<20)
	wait := unix.NsecToTimespec(int64(30 * time.Millisecond))
	unix.Nanosleep(&wait, nil)
	unix.Kill(unix.Getpid(), unix.SIGUSR1)
	unix.Kill(unix.Getpid(), 0)
	os.Exit(3)
}
