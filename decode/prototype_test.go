package decode

import (
	"os"
	"strings"
	"testing"

	"trapline/tables"
)

// prototypeDiffers lists the arguments that the kernel declares with another width than the
// description, or as something other than a pointer or a number.
var prototypeDiffers = map[string]string{
	"umask mask":          "an int of which the kernel looks at the bits of a mode",
	"readlink bufsiz":     "an int; the C library has a size_t",
	"readlinkat bufsiz":   "an int; the C library has a size_t",
	"sysfs arg1":          "an int that may be a pointer",
	"io_uring_enter arg":  "a pointer or a set of flags",
	"socketpair protocol": "an int, shown as a long",
}

// TestPrototypesAgainstKernel compares the arguments of all calls that Linux 6.12
// describes in tracefs: their number, their widths, and which are pointers. Addresses
// that are not followed may be numbers there.
func TestPrototypesAgainstKernel(t *testing.T) {
	text, err := os.ReadFile("testdata/prototypes.txt")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		name, types, ok := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case line[0] == '#' || !ok:
		case types == "":
			declared[name] = nil
		default:
			declared[name] = strings.Split(strings.TrimSpace(types), ", ")
		}
	}
	d := NewDecoder(Options{}, nil)
	compared := 0
	for s := range tables.Syscalls(tables.X86_64) {
		kernel, ok := declared[strings.TrimPrefix(s.Entry, "sys_")]
		if !ok {
			continue
		}
		compared++
		ours, more := argumentsOf(d, tables.X86_64, uint64(s.NR))
		switch {
		case s.Name == "preadv" || s.Name == "pwritev":
			kernel = kernel[:4] // the upper half of the offset is not used
		case more:
			kernel = kernel[:min(len(ours), len(kernel))]
		}
		if len(ours) != len(kernel) {
			t.Errorf("%s takes %q, in the kernel %q", s.Name, ours, kernel)
			continue
		}
		for i, arg := range ours {
			name := arg[strings.LastIndexAny(arg, " *")+1:]
			_, differs := prototypeDiffers[s.Name+" "+name]
			a, b := kindOf(arg), kindOf(kernel[i]+" x")
			address := strings.HasPrefix(arg, "void *") && b == "8"
			if a != b && !differs && !address && !(b == "8" && name == "fd") {
				t.Errorf("%s: %q, in the kernel %q", s.Name, arg, kernel[i])
			}
		}
	}
	if compared < 350 {
		t.Errorf("only %d calls were compared", compared)
	}
}

// argumentsOf splits a prototype. more says that "..." ends it.
func argumentsOf(d *Decoder, abi tables.ABI, nr uint64) (args []string, more bool) {
	p := d.Lookup(abi, nr).Prototype(abi)
	if p == "void" {
		return nil, false
	}
	args = strings.Split(p, ", ")
	if more = args[len(args)-1] == "..."; more {
		args = args[:len(args)-1]
	}
	return args, more
}

// kindOf is a pointer, or the size of a number in bytes, from a declaration in C.
func kindOf(declaration string) string {
	for _, word := range []string{"*", "cap_user_"} {
		if strings.Contains(declaration, word) {
			return "pointer"
		}
	}
	for _, word := range []string{"long", "size_t", "off_t", "u64", "aio_context_t"} {
		if strings.Contains(declaration, word) {
			return "8"
		}
	}
	if strings.Contains(declaration, "short") || strings.Contains(declaration, "umode_t") {
		return "2"
	}
	return "4"
}

// Prototypes that have a kind of argument each: names are those of the manual pages,
// types those of the kernel's own declarations. The number and the sizes of the
// arguments of all calls are compared with the kernel's by the test above.
func TestPrototypes(t *testing.T) {
	d := NewDecoder(Options{}, nil)
	for _, c := range []struct {
		abi        tables.ABI
		name, want string
	}{
		{tables.X86_64, "openat", "int dirfd, const char *pathname, int flags, unsigned short mode"},
		{tables.X86_64, "fork", "void"},
		{tables.X86_64, "newfstatat", "int dirfd, const char *pathname, struct stat *statbuf, int flags"},
		{tables.X86_64, "nanosleep", "struct timespec *req, struct timespec *rem"},
		{tables.X86_64, "writev", "int fd, struct iovec *iov, unsigned long iovcnt"},
		{tables.X86_64, "connect", "int sockfd, struct sockaddr *addr, int addrlen"},
		{tables.X86_64, "select", "int nfds, fd_set *readfds, fd_set *writefds, fd_set *exceptfds, struct timeval *timeout"},
		{tables.X86_64, "execve", "const char *pathname, const char **argv, const char **envp"},
		{tables.X86_64, "mount", "const char *source, const char *target, const char *filesystemtype, unsigned long mountflags, void *data"},
		{tables.X86_64, "kill", "int pid, int signum"},
		{tables.X86_64, "fcntl", "int fd, int op, ..."},
		{tables.X86_64, "pipe", "int *pipefd"},
		{tables.I386, "pread64", "int fd, void *buf, unsigned long count, long long offset"},
		{tables.X32, "pread64", "int fd, void *buf, unsigned long count, long long offset"},
	} {
		nr := uint64(tables.ByName(c.abi, c.name).NR)
		if got := d.Lookup(c.abi, nr).Prototype(c.abi); got != c.want {
			t.Errorf("%v: %s(%s), want (%s)", c.abi, c.name, got, c.want)
		}
	}
}

// Every implemented call has a prototype whose arguments have types.
func TestEveryCallHasAPrototype(t *testing.T) {
	d := NewDecoder(Options{}, nil)
	for _, abi := range tables.ABIs {
		for s := range tables.Syscalls(abi) {
			args, _ := argumentsOf(d, abi, uint64(s.NR))
			for _, arg := range args {
				if s.Implemented() && strings.Trim(arg, " *") == "" {
					t.Errorf("%v: %s has an argument without a type: %q", abi, s.Name, args)
				}
			}
		}
	}
}
