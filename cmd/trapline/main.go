//go:build linux && amd64

// One thread does the work. Reading the limits of the control group, and
// keeping two files open for that, would only delay the start. The runtime still
// reads them once: package early prevents that.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0

// Trapline traces the system calls of programs. See manual/manual.txt, or trapline -h.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"trapline/output"
)

//go:generate go run ./internal/mkmanual

// help is the text of -h, generated from the manual.
//
//go:embed zhelp.txt
var help string

// The main goroutine stays on the main thread, so that its id is the one that
// TracerPid and a tracer of trapline see.
func init() { runtime.LockOSThread() }

func main() {
	if shortUsage(os.Stdout, os.Args[min(1, len(os.Args)):]) {
		return
	}
	adopt := daemonProcess()
	if zone := output.Zone(os.Getenv("TZ"), os.Getenv("TZDIR")); zone != nil {
		time.Local = zone
	}
	c, err := parseCommandLine(os.Args[min(1, len(os.Args)):])
	c.settleMessages(os.Args[1:], err)
	if err != nil && asksFor(os.Args[1:], "--error-status=env") {
		ownStatuses = envStatus
	}
	if adopt != nil {
		c.warnings = nil // already reported
	}
	if records == nil || err != nil || c.daemon != notDaemon {
		c.reportWarnings(func(text string) { complain("%s", text) })
	}
	switch {
	case err != nil:
		fail(err)
	case c.help:
		fmt.Print(help)
		return
	case c.version:
		fmt.Println(versionText())
		return
	case c.completion != "":
		printCompletion(os.Stdout, c.completion, c.command)
		return
	case c.merge:
		if err := output.MergeLogs(os.Stdout, c.merged); err != nil {
			fail(err)
		}
		return
	case c.list:
		if err := listSyscalls(os.Stdout, c.listed); err != nil {
			fail(err)
		}
		return
	}
	if c.why != 0 {
		if err := c.askWhy(); err != nil {
			fail(err)
		}
	}
	var end ending
	if c.diff != "" {
		if end, err = c.compare(); err != nil {
			fail(err)
		}
	} else if c.From != nil {
		if end, err = replay(c); err != nil {
			fail(err)
		}
	} else if c.tracees() > 0 {
		if end, err = run(c, adopt); err != nil {
			fail(err)
		}
	}
	c.tip.print()
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

// fail prints an error and exits with the status for it.
func fail(err error) {
	complain("%v", err)
	var user *userError
	if errors.As(err, &user) && user.hint {
		explain(fmt.Sprintf("Try '%s -h' for more information.", program()))
	}
	exit(ownStatuses.of(err))
}
