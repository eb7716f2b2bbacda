package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// soak traces, for some time, a program with buffered calls whose threads and children
// come and go. It prints trapline's resident memory from time to time, and fails if that
// grows or if a call is missing from the trace.
func (b *bench) soak(d time.Duration) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	argv := append([]string{"-f", "-q", "--buffered=always", "-o", "/dev/fd/3"}, b.traplineFlags...)
	cmd := exec.Command(b.trapline, append(argv, b.self, "workload", "churn", d.String())...)
	cmd.ExtraFiles = []*os.File{w}
	cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1") // a signal may restart a call
	cmd.Stderr = os.Stderr
	var made bytes.Buffer
	cmd.Stdout = &made
	if err := cmd.Start(); err != nil {
		return err
	}
	w.Close()
	lines, seen := countLines(r)
	memory := watchMemory(cmd.Process.Pid, d)
	err = cmd.Wait()
	total, found := <-lines, <-seen
	if err != nil {
		return err
	}
	fmt.Printf("%d lines of the trace, of them %d of getppid\n", total, found)
	if want, err := strconv.Atoi(strings.TrimSpace(made.String())); err != nil || want != found {
		return fmt.Errorf("the program has called getppid %s times, not %d", strings.TrimSpace(made.String()), found)
	}
	return memory()
}

// countLines counts lines, and calls of getppid. A call that a signal interrupts before the
// kernel sees it starts again after the signal, with a line of its own.
func countLines(f *os.File) (lines, calls chan int) {
	lines, calls = make(chan int, 1), make(chan int, 1)
	go func() {
		all, begun, anew := 0, 0, 0
		for s := bufio.NewScanner(f); s.Scan(); {
			all++
			line := s.Bytes()
			if bytes.Contains(line, []byte(" getppid(")) {
				begun++
			}
			if bytes.Contains(line, []byte("getppid")) && bytes.HasSuffix(line, []byte("(To be restarted)")) {
				anew++
			}
		}
		lines <- all
		calls <- begun - anew
	}()
	return lines, calls
}

// watchMemory prints the resident memory of a process ten times in d. The returned
// function reports afterwards whether it has grown by more than a quarter since the second
// time.
func watchMemory(pid int, d time.Duration) func() error {
	const turns = 10
	var sizes []int
	done := make(chan struct{})
	go func() {
		defer close(done)
		start := time.Now()
		for i := 1; i <= turns; i++ {
			time.Sleep(time.Until(start.Add(d * time.Duration(i) / (turns + 1))))
			size := residentKB(pid)
			sizes = append(sizes, size)
			fmt.Printf("%v: %d KiB\n", time.Since(start).Round(time.Second), size)
		}
	}()
	return func() error {
		<-done
		if first, last := sizes[1], sizes[turns-1]; first == 0 || last > first+first/4 {
			return fmt.Errorf("resident memory was %d KiB, and is %d KiB", first, last)
		}
		return nil
	}
}

// residentKB is the resident memory of a process, in KiB; 0 if it is not known.
func residentKB(pid int) int {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kb, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(after, "kB", 2)[0]))
	return kb
}

// churn makes calls for some time, in threads that come and go, and starts children that do
// the same. It prints how many times it has called getppid.
func churn(d time.Duration) {
	const calls = 2000
	end := time.Now().Add(d)
	var mu sync.Mutex
	made := 0
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for time.Now().Before(end) {
				ended := make(chan struct{})
				go func() { // its thread ends with it
					defer close(ended)
					runtime.LockOSThread()
					for range calls / 2 {
						unix.Getppid()
						unix.Access("/etc", unix.F_OK)
						unix.Getppid()
					}
				}()
				<-ended
				mu.Lock()
				made += calls
				mu.Unlock()
			}
		})
	}
	wg.Go(func() {
		for time.Now().Before(end) {
			exec.Command("ls", "-lR", "/etc").Run()
			time.Sleep(50 * time.Millisecond)
		}
	})
	wg.Wait()
	fmt.Println(made)
}
