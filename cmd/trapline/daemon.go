//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/early"
	"trapline/trace"
)

// With -D the process that was started as trapline becomes the command, so that
// the command is a child of trapline's parent. Its grandchild traces it; the
// child in between exits at once, so that the command starts without children.

// daemonMode is where the tracer process runs, -D.
type daemonMode uint8

const (
	notDaemon    daemonMode = iota
	inGrandchild            // -D
	inGroup                 // -DD: in its own process group
	inSession               // -DDD: in its own session
)

// setDaemon reads the argument of --daemonize.
func (c *config) setDaemon(spelled, value string, given bool) error {
	modes := map[string]daemonMode{
		"grandchild": inGrandchild, "pgroup": inGroup, "pgrp": inGroup, "session": inSession,
	}
	mode, ok := modes[strings.ToLower(value)]
	if !given {
		mode, ok = inGrandchild, true
	}
	if !ok {
		return invalidArgument(spelled, value)
	}
	c.daemon = mode
	return nil
}

// settleDaemon checks -D and --daemonize.
func (c *config) settleDaemon() error {
	if c.shortD > 0 {
		if c.daemon != notDaemon {
			return refusef("-D and --daemonize cannot be provided simultaneously")
		}
		c.daemon = daemonMode(min(c.shortD, int(inSession)))
	}
	if c.daemon != notDaemon && len(c.command) == 0 {
		return usagef("PROG [ARGS] must be specified with -D/--daemonize")
	}
	if c.shortD > int(inSession) {
		return usagef("Too many -D's (%d), maximum supported -D count is %d", c.shortD, inSession)
	}
	return nil
}

// argv[0] of the two processes. It is followed by the pid of the process that
// becomes the command, a descriptor of the socket to it, and trapline's own
// command line.
const (
	betweenName = "trapline: between"
	daemonName  = "trapline: tracer"
)

// becomeCommand starts the tracer process and becomes the command. It returns
// only if that fails.
func becomeCommand(c *config, command *trace.Command) error {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socketpair: %w", err)
	}
	child, err := startDaemon(betweenName, os.Getpid(), ends[0], os.Args, nil)
	if err != nil {
		return err
	}
	unix.Close(ends[0])
	if _, err := unix.Wait4(child, nil, 0, nil); err != nil {
		return fmt.Errorf("wait4: %w", err)
	}
	return command.Become(c.Options, ends[1])
}

func startDaemon(name string, pid, socket int, args []string, attr *syscall.SysProcAttr) (int, error) {
	const inherited = 3 // the first descriptor after standard error
	early.PassIgnored()
	child, err := syscall.ForkExec(executable(),
		append([]string{name, strconv.Itoa(pid), strconv.Itoa(inherited)}, args...),
		&syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2, uintptr(socket)}, Sys: attr})
	if err != nil {
		return 0, fmt.Errorf("cannot start the tracer process: %w", err)
	}
	return child, nil
}

// executable returns a path to this program's file. Without /proc, it returns the path by
// which the program was started.
func executable() string {
	const link = "/proc/self/exe"
	if unix.Access(link, unix.F_OK) == nil {
		return link
	}
	const execfn = 31 // AT_EXECFN of linux/auxvec.h
	auxv, _ := unix.Auxv()
	for _, entry := range auxv {
		if entry[0] == execfn {
			return unix.BytePtrToString((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&entry[1]))))
		}
	}
	return link
}

// takeName gives this process the name of trapline: the executed file may have
// another one, such as exe.
func takeName() {
	if name, err := unix.BytePtrFromString(filepath.Base(program())); err == nil {
		unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0)
	}
}

// daemonProcess checks whether this is one of the two processes that -D makes,
// and restores the command line. In the process in between it does not return.
func daemonProcess() *trace.Adoption {
	if len(os.Args) < 4 || os.Args[0] != betweenName && os.Args[0] != daemonName {
		return nil
	}
	between := os.Args[0] == betweenName
	a := new(trace.Adoption)
	a.PID, _ = strconv.Atoi(os.Args[1])
	a.Socket, _ = strconv.Atoi(os.Args[2])
	os.Args = os.Args[3:]
	takeName()
	if !between {
		if a.PID <= 0 { // a seccomp filter refuses getpid; the socket knows its creator
			if maker, err := unix.GetsockoptUcred(a.Socket, unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
				a.PID = int(maker.Pid)
			}
		}
		unix.CloseOnExec(a.Socket)
		return a
	}
	attr := &syscall.SysProcAttr{}
	if c, err := parseCommandLine(os.Args[1:]); err == nil {
		attr.Setpgid = c.daemon == inGroup
		attr.Setsid = c.daemon == inSession
	}
	if _, err := startDaemon(daemonName, a.PID, a.Socket, os.Args, attr); err != nil {
		fail(err) // the command's process notices that its socket is closed
	}
	os.Exit(0)
	return nil
}
