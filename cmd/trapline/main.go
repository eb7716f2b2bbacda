//go:build linux && amd64

// One thread does the work. Reading the limits of the control group, and
// keeping two files open for that, would only delay the start.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Trapline traces the system calls of programs. See help.txt, or trapline -h.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

//go:embed help.txt
var help string

// The main goroutine stays on the main thread, so that its id is the one that
// TracerPid and a tracer of trapline see.
func init() { runtime.LockOSThread() }

func main() {
	adopt := daemonProcess()
	if zone := zoneOf(os.Getenv("TZ"), os.Getenv("TZDIR")); zone != nil {
		time.Local = zone
	}
	c, err := parseCommandLine(os.Args[min(1, len(os.Args)):])
	if adopt == nil { // otherwise already reported
		for _, w := range c.warnings {
			complain("%s", w)
		}
	}
	switch {
	case err != nil:
		fail(err)
	case c.help:
		fmt.Print(help)
		return
	case c.version:
		fmt.Println(version())
		return
	case c.list:
		if err := listSyscalls(os.Stdout, c.listed); err != nil {
			fail(err)
		}
		return
	}
	var end ending
	if c.tracees() > 0 {
		if end, err = run(c, adopt); err != nil {
			fail(err)
		}
	}
	c.tip.print(os.Stderr)
	end.exit()
}

// program is trapline's name in messages: its argv[0], as in strace, or else
// the name of its file.
func program() string {
	if len(os.Args) > 0 && os.Args[0] != "" {
		return os.Args[0]
	}
	exe, err := os.Executable()
	if err != nil {
		return "trapline"
	}
	return filepath.Base(exe)
}

// message formats a message of trapline.
func message(format string, args ...any) string {
	return program() + ": " + fmt.Sprintf(format, args...)
}

// complain writes a message to standard error.
func complain(format string, args ...any) {
	fmt.Fprintln(os.Stderr, message(format, args...))
}

// fail prints an error and exits with status 1.
func fail(err error) {
	complain("%v", err)
	var user *userError
	if errors.As(err, &user) && user.hint {
		fmt.Fprintf(os.Stderr, "Try '%s -h' for more information.\n", program())
	}
	os.Exit(1)
}
