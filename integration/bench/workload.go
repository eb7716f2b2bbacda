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
	argv   []string
	follow bool // with -f
	attach bool // the tracer attaches to the running program with -p
}

// missing says why a workload cannot run here.
func (w *work) missing() string {
	if _, err := exec.LookPath(w.argv[0]); err != nil {
		return err.Error()
	}
	return ""
}

// time runs a command and returns the time it took: the time it prints as
// "elapsed DURATION", otherwise the wall-clock time.
func (w *work) time(argv []string) (time.Duration, error) {
	var out bytes.Buffer
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &out, io.Discard
	start := time.Now()
	err := cmd.Run()
	d := time.Since(start)
	if own, ok := strings.CutPrefix(out.String(), "elapsed "); ok && err == nil {
		return time.ParseDuration(strings.TrimSpace(own))
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
		{name: "1-byte read+write", argv: self("rw", "40000")},
		{name: "ls -lR", argv: []string{"ls", "-lR", "/usr/include", "/etc"}},
		{name: "python3 start", argv: []string{"python3", "-c", "import json, re, subprocess"}},
		{name: "gcc -c", argv: []string{"gcc", "-c", "-o", filepath.Join(b.dir, "hello.o"), source}, follow: true},
		{name: "sh loop of commands", argv: []string{"sh", "-c", loop}, follow: true},
		{name: "go build", argv: []string{"sh", "-c", build}, follow: true},
		{name: "threads that compute", argv: self("compute", "2"), follow: true},
		{name: "no call traced", flags: []string{"-e", "trace=swapoff"}, argv: self("rw", "40000"), follow: true},
		{name: "no call traced, --seccomp-bpf", flags: []string{"--seccomp-bpf", "-e", "trace=swapoff"}, argv: self("rw", "40000"), follow: true},
		{name: "attached", argv: self("rw", "20000"), attach: true},
	}
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
	case "compute":
		compute(n)
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
