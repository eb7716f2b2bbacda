// Limits runs into limits, as a user without rights. Its arguments are what it is to use up, and
// a folder:
//
//	files      open files of the whole machine
//	pipes      the user's memory for pipes
//	bytes      the user's quota, by a file of its own
//	theirs     the quota of another user, to whom the file "theirs" belongs
//	inodes     the user's quota of files
//	keys       the user's quota of keys
//
// The last call is the one that fails.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"
)

// User is the user that runs into the limits; other is another user.
const user, other = 1234, 1235

func become(uid int) {
	check(syscall.Setgroups(nil))
	check(syscall.Setresgid(uid, uid, uid))
	check(syscall.Setresuid(uid, uid, uid))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

// untilError calls f until it fails.
func untilError(f func(i int) error) {
	for i := 0; ; i++ {
		if err := f(i); err != nil {
			fmt.Println(err)
			return
		}
	}
}

// fill writes to a file until that fails.
func fill(name string) {
	fd, err := syscall.Open(name, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_APPEND, 0o666)
	check(err)
	untilError(func(int) error {
		_, err := syscall.Write(fd, make([]byte, 4096))
		return err
	})
}

// A goroutine that init locks has the thread that is traced. One that main locks may have
// moved to another thread on a busy machine.
func init() { runtime.LockOSThread() }

func main() {
	check(os.Chdir(os.Args[2]))
	syscall.Umask(0)
	if os.Args[1] == "theirs" && len(os.Args) == 3 { // another process fills the file first
		pid, err := syscall.ForkExec("/proc/self/exe", []string{"limits", "theirs", ".", "other"}, &syscall.ProcAttr{Files: []uintptr{0, 2, 2}})
		check(err)
		_, err = syscall.Wait4(pid, nil, 0, nil)
		check(err)
	}
	if len(os.Args) > 3 {
		become(other)
		fill("theirs")
		return
	}
	become(user)
	switch os.Args[1] {
	case "files":
		untilError(func(int) error {
			_, err := syscall.Open("/dev/null", syscall.O_RDONLY, 0)
			return err
		})
	case "pipes":
		untilError(func(int) error { return syscall.Pipe2(make([]int, 2), 0) })
	case "bytes":
		fill("own")
	case "theirs":
		fill("theirs")
	case "inodes":
		untilError(func(i int) error {
			fd, err := syscall.Open("file"+strconv.Itoa(i), syscall.O_WRONLY|syscall.O_CREAT, 0o666)
			if err == nil {
				syscall.Close(fd)
			}
			return err
		})
	case "keys":
		untilError(func(i int) error {
			const addKey, sessionKeyring = 248, -3
			kind, name, ring := []byte("user\x00"), append(strconv.AppendInt(nil, int64(i), 10), 0), sessionKeyring
			_, _, errno := syscall.RawSyscall6(addKey, uintptr(unsafe.Pointer(&kind[0])), uintptr(unsafe.Pointer(&name[0])),
				uintptr(unsafe.Pointer(&name[0])), 1, uintptr(ring), 0)
			if errno != 0 {
				return errno
			}
			return nil
		})
	}
}
