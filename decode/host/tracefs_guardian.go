package host

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/guardian"
)

// tracefsStep is one step of restoring tracefs: it removes the folder path, or truncates
// the file path and writes data to it. Both end with a NUL.
type tracefsStep struct {
	path, data []byte
	remove     bool
}

func removeStep(path string) tracefsStep {
	return tracefsStep{path: append([]byte(path), 0), remove: true}
}

func writeStep(path, data string) tracefsStep {
	return tracefsStep{path: append([]byte(path), 0), data: append([]byte(data), 0)}
}

// do takes the step. The kernel refuses it with EBUSY while a file that trapline had
// open is being closed, or while another process uses the instance.
//
//go:nosplit
//go:norace
func (s *tracefsStep) do() unix.Errno {
	dir, path := unix.AT_FDCWD, uintptr(unsafe.Pointer(&s.path[0]))
	if s.remove {
		_, _, errno := unix.RawSyscall(unix.SYS_UNLINKAT, uintptr(dir), path, unix.AT_REMOVEDIR)
		return errno
	}
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(dir), path, unix.O_WRONLY|unix.O_TRUNC|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return errno
	}
	if len(s.data) > 1 {
		_, _, errno = unix.RawSyscall(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(&s.data[0])), uintptr(len(s.data)-1))
	}
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	return errno
}

// Steps are retried for half a minute.
const (
	stepTries = 600
	stepPause = 50 * time.Millisecond
)

// tracefsGuardian is a process that takes steps if trapline ends without doing so.
type tracefsGuardian struct {
	steps []tracefsStep
	pipe  int
	gone  chan bool // closed when the process has ended
}

var tracefsGuardianComm = guardian.Comm{'t', 'r', 'a', 'c', 'e', 'f', 's', ' ', 'g', 'u', 'a', 'r', 'd'}

// guardTracefs starts the guardian, which must exist before anything is changed.
func guardTracefs(steps []tracefsStep) (*tracefsGuardian, error) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("pipe2: %w", err)
	}
	defer unix.Close(pipe[0])
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(pipe[1])
		return nil, fmt.Errorf("/dev/null: %w", err)
	}
	defer unix.Close(null)
	g := &tracefsGuardian{steps: steps, pipe: pipe[1], gone: make(chan bool)}
	forked := make(chan unix.Errno)
	// Not on the caller's thread: its children are tracees.
	go func() {
		defer close(g.gone)
		pid, errno := guardian.Fork()
		if errno == 0 && pid == 0 {
			g.guard(uintptr(pipe[0]), uintptr(null))
		}
		forked <- errno
		if errno != 0 {
			return
		}
		for {
			if _, err := unix.Wait4(pid, nil, 0, nil); err != unix.EINTR {
				return
			}
		}
	}()
	if errno := <-forked; errno != 0 {
		unix.Close(pipe[1])
		return nil, fmt.Errorf("fork: %w", errno)
	}
	return g, nil
}

// guard is the main function of the guardian. It does not return.
//
//go:nosplit
//go:norace
func (g *tracefsGuardian) guard(pipe, null uintptr) {
	guardian.Detach(pipe, null, "tracefs guardian", &tracefsGuardianComm)
	var b byte
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, guardian.Pipe, uintptr(unsafe.Pointer(&b)), 1)
		if errno == unix.EINTR {
			continue
		}
		if errno == 0 && n == 1 {
			guardian.Exit() // trapline has restored tracefs itself
		}
		break
	}
	pause := unix.Timespec{Nsec: int64(stepPause)}
	for i := range g.steps {
		for range stepTries {
			if g.steps[i].do() != unix.EBUSY {
				break
			}
			unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
		}
	}
	guardian.Exit()
}

// dismiss takes the steps and ends the guardian.
func (g *tracefsGuardian) dismiss() {
	for i := range g.steps {
		for range stepTries {
			if g.steps[i].do() != unix.EBUSY {
				break
			}
			time.Sleep(stepPause)
		}
	}
	unix.Write(g.pipe, []byte{0})
	unix.Close(g.pipe)
	<-g.gone
}
