package need

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"
)

// Programs, by the name passed to exec.LookPath.
var (
	Bash     = program("bash")
	Cxxfilt  = program("c++filt")
	Dpkg     = program("dpkg")
	Fish     = program("fish")
	GCC      = program("gcc")
	GXX      = program("g++")
	Rustc    = runs("rustc", "--version")
	GDB      = program("gdb")
	Git      = program("git")
	JQ       = program("jq")
	Less     = program("less")
	LogMerge = program("strace-log-merge")
	Make     = program("make")
	Mandoc   = program("mandoc")
	Perl     = program("perl")
	Pgrep    = program("pgrep")
	Python3  = runs("python3", "-c", "")
	RPM      = program("rpm")
	Setpriv  = program("setpriv")
	SS       = program("ss")
	Tmux     = program("tmux")
	Zsh      = program("zsh")
	Strace   = feature("strace", func() error { return installed(StracePath()) })
)

// BashCompletion is the package bash-completion, which completes the arguments of commands
// other than trapline.
var BashCompletion = feature("bash-completion", func() error {
	_, err := os.Stat("/usr/share/bash-completion/bash_completion")
	return err
})

// Populate is the advice of madvise to populate memory, of Linux 5.14.
var Populate = feature("MADV_POPULATE_WRITE", func() error {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer unix.Munmap(page)
	return unix.Madvise(page, unix.MADV_POPULATE_WRITE)
})

// NFPM is the program that makes packages, which "go run" gets and builds. ../../packages
// has its version.
var NFPM = feature("nfpm", func() error {
	text, err := os.ReadFile("../packages/main.go")
	if err != nil {
		return err
	}
	m := regexp.MustCompile(`const nfpm = "(.*)"`).FindSubmatch(text)
	if m == nil {
		return errors.New("packages/main.go does not name nfpm")
	}
	out, err := exec.Command("go", "run", string(m[1]), "--version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
})

// Date is GNU date(1) with -d, which shows how the C library reads TZ.
var Date = feature("gnu-date", func() error {
	out, err := exec.Command("date", "--version").Output()
	if err != nil || !bytes.Contains(out, []byte("GNU coreutils")) {
		return errors.New("date is not GNU's")
	}
	return nil
})

// StracePath is the strace to compare with: the one that the environment
// variable STRACE names, or the installed one.
func StracePath() string {
	if name := os.Getenv("STRACE"); name != "" {
		return name
	}
	return "strace"
}

// StraceSecontext is a strace that was built with libselinux.
var StraceSecontext = feature("strace-secontext", func() error {
	out, err := exec.Command(StracePath(), "-V").Output()
	if err == nil && !bytes.Contains(out, []byte(" secontext")) || bytes.Contains(out, []byte("no-secontext")) {
		return errors.New("strace is built without libselinux")
	}
	return err
})

// FileContexts is the right to label files; root has it even without SELinux.
var FileContexts = feature("file-contexts", func() error {
	if err := Root.Err(); err != nil {
		return err
	}
	file, err := os.CreateTemp("", "need")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	return unix.Fsetxattr(int(file.Fd()), "security.selinux", []byte("system_u:object_r:tmp_t:s0\x00"), 0)
})

// StraceVersion returns the version of strace, such as 7.2.
func StraceVersion() (string, error) {
	out, err := exec.Command(StracePath(), "-V").Output()
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`version (\d+\.\d+)`).FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("strace -V says %q", out)
	}
	return string(m[1]), nil
}

// StraceOf is a strace with one of the given versions.
func StraceOf(versions ...string) *Feature {
	return feature("strace-"+strings.Join(versions, "-or-"), func() error {
		version, err := StraceVersion()
		if err == nil && !slices.Contains(versions, version) {
			err = fmt.Errorf("strace is version %s", version)
		}
		return err
	})
}

func program(name string) *Feature {
	return feature(name, func() error { return installed(name) })
}

// runs is the feature that a program works. It may be a script that looks for one of
// several versions and finds none.
func runs(name string, args ...string) *Feature {
	return feature(name, func() error {
		if err := installed(name); err != nil {
			return err
		}
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

func installed(name string) error {
	if _, err := exec.LookPath(name); err != nil {
		return errors.New("not installed")
	}
	return nil
}

// Userfaultfd is the right to handle page faults of all accesses to memory,
// including the kernel's: userfaultfd(2).
var Userfaultfd = feature("userfaultfd", func() error {
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC, 0, 0)
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
})

// RealTime is the right to schedule a thread as SCHED_FIFO: sched(7).
var RealTime = feature("real-time", func() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before, err := unix.SchedGetAttr(0, 0)
	if err != nil {
		return err
	}
	if err := unix.SchedSetAttr(0, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: 1}, 0); err != nil {
		return err
	}
	return unix.SchedSetAttr(0, before, 0)
})

// CpusetFolder is the mount point of the version 1 cpuset controller.
const CpusetFolder = "/sys/fs/cgroup/cpuset"

// Cpuset is the right to make cpusets with processors 0 and 1.
var Cpuset = feature("cpuset", func() error {
	cpus, err := os.ReadFile(CpusetFolder + "/cpuset.cpus")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(cpus), "0-") {
		return fmt.Errorf("there are the processors %s", bytes.TrimSpace(cpus))
	}
	dir, err := os.MkdirTemp(CpusetFolder, "need")
	if err != nil {
		return err
	}
	return os.Remove(dir)
})

// GCC64 and GCC32 are gcc for x86-64 and i386 programs that use the headers of
// the C library and of the kernel.
var (
	GCC64 = feature("gcc-m64", func() error { return compiles("-m64") })
	GCC32 = feature("gcc-m32", func() error { return compiles("-m32") })
)

func compiles(flag string) error {
	if err := GCC.Err(); err != nil {
		return fmt.Errorf("gcc: %w", err)
	}
	dir, err := os.MkdirTemp("", "need")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("gcc", flag, "-x", "c", "-o", filepath.Join(dir, "a"), "-")
	cmd.Stdin = strings.NewReader("#include <sys/types.h>\n#include <linux/ioctl.h>\n#include <linux/types.h>\nint main(void) { return 0; }\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("gcc %s cannot compile a program: %w\n%s", flag, err, out)
	}
	return nil
}

// Time is the time that -short saves.
var Time = feature("time", func() error {
	if testing.Short() {
		return errors.New("it takes half a minute or more, and there is -short")
	}
	return nil
})

// Live means that traces are shown live, not from a recording: see docs/testing.md.
var Live = feature("live", func() error {
	if os.Getenv("TRAPLINE_REPLAY") != "" {
		return errors.New("traces are recorded first")
	}
	return nil
})

// Unbuffered means that all calls stop, unless the test asks for something else: see
// docs/testing.md.
var Unbuffered = feature("unbuffered", func() error {
	if os.Getenv("TRAPLINE_BUFFERED") != "" {
		return errors.New("calls are buffered")
	}
	return nil
})

// Root is the rights of root.
var Root = feature("root", func() error {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Errorf("the user id is %d", uid)
	}
	return nil
})

// OwnMachine is a machine that runs nothing but the tests, whose limits they may change: a virtual one
// (../suite -own).
var OwnMachine = feature("own-machine", func() error {
	if os.Getenv(Own) == "" {
		return errors.New("the environment has no " + Own)
	}
	return nil
})

// Own is an environment variable, set to anything on an OwnMachine.
const Own = "TRAPLINE_OWN_MACHINE"

// Quota is a tmpfs with quotas of users (Linux 6.6, CONFIG_TMPFS_QUOTA). QuotaOptions ask for it.
var Quota = feature("quota", func() error {
	if err := Root.Err(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "quota")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	if err := unix.Mount("quota", dir, "tmpfs", 0, QuotaOptions); err != nil {
		return fmt.Errorf("mount -t tmpfs -o %s: %w", QuotaOptions, err)
	}
	return unix.Unmount(dir, 0)
})

const QuotaOptions = "usrquota"

// FUSE is the right to mount a file system that the test itself serves.
var FUSE = feature("fuse", func() error {
	if err := Root.Err(); err != nil {
		return err
	}
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/dev/fuse: %w", err)
	}
	return unix.Close(fd)
})

// Cgroup is the right to make a control group in CgroupDir.
var Cgroup = feature("cgroup", func() error {
	dir, err := os.MkdirTemp(CgroupDir(), "trapline")
	if err != nil {
		return err
	}
	return os.Remove(dir)
})

// CgroupDir is the folder of the control groups of version 2.
func CgroupDir() string {
	mounts, _ := os.ReadFile("/proc/self/mounts")
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "cgroup2" {
			return fields[1]
		}
	}
	return "/sys/fs/cgroup"
}

// X86 is an x86-64 processor, AVX one with AVX registers.
var (
	X86 = feature("x86-64", func() error {
		if runtime.GOARCH != "amd64" {
			return fmt.Errorf("the processor is %s", runtime.GOARCH)
		}
		return nil
	})
	AVX = feature("avx", func() error {
		if !cpu.X86.HasAVX {
			return errors.New("the processor has no AVX")
		}
		return nil
	})
)

// Processors is the use of processors 0 and 1 for this process.
var Processors = feature("processors", func() error {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return err
	}
	if !set.IsSet(0) || !set.IsSet(1) {
		return errors.New("there are no two processors to run on")
	}
	return nil
})

// I386 is a kernel that runs 32-bit programs (CONFIG_IA32_EMULATION,
// ia32_emulation=on).
var I386 = feature("i386", func() error {
	dir, err := os.MkdirTemp("", "need")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "exit")
	if err := os.WriteFile(path, exit386, 0o777); err != nil {
		return err
	}
	if err := exec.Command(path).Run(); err != nil {
		return errors.New("the kernel runs no 32-bit code")
	}
	return nil
})

// exit386 is an ELF file, linked to 0x10000, that calls exit(0).
var exit386 = []byte{
	0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, // 32 bits, little-endian
	2, 0, 3, 0, 1, 0, 0, 0, // ET_EXEC, EM_386
	0x54, 0, 1, 0, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // starts at 0x10054, program header at 0x34
	0x34, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, // PT_LOAD of the whole file
	0x5d, 0, 0, 0, 0x5d, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
	0x31, 0xdb, // xor %ebx, %ebx
	0x31, 0xc0, // xor %eax, %eax
	0xff, 0xc0, // inc %eax
	0xcd, 0x80, // int $0x80
	0xf4,
}

// Netlink is a kernel that reports the protocol of AF_NETLINK sockets
// (CONFIG_NETLINK_DIAG, sock_diag(7)).
var Netlink = feature("netlink", func() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// struct nlmsghdr and struct netlink_diag_req, of all protocols.
	const sockDiagByFamily, allProtocols, length = 20, 0xff, unix.SizeofNlMsghdr + 20
	request := binary.NativeEndian.AppendUint32(nil, length)
	request = binary.NativeEndian.AppendUint16(request, sockDiagByFamily)
	request = binary.NativeEndian.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	request = append(request, make([]byte, 8)...)
	request = append(request, unix.AF_NETLINK, allProtocols)
	request = append(request, make([]byte, length-len(request))...)
	if err := unix.Sendto(fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	reply := make([]byte, 64<<10)
	n, _, err := unix.Recvfrom(fd, reply, 0)
	if err != nil {
		return err
	}
	if n >= unix.SizeofNlMsghdr+4 && binary.NativeEndian.Uint16(reply[4:]) == unix.NLMSG_ERROR {
		return fmt.Errorf("sock_diag: %w", unix.Errno(-int32(binary.NativeEndian.Uint32(reply[unix.SizeofNlMsghdr:]))))
	}
	return nil
})

// Terminals are pseudo-terminals, with both ends in the file system.
var Terminals = feature("terminals", func() error {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer master.Close()
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		return err
	}
	_, err = os.Stat(fmt.Sprintf("/dev/pts/%d", n))
	return err
})

// SharedMemory is a directory for files that any user may execute.
var SharedMemory = feature("/dev/shm", func() error {
	f, err := os.CreateTemp("/dev/shm", "need")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
})

// KVM is hardware virtualization that this user may use.
var KVM = feature("kvm", func() error {
	fd, err := unix.Open("/dev/kvm", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/dev/kvm: %w", err)
	}
	defer unix.Close(fd)
	const createVM, createVCPU = 0xae01, 0xae41 // linux/kvm.h
	vm, err := unix.IoctlRetInt(fd, createVM)
	if err != nil {
		return fmt.Errorf("KVM_CREATE_VM: %w", err)
	}
	defer unix.Close(vm)
	vcpu, err := unix.IoctlRetInt(vm, createVCPU)
	if err != nil {
		return fmt.Errorf("KVM_CREATE_VCPU: %w", err)
	}
	return unix.Close(vcpu)
})

// KernelSymbols is access to the names of the running kernel's functions, on an
// x86-64 kernel.
var KernelSymbols = feature("kernel-symbols", func() error {
	b, err := os.ReadFile("/proc/kallsyms")
	if err == nil && !bytes.Contains(b, []byte(" __x64_sys_read\n")) {
		err = errors.New("/proc/kallsyms has no __x64_sys_read")
	}
	return err
})

// IOUring is io_uring, with rings that have their own inodes (Linux 5.12). NewIOUring has all
// flags of rings up to Linux 6.6.
var (
	IOUring    = feature("io_uring", func() error { return uring(0) })
	NewIOUring = feature("new-io_uring", func() error { return uring(1 << 16) })
)

// FutexWait is futex_wait(2) (Linux 6.7).
var FutexWait = feature("futex_wait", func() error {
	const futexWait = 455
	if _, _, errno := unix.Syscall6(futexWait, 0, 0, 0, 0, 0, 0); errno == unix.ENOSYS {
		return errno
	}
	return nil
})

// uring makes a ring.
func uring(flags uint32) error {
	var params [120]byte
	binary.LittleEndian.PutUint32(params[8:], flags)
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		return errno
	}
	return unix.Close(int(fd))
}

// KernelStacks is the right to read /proc/PID/stack.
var KernelStacks = feature("kernel-stacks", func() error {
	_, err := os.ReadFile("/proc/self/stack")
	return err
})

// FunctionGraph is a tracefs with the tracer function_graph that nobody uses.
var FunctionGraph = feature("function-graph", func() error {
	tracers, err := os.ReadFile("/sys/kernel/tracing/available_tracers")
	if err != nil {
		return err
	}
	if !slices.Contains(strings.Fields(string(tracers)), "function_graph") {
		return errors.New("the kernel has no function_graph")
	}
	current, err := os.ReadFile("/sys/kernel/tracing/current_tracer")
	if err == nil && string(current) != "nop\n" {
		err = fmt.Errorf("ftrace is in use: %s", bytes.TrimSpace(current))
	}
	return err
})

// Needed by ../vm. Tests do not download kernels; people and .ci/run do.
var (
	QEMU         = program("qemu-system-x86_64")
	Busybox      = program("busybox")
	Secilc       = program("secilc") // compiles policies of SELinux
	CachedKernel = feature("kernel-image", func() error {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(cache, "trapline/kernels/linux-image-6.12-cloud-amd64")); err != nil {
			return errors.New("go run ./integration/vm has not fetched it yet")
		}
		return nil
	})
)

// Notifications are seccomp's SECCOMP_RET_USER_NOTIF with
// SECCOMP_USER_NOTIF_FLAG_CONTINUE (Linux 5.5).
var Notifications = feature("seccomp-notifications", func() error {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return err
	}
	var major, minor int
	release := unix.ByteSliceToString(name.Release[:])
	if n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor); n < 2 || major < 5 || major == 5 && minor < 5 {
		return fmt.Errorf("the kernel, %s, is older than 5.5", release)
	}
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
})

// MountNamespaces is mount_namespaces(7), with the right to mount.
var MountNamespaces = feature("mount-namespaces", func() error {
	cmd := exec.Command("mount", "-t", "tmpfs", "none", "/proc")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mount: %w: %s", err, out)
	}
	return nil
})
