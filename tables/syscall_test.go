package tables

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"

	"trapline/integration/need"
	"trapline/tables/internal/xsys"
)

func TestLookup(t *testing.T) {
	for _, c := range []struct {
		abi  ABI
		nr   uint64
		want string // empty: no such call
	}{
		{X86_64, 0, "read"},
		{X86_64, 13, "rt_sigaction"},
		{X86_64, 134, "uselib"},
		{X86_64, 336, "uprobe"},
		{X86_64, 337, ""},
		{X86_64, 423, ""},
		{X86_64, 471, "rseq_slice_yield"},
		{X86_64, 512, ""},
		{X86_64, X32Bit, ""},
		{X86_64, 1<<64 - 1, ""},
		{I386, 0, "restart_syscall"},
		{I386, 102, "socketcall"},
		{I386, 222, ""},
		{I386, 471, "rseq_slice_yield"},
		{I386, X32Bit, ""},
		{X32, X32Bit, "read"},
		{X32, X32Bit | 13, ""},
		{X32, X32Bit | 512, "rt_sigaction"},
		{X32, X32Bit | 547, "pwritev2"},
		{X32, X32Bit | 548, ""},
		{X32, 1, "write"},
		{NumABI, 0, ""},
	} {
		name := ""
		if s := Lookup(c.abi, c.nr); s != nil {
			name = s.Name
		}
		if name != c.want {
			t.Errorf("Lookup(%v, %#x) = %q, want %q", c.abi, c.nr, name, c.want)
		}
	}
}

// sourceNames reads the tables that the generated ones come from: names by
// number. It is not the generator's way to read them.
func sourceNames(t *testing.T) [NumABI]map[uint64]string {
	t.Helper()
	var names [NumABI]map[uint64]string
	for abi := range names {
		names[abi] = make(map[uint64]string)
	}
	abis := map[string][]ABI{"common": {X86_64, X32}, "64": {X86_64}, "x32": {X32}, "i386": {I386}}
	for _, file := range []string{"syscall_64.tbl", "syscall_32.tbl"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) == 0 || f[0][0] == '#' {
				continue
			}
			nr, err := strconv.ParseUint(f[0], 10, 32)
			if err != nil || len(f) < 3 || abis[f[1]] == nil {
				t.Fatalf("%s: %q", file, line)
			}
			for _, abi := range abis[f[1]] {
				names[abi][nr] = f[2]
			}
		}
	}
	return names
}

func TestRows(t *testing.T) {
	for abi, names := range sourceNames(t) {
		abi := ABI(abi)
		found := 0
		for s := range Syscalls(abi) {
			found++
			if s.ABI != abi || Lookup(abi, uint64(s.NR)) != s || ByName(abi, s.Name) != s {
				t.Errorf("%v %+v is not found by its number and name", abi, *s)
			}
		}
		if found != len(names) {
			t.Errorf("%v has %d rows, its source %d", abi, found, len(names))
		}
		// There are no more than the source has, in its gaps and behind its end.
		last := slices.Max(slices.Collect(maps.Keys(names)))
		for nr := range last + 100 {
			got := ""
			if s := Lookup(abi, nr); s != nil {
				got = s.Name
			}
			if got != names[nr] {
				t.Errorf("%v %d is called %q, in its source %q", abi, nr, got, names[nr])
			}
		}
	}
	for _, name := range []string{"", "a", "zzz", "Read", "read "} {
		if s := ByName(X86_64, name); s != nil {
			t.Errorf("ByName(%q) = %+v", name, s)
		}
	}
}

func TestEntries(t *testing.T) {
	for _, c := range []struct {
		s           *Syscall
		entry       string
		compat      string
		implemented bool
		noReturn    bool
	}{
		{ByName(X86_64, "stat"), "sys_newstat", "", true, false},
		{ByName(X86_64, "exit_group"), "sys_exit_group", "", true, true},
		{ByName(X86_64, "vserver"), "", "", false, false},
		{ByName(X32, "ioctl"), "compat_sys_ioctl", "", true, false},
		{ByName(I386, "ioctl"), "sys_ioctl", "compat_sys_ioctl", true, false},
		{ByName(I386, "_sysctl"), "sys_ni_syscall", "", false, false},
	} {
		if c.s == nil {
			t.Fatalf("no call with entry %s", c.entry)
		}
		if c.s.Entry != c.entry || c.s.CompatEntry != c.compat || c.s.Implemented() != c.implemented || c.s.NoReturn != c.noReturn {
			t.Errorf("%+v, want %+v", *c.s, c)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		abi     ABI
		pattern string
		want    string
	}{
		{X86_64, "read", "read"},
		{X86_64, "0", "read"},
		{X86_64, "0x10", "ioctl"},
		{X86_64, "010", "mprotect"},
		{X86_64, "400", ""},
		{X86_64, "nope", ""},
		{X86_64, "/^epoll_c/", "epoll_create epoll_ctl_old epoll_ctl epoll_create1"},
		{X86_64, "/mmap|mseal", "mmap mseal"},
		{I386, "/_time64$/", "clock_getres_time64 clock_nanosleep_time64 utimensat_time64 pselect6_time64 ppoll_time64" +
			" io_pgetevents_time64 recvmmsg_time64 mq_timedsend_time64 mq_timedreceive_time64 semtimedop_time64" +
			" rt_sigtimedwait_time64 futex_time64 sched_rr_get_interval_time64"},
		{X32, "0x40000200", "rt_sigaction"},
	} {
		found, err := Find(c.abi, c.pattern)
		if err != nil {
			t.Errorf("Find(%v, %q): %v", c.abi, c.pattern, err)
		}
		var names []string
		for _, s := range found {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("Find(%v, %q) = %s, want %s", c.abi, c.pattern, got, c.want)
		}
	}
	if all, err := Find(I386, ""); err != nil || !slices.Equal(all, slices.Collect(Syscalls(I386))) {
		t.Errorf("Find all: %d rows, %v", len(all), err)
	}
	for _, bad := range []string{"/(/", "12a", "99999999999"} {
		if found, err := Find(X86_64, bad); err == nil {
			t.Errorf("Find(%q) = %v, want an error", bad, found)
		}
	}
}

func TestClasses(t *testing.T) {
	for _, c := range []struct{ class, in, out string }{
		{"file", "openat mount quotactl", "read fchmod"},
		{"process", "clone exit_group wait4", "getpid"},
		{"net", "socket sendfile", "poll"},
		{"network", "socket sendfile", "poll"},
		{"signal", "kill rt_sigreturn", "wait4"},
		{"ipc", "semop shmdt", "mq_open"},
		{"desc", "read poll ioctl", "getpid brk"},
		{"memory", "brk mmap", "read"},
		{"creds", "setuid getgroups capset", "getpid"},
		{"stat", "stat", "lstat fstat"},
		{"lstat", "lstat", "stat"},
		{"fstat", "fstat newfstatat statx", "stat"},
		{"%stat", "stat lstat fstat statx", "statfs"},
		{"statfs", "statfs", "fstatfs"},
		{"fstatfs", "fstatfs", "statfs"},
		{"%statfs", "statfs fstatfs ustat", "stat"},
		{"clock", "gettimeofday adjtimex", "nanosleep"},
		{"pure", "getpid getuid", "umask"},
	} {
		class, ok := ClassByName(c.class)
		if !ok {
			t.Errorf("no class %q", c.class)
		}
		for _, name := range strings.Fields(c.in) {
			if s := ByName(X86_64, name); s == nil || s.Classes&class == 0 {
				t.Errorf("%s is not in %%%s", name, c.class)
			}
		}
		for _, name := range strings.Fields(c.out) {
			if s := ByName(X86_64, name); s != nil && s.Classes&class != 0 {
				t.Errorf("%s is in %%%s", name, c.class)
			}
		}
	}
	if _, ok := ClassByName("%file"); ok {
		t.Error("ClassByName takes a percent sign too")
	}
}

// TestAgainstXSys compares the tables with x/sys/unix, whose numbers are made
// from the headers of a newer kernel.
func TestAgainstXSys(t *testing.T) {
	dir, err := xsys.Dir()
	if err != nil {
		t.Fatal(err)
	}
	for abi, goarch := range map[ABI]string{X86_64: "amd64", I386: "386"} {
		numbers := sysNumbers(t, filepath.Join(dir, "zsysnum_linux_"+goarch+".go"))
		for name, nr := range numbers {
			s := ByName(abi, name)
			if s == nil {
				t.Errorf("%v: x/sys/unix has %s, %d, the table has not", abi, name, nr)
			} else if uint64(s.NR) != nr {
				t.Errorf("%v: %s is %d, x/sys/unix says %d", abi, name, s.NR, nr)
			}
		}
		for s := range Syscalls(abi) {
			if _, ok := numbers[s.Name]; !ok && s.Implemented() {
				t.Errorf("%v: x/sys/unix lacks %s, %d", abi, s.Name, s.NR)
			}
		}
	}
}

// sysNumbers reads the SYS_ constants of a Go file; names are in lower case.
func sysNumbers(t *testing.T, path string) map[string]uint64 {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	numbers := make(map[string]uint64)
	ast.Inspect(file, func(n ast.Node) bool {
		if c, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(c.Names[0].Name, "SYS_") {
			nr, err := strconv.ParseUint(c.Values[0].(*ast.BasicLit).Value, 0, 32)
			if err != nil {
				t.Fatal(err)
			}
			numbers[strings.ToLower(strings.TrimPrefix(c.Names[0].Name, "SYS_"))] = nr
		}
		return true
	})
	if len(numbers) < 300 {
		t.Fatalf("%s has %d numbers", path, len(numbers))
	}
	return numbers
}

// TestAgainstSeccompBPF compares the tables with those that filters are built
// from, made from Linux 6.15. Its x32 table is a copy of x86-64's: no use here.
func TestAgainstSeccompBPF(t *testing.T) {
	for abi, info := range map[ABI]*arch.Info{X86_64: arch.X86_64, I386: arch.I386} {
		if len(info.SyscallNames) < 300 {
			t.Fatalf("%v: %d names", abi, len(info.SyscallNames))
		}
		for name, nr := range info.SyscallNames {
			s := ByName(abi, name)
			if s == nil {
				t.Errorf("%v: go-seccomp-bpf has %s, %d, the table has not", abi, name, nr)
			} else if int(s.NR) != nr {
				t.Errorf("%v: %s is %d, go-seccomp-bpf says %d", abi, name, s.NR, nr)
			}
		}
	}
}

func TestErrnos(t *testing.T) {
	for _, c := range []struct {
		n             uint32
		name, message string
	}{
		{0, "", "Unknown error 0"},
		{2, "ENOENT", "No such file or directory"},
		{11, "EAGAIN", "Resource temporarily unavailable"},
		{35, "EDEADLK", "Resource deadlock avoided"},
		{41, "", "Unknown error 41"},
		{95, "EOPNOTSUPP", "Operation not supported"},
		{133, "EHWPOISON", "Memory page has hardware error"},
		{512, "ERESTARTSYS", "To be restarted if SA_RESTART is set"},
		{516, "ERESTART_RESTARTBLOCK", "Interrupted by signal"},
		{520, "", "Unknown error 520"},
		{524, "ENOTSUPP", "Unknown error 524"},
		{4095, "", "Unknown error 4095"},
	} {
		if name, message := ErrnoName(c.n), ErrnoMessage(c.n); name != c.name || message != c.message {
			t.Errorf("error %d is %q, %q, want %q, %q", c.n, name, message, c.name, c.message)
		}
		if n, ok := ErrnoByName(c.name); ok != (c.name != "") || ok && n != c.n {
			t.Errorf("ErrnoByName(%q) = %d, %v", c.name, n, ok)
		}
	}
}

func TestSignals(t *testing.T) {
	for n, want := range map[int]string{
		-1: "", 0: "", 1: "SIGHUP", 29: "SIGIO", 31: "SIGSYS", 32: "SIGRTMIN", 33: "SIGRT_1", 64: "SIGRT_32", 65: "",
	} {
		if got := SignalName(n); got != want {
			t.Errorf("SignalName(%d) = %q, want %q", n, got, want)
		}
	}
	for n := 1; n <= NumSignals; n++ {
		if got, ok := SignalByName(SignalName(n)); !ok || got != n {
			t.Errorf("SignalByName(%q) = %d, %v", SignalName(n), got, ok)
		}
	}
	if n, ok := SignalByName("chld"); !ok || n != 17 {
		t.Errorf("SignalByName(chld) = %d, %v", n, ok)
	}
	for _, bad := range []string{"", "SIG", "SIGSIGHUP", "1"} {
		if n, ok := SignalByName(bad); ok {
			t.Errorf("SignalByName(%q) = %d", bad, n)
		}
	}
}

// BenchmarkLookup looks up the calls of both ABIs in turn, by number.
func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if s := Lookup(ABI(i&1), uint64(i>>1&127)); s == nil {
			b.Fatal(i)
		}
	}
}

func BenchmarkByName(b *testing.B) {
	names := []string{"read", "epoll_pwait2", "accept", "write", "mmap", "zzz"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		name := names[i%len(names)]
		if s := ByName(X86_64, name); (s == nil) != (name == "zzz") {
			b.Fatal(name)
		}
	}
}

func TestInRegister(t *testing.T) {
	for _, tt := range []struct {
		abi      ABI
		nr, want uint64
	}{
		{X86_64, 39, 39}, {X86_64, 1<<64 - 1, 1<<64 - 1}, {I386, 20, 20},
		{X32, 39, 0x40000027}, {X32, 0x40000027, 0x40000027},
	} {
		if got := InRegister(tt.abi, tt.nr); got != tt.want {
			t.Errorf("%v %#x: %#x, want %#x", tt.abi, tt.nr, got, tt.want)
		}
	}
}

func TestEntryPoint(t *testing.T) {
	for _, tt := range []struct {
		abi  ABI
		nr   uint64
		want string
	}{
		{X86_64, 257, "__x64_sys_openat"},
		{X86_64, 134, "sys_ni_syscall"},  // uselib
		{X86_64, 5000, "sys_ni_syscall"}, // in no table
		{I386, 102, "__ia32_compat_sys_socketcall"},
		{I386, 3, "__ia32_sys_read"},
		{I386, 31, "sys_ni_syscall"},  // stty
		{I386, 166, "sys_ni_syscall"}, // vm86, which a 64-bit kernel lacks
		{X32, X32Bit | 512, "__x64_compat_sys_rt_sigaction"},
	} {
		if got := EntryPoint(tt.abi, tt.nr); got != tt.want {
			t.Errorf("%v %d: %s, want %s", tt.abi, tt.nr, got, tt.want)
		}
	}
}

// Where the running kernel's symbols can be read, they must have the names
// that EntryPoint gives, as far as the kernel was built with the calls.
func TestEntryPointsAreSymbols(t *testing.T) {
	need.All(t, need.KernelSymbols)
	b, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 3 {
			known[f[2]] = true
		}
	}
	for _, abi := range []ABI{X86_64, I386} {
		if abi == I386 && !known["__ia32_sys_read"] {
			continue // built without CONFIG_IA32_EMULATION
		}
		missing := 0
		for s := range Syscalls(abi) {
			if e := EntryPoint(abi, uint64(s.NR)); e != "sys_ni_syscall" && !known[e] {
				missing++
				t.Logf("%v: %s has no %s", abi, s.Name, e)
			}
		}
		// Calls newer than the kernel, and subsystems that it lacks.
		if missing > 60 {
			t.Errorf("%v: %d functions are missing", abi, missing)
		}
	}
}
