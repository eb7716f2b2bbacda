// Package surroundings gives tests a known environment, wherever they are started: from a
// terminal, by nohup, by cron, by make -j, by continuous integration. The tests' tracees
// inherit it, and the traces that tests compare show much of it. docs/testing.md says what
// tests may assume.
package surroundings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kept are the variables that tests have from outside. All others are unset: they change
// how programs print, which files they read, and which calls they make.
var kept = []string{
	"PATH", // where the programs are
	"HOME", // programs may be found, and Go's modules and results be kept, below it
	"TMPDIR", "PWD",
	"CI",
	// How Go builds the programs of tests.
	"GO111MODULE", "GOAUTH", "GOCACHE", "GOCOVERDIR", "GOENV", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB",
	"GOPATH", "GOPRIVATE", "GOPROXY", "GOROOT", "GOSUMDB", "GOTMPDIR", "GOTOOLCHAIN", "GOVCS", "XDG_CACHE_HOME",
	// How it gets what they need.
	"ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "all_proxy", "http_proxy", "https_proxy", "no_proxy",
	"GIT_SSL_CAINFO", "SSL_CERT_DIR", "SSL_CERT_FILE",
	// What docs/testing.md tells people to set.
	"C_INCLUDE_PATH", "MILLIONS", "RECORDING", "RECORDINGS", "STRACE", "SYNTHETIC",
}

// ours is the prefix of the project's own variables.
const ours = "TRAPLINE_"

// known are the variables that are the same everywhere.
var known = map[string]string{
	"TZ": "UTC0", // needs no file
	// This folder does not exist and cannot be created, so that the user's own presets of
	// trapline and settings of other programs are not read.
	"XDG_CONFIG_HOME": "/proc/none",
	// Git has no settings but the repository's, and needs no name of a user.
	"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
	"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org",
	// Not empty, because otherwise the setting in Go's own file applies. Flags such as
	// -race or -ldflags=-s would change the traced programs.
	"GOFLAGS": "-mod=readonly",
}

// Settle gives this process, and thus its children, the environment that tests expect.
// TestMain calls it first, except in the part of a test's process that is a tracee. If the
// process was started with signals ignored or blocked, or with open descriptors, Settle
// may execute it again, with the same id and arguments. It ends the process if it fails.
func Settle() {
	if err := settle(); err != nil {
		fmt.Fprintf(os.Stderr, "surroundings: %v\n", err)
		os.Exit(1)
	}
}

func settle() error {
	if err := anew(); err != nil {
		return fmt.Errorf("signals and descriptors: %w", err)
	}
	if err := absent(nowhere); err != nil {
		return err
	}
	if err := variables(); err != nil {
		return fmt.Errorf("variables: %w", err)
	}
	unix.Umask(0o022)
	if err := limits(); err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	return nil
}

// nowhere is a name that many tests pass to calls that should fail with ENOENT.
const nowhere = "/nonexistent"

// absent returns an error if the file exists.
func absent(name string) error {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("%s exists: tests take it for a name without a file", name)
}

// variables keeps some, and sets the others.
func variables() error {
	const config = "XDG_CONFIG_HOME"
	if os.Getenv("GOENV") == "" && os.Getenv(config) != known[config] {
		// Go looks in this folder with and without XDG_CONFIG_HOME.
		if folder, err := os.UserConfigDir(); err == nil {
			os.Setenv("GOENV", filepath.Join(folder, "go/env"))
		}
	}
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if !slices.Contains(kept, name) && !strings.HasPrefix(name, ours) {
			os.Unsetenv(name)
		}
	}
	for name, value := range known {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	// Use the kernel's names of folders, not those of symbolic links.
	os.Unsetenv("PWD")
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	os.Setenv("PWD", here)
	os.Setenv("TMPDIR", temporary(os.Getenv("TMPDIR")))
	return nil
}

// plain matches a name that shells do not split and that fits into the address of a socket,
// together with the names of test, folder and file. Traces show it in full.
var plain = regexp.MustCompile(`^/[\w./+-]{1,27}$`)

// temporary returns a folder for temporary files: the requested one, or /tmp. Unprivileged
// users must be able to find its files, since tests run as such users.
func temporary(asked string) string {
	const fallback = "/tmp"
	folder, err := filepath.EvalSymlinks(asked)
	if err != nil || !plain.MatchString(folder) {
		return fallback
	}
	for above := folder; above != "/"; above = filepath.Dir(above) {
		const searchable = 0o001
		if info, err := os.Stat(above); err != nil || info.Mode()&searchable == 0 {
			return fallback
		}
	}
	return folder
}

// limits sets the usual limits, if that is allowed.
func limits() error {
	for _, l := range []struct {
		resource int
		usual    uint64
	}{
		{unix.RLIMIT_CORE, 0},        // otherwise killed tracees leave files behind, and their end lines say so
		{unix.RLIMIT_NOFILE, 1024},   // of tracees: Go raises its own
		{unix.RLIMIT_STACK, 8 << 20}, // unlimited, it turns the address space around
	} {
		var limit unix.Rlimit
		if err := unix.Getrlimit(l.resource, &limit); err != nil {
			return err
		}
		limit.Cur = min(l.usual, limit.Max)
		if err := unix.Setrlimit(l.resource, &limit); err != nil {
			return err
		}
	}
	return nil
}

// anew executes the process again if it has inherited something that its own children
// would inherit: ignored or blocked signals, as from nohup, a shell's background jobs and
// some servers, or descriptors that whoever started the tests forgot to close. Go's
// runtime keeps an ignored SIGHUP and a blocked signal for all of its children, and opens
// its own descriptors behind the existing ones.
func anew() error {
	ignored, blocked, err := disposed()
	if err != nil {
		return err
	}
	forgotten, err := descriptors()
	if err != nil || ignored|blocked == 0 && !forgotten {
		return err
	}
	const most = 64
	for signal := 1; signal <= most; signal++ {
		if ignored&(1<<(signal-1)) == 0 {
			continue
		}
		var byDefault [4]uint64 // struct kernel_sigaction, all zero: SIG_DFL
		_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(signal), uintptr(unsafe.Pointer(&byDefault)), 0, most/8, 0, 0)
		if errno != 0 {
			return errno
		}
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &unix.Sigset_t{}, nil); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", exe, syscall.Exec(exe, os.Args, os.Environ()))
}

// descriptors makes the inherited descriptors close-on-exec, and reports whether there are
// any but the standard ones. Tracees open their files with the lowest free numbers, and
// the highest descriptor of a process decides how large a table its children have (FDSize
// of /proc/PID/status).
func descriptors() (any bool, err error) {
	if slices.Contains(os.Args, "-test.fuzzworker") {
		return false, nil // its parent, which has settled, passes some on
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		// Those of Go's runtime and library have the flag.
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.CloseOnExec(fd)
			any = true
		}
	}
	return any, nil
}

// disposed returns the signals that this thread ignores, and those that it blocks.
func disposed() (ignored, blocked uint64, err error) {
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":\t")
		var set *uint64
		switch name {
		case "SigIgn":
			set = &ignored
		case "SigBlk":
			set = &blocked
		default:
			continue
		}
		if *set, err = strconv.ParseUint(value, 16, 64); err != nil {
			return 0, 0, err
		}
	}
	return ignored, blocked, nil
}
