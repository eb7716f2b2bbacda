package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// work is a workload: a command, and how it is traced.
type work struct {
	name   string
	flags  []string // for strace and trapline
	own    []string // for trapline alone
	argv   []string
	follow bool // with -f
	attach bool // the tracer attaches to the running program with -p

	// goal is how many times slower than native the command should be at most with
	// --buffered=always; 0 if there is no goal.
	goal float64
}

// missing says why a workload cannot run here.
func (w *work) missing() string {
	if _, err := exec.LookPath(w.argv[0]); err != nil {
		return err.Error()
	}
	return ""
}

// time runs a command and returns the time it took: the time it prints as
// "elapsed DURATION", otherwise the wall-clock time or, with processor, the processor
// time of the command and its children.
func (w *work) time(argv []string, processor bool) (time.Duration, error) {
	var out bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, io.Discard
	start := time.Now()
	err := cmd.Run()
	d := time.Since(start)
	if own, ok := strings.CutPrefix(out.String(), "elapsed "); ok && err == nil {
		return time.ParseDuration(strings.TrimSpace(own))
	}
	if processor && err == nil {
		d = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return d, err
}

// workloads are the table's rows.
func workloads(b *bench) []*work {
	source := filepath.Join(b.dir, "hello.c")
	module := filepath.Join(b.dir, "module")
	write(source, "#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return puts(\"hello\") < 0; }\n")
	write(filepath.Join(module, "go.mod"), "module hello\n\ngo 1.26\n")
	write(filepath.Join(module, "main.go"), "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n")
	self := func(args ...string) []string { return append([]string{b.self, "workload"}, args...) }
	// A new constant each time forces one package to be compiled and linked.
	build := "cd " + module + " && echo \"package main; const now = $(date +%s%N)\" >now.go && go build -o hello ."
	const loop = "i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done"
	return []*work{
		{name: "start-up (true)", argv: []string{"true"}},
		{name: "1-byte read+write", goal: 2.5, argv: []string{"dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=20000", "status=none"}},
		{name: "the same in Go", goal: 2.5, argv: self("rw", "20000")},
		{name: "four threads of it", goal: 2, argv: self("threads", "20000"), follow: true},
		{name: "ls -lR", goal: 2.2, argv: []string{"ls", "-lR", "/usr/include", "/etc"}},
		{name: "find", goal: 2, argv: []string{"find", "/usr/lib", "-name", "x"}},
		{name: "busybox ls -l", goal: 2.5, argv: []string{"busybox", "ls", "-l", "/usr/bin"}},
		{name: "python3 start", goal: 1.4, argv: []string{interpreter(), "-c", "import json, re, subprocess"}},
		{name: "gcc -c", argv: []string{"gcc", "-c", "-o", filepath.Join(b.dir, "hello.o"), source}, follow: true},
		{name: "sh loop of commands", goal: 1.6, argv: []string{"sh", "-c", loop}, follow: true},
		{name: "go build", goal: 1.2, argv: []string{"sh", "-c", build}, follow: true},
		{name: "threads that compute", argv: self("compute", "2"), follow: true},
		{name: "no call traced", flags: []string{"-e", "trace=swapoff"}, argv: self("rw", "40000"), follow: true},
		{name: "no call traced, --seccomp-bpf", flags: []string{"--seccomp-bpf", "-e", "trace=swapoff"}, argv: self("rw", "40000"), follow: true},
		{name: "its writes by name", flags: []string{"-e", "trace=write"}, argv: self("rw", "20000")},
		{name: "a false condition", flags: []string{"-e", "trace=write"}, own: []string{"--where", "fd == 99"}, argv: self("rw", "20000")},
		{name: "attached", argv: self("rw", "20000"), attach: true},
	}
}

// interpreter is the program behind python3, or the one that a script of this name
// executes.
func interpreter() string {
	path, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil || len(path) < 2 {
		return "python3"
	}
	return strings.TrimSpace(string(path))
}

func write(name, text string) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		fail(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		fail(err)
	}
}

func init() { runtime.LockOSThread() } // a workload makes its calls from its main thread

// workload is the tracee's side.
func workload(args []string) {
	n := 0
	if len(args) > 1 {
		n, _ = strconv.Atoi(args[1])
	}
	switch args[0] {
	case "rw":
		readWrite(n)
	case "threads":
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				runtime.LockOSThread()
				readWrite(n)
			})
		}
		wg.Wait()
	case "datagrams":
		datagrams(n)
	case "messages":
		messages(n)
	case "compute":
		compute(n)
	case "churn":
		d, err := time.ParseDuration(args[1])
		if err != nil {
			fail(err)
		}
		churn(d)
	case "attached":
		attached(args[1:])
	default:
		fail(fmt.Errorf("no workload %q", args[0]))
	}
}

// readWrite moves n single bytes from /dev/zero to /dev/null.
func readWrite(n int) {
	in, err := unix.Open("/dev/zero", unix.O_RDONLY, 0)
	if err != nil {
		fail(err)
	}
	out, err := unix.Open("/dev/null", unix.O_WRONLY, 0)
	if err != nil {
		fail(err)
	}
	b := make([]byte, 1)
	for range n {
		unix.Read(in, b)
		unix.Write(out, b)
	}
}

// datagrams sends n single bytes through a UDP socket to itself.
func datagrams(n int) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		fail(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		fail(err)
	}
	to, err := unix.Getsockname(fd)
	if err != nil {
		fail(err)
	}
	b := make([]byte, 1)
	for range n {
		unix.Sendto(fd, b, 0, to)
		unix.Recvfrom(fd, b, 0)
	}
}

// messages sends n messages of one byte through a pair of sockets.
func messages(n int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		fail(err)
	}
	b := make([]byte, 1)
	for range n {
		unix.Sendmsg(fds[0], b, nil, nil, 0)
		unix.Recvmsg(fds[1], b, nil, 0)
	}
}

// compute keeps n threads busy, each making a call every millisecond or so.
func compute(n int) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			runtime.LockOSThread()
			x := uint64(1)
			for range 300 {
				for range 1 << 20 {
					x ^= x << 13
					x ^= x >> 7
					x ^= x << 17
				}
				unix.Getppid()
			}
			if x == 0 {
				fail(fmt.Errorf("xorshift came to zero"))
			}
		})
	}
	wg.Wait()
}

// attached runs readWrite and prints how long it took, once the tracer given by
// the arguments after the count has attached to this process.
func attached(args []string) {
	// args: SELF "workload" "rw" COUNT [TRACER FLAG...]
	n, _ := strconv.Atoi(args[3])
	if tracer := args[4:]; len(tracer) > 0 {
		cmd := exec.Command(tracer[0], append(tracer[1:], "-p", strconv.Itoa(os.Getpid()))...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
		if err := cmd.Start(); err != nil {
			fail(err)
		}
		defer func() {
			cmd.Process.Signal(os.Interrupt)
			cmd.Wait()
		}()
		for !traced() {
			time.Sleep(time.Millisecond)
		}
	}
	start := time.Now()
	readWrite(n)
	fmt.Println("elapsed", time.Since(start))
}

// traced reports whether this thread has a tracer.
func traced() bool {
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		fail(err)
	}
	return bytes.Contains(status, []byte("TracerPid:")) && !bytes.Contains(status, []byte("TracerPid:\t0\n"))
}
