package host

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Processes that hold something. They are found by searching all processes in /proc.

// Runner finds a process whose program is a file.
func (l *Local) Runner(f *File) (pid int, ok bool) {
	for _, pid := range numberedDirs("/proc") {
		if f.is("/proc/" + strconv.Itoa(pid) + "/exe") {
			return pid, true
		}
	}
	return 0, false
}

// Writer finds a process that has a file open for writing.
func (l *Local) Writer(f *File) (pid int, ok bool) {
	for _, pid := range numberedDirs("/proc") {
		dir := "/proc/" + strconv.Itoa(pid)
		for _, fd := range numberedDirs(dir + "/fd") {
			number := strconv.Itoa(fd)
			if !f.is(dir + "/fd/" + number) {
				continue
			}
			flags, err := strconv.ParseUint(string(Field(readFile(dir+"/fdinfo/"+number, 4096), "flags:")), 8, 64)
			if err == nil && flags&unix.O_ACCMODE != unix.O_RDONLY {
				return pid, true
			}
		}
	}
	return 0, false
}

// is reports whether a link of the procfs leads to the file, according to the kernel's
// cache.
func (f *File) is(link string) bool {
	var st unix.Statx_t
	return statRemembered(unix.AT_FDCWD, link, 0, &st) == nil && st.Ino == f.Inode && unix.Mkdev(st.Dev_major, st.Dev_minor) == f.Device
}

// Limit reads a soft limit of a process by its name in /proc/PID/limits.
func (l *Local) Limit(process int, name string) (n uint64, ok bool) {
	fields := strings.Fields(string(Field(readFile(string(l.pathOf(process, "/limits")), 1<<14), name)))
	if len(fields) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(fields[0], 10, 64)
	return n, err == nil
}

// OpenDescriptors counts a process's descriptors below limit; false if they cannot be seen.
func (l *Local) OpenDescriptors(process int, limit uint64) (n uint64, ok bool) {
	all := numberedDirs(string(l.pathOf(process, "/fd")))
	for _, fd := range all {
		if uint64(fd) < limit {
			n++
		}
	}
	return n, all != nil
}

// OpenFiles counts the open files of the machine, and gives their limit (proc_sys_fs(5)).
func (l *Local) OpenFiles() (used, limit uint64, ok bool) {
	return parseOpenFiles(string(readFile("/proc/sys/fs/file-nr", 256)))
}

func parseOpenFiles(file string) (used, limit uint64, ok bool) {
	f := strings.Fields(file) // allocated, allocated and free, limit
	if len(f) != 3 {
		return 0, 0, false
	}
	allocated, err1 := strconv.ParseUint(f[0], 10, 64)
	free, err2 := strconv.ParseUint(f[1], 10, 64)
	limit, err3 := strconv.ParseUint(f[2], 10, 64)
	return allocated - min(free, allocated), limit, err1 == nil && err2 == nil && err3 == nil
}
