package host

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// KernelStacks reads the kernel stacks of threads from /proc/PID/stack. It is not safe for
// concurrent use; several KernelStacks are independent.
type KernelStacks struct {
	local Local
	buf   [16 << 10]byte
}

// CheckKernelStacks returns an error that says which permission or kernel option is
// missing to read stacks.
func CheckKernelStacks() error {
	fd, err := unix.Open("/proc/thread-self/stack", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(fd)
		_, err = unix.Read(fd, make([]byte, 4096))
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.ENOENT):
		return errors.New("the kernel has no /proc/PID/stack (CONFIG_STACKTRACE)")
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return errors.New("only a process with CAP_SYS_ADMIN may read /proc/PID/stack")
	}
	return fmt.Errorf("/proc/PID/stack: %w", err)
}

// Of returns the functions that a thread is in, innermost first; nil if unknown. The
// thread must sleep or be stopped: the stack of a running thread cannot be read reliably.
func (k *KernelStacks) Of(tid int) []string {
	text := readOnce(k.buf[:], k.local.pathOf(tid, "/stack"))
	var functions []string
	for line := range bytes.Lines(text) {
		// [<0>] do_syscall_64+0x5c/0xf0
		_, name, found := bytes.Cut(bytes.TrimSpace(line), []byte("] "))
		if !found {
			continue
		}
		name, _, _ = bytes.Cut(name, []byte("+0x"))
		functions = append(functions, string(name))
	}
	return functions
}

// Asleep is Of for a thread that sleeps in a call. It returns nil if the thread does not
// sleep, or is stopped by its tracer.
func (k *KernelStacks) Asleep(tid int) []string {
	if !k.sleeps(tid) {
		return nil
	}
	functions := k.Of(tid)
	if !k.sleeps(tid) {
		return nil
	}
	for _, name := range functions {
		if strings.HasPrefix(name, "ptrace_") || strings.HasPrefix(name, "do_signal_stop") {
			return nil
		}
	}
	return functions
}

// sleeps reports whether a thread sleeps, according to its state.
func (k *KernelStacks) sleeps(tid int) bool {
	stat := readOnce(k.buf[:], k.local.pathOf(tid, "/stat"))
	at := bytes.LastIndexByte(stat, ')') // the name before it may contain anything
	return at >= 0 && at+2 < len(stat) && (stat[at+2] == 'S' || stat[at+2] == 'D')
}
