//go:build linux && amd64

package main

import (
	"math"
	"strings"

	"golang.org/x/sys/unix"

	"trapline/cmd/trapline/early"
	"trapline/trace"
)

// setRotation reads the argument of --rotate: size:SIZE and files:N, in any
// order.
func (c *config) setRotation(spelled, value string, _ bool) error {
	r := &c.destination.Rotate
	for item := range strings.SplitSeq(value, ",") {
		what, number, _ := strings.Cut(item, ":")
		switch what {
		case "size":
			n, ok := trace.ParseSize(number)
			if !ok || n > math.MaxInt64 {
				return invalidArgument(spelled, item)
			}
			r.Size = int64(n)
		case "files":
			n, ok := trace.ParseNumber(number, math.MaxInt32)
			if !ok || n == 0 {
				return invalidArgument(spelled, item)
			}
			r.Files = int(n)
		default:
			return invalidArgument(spelled, item)
		}
	}
	c.rotated = true
	return nil
}

// checkRotation rejects --rotate without a file or a size.
func (c *config) checkRotation() error {
	switch {
	case !c.rotated:
		return nil
	case c.destination.Name == "" || c.destination.Piped():
		return usagef("--rotate must be given with -o FILE")
	case c.destination.Rotate.Size == 0:
		return usagef("--rotate needs a size: --rotate=size:100M,files:5")
	}
	return nil
}

// reopensAtHangup reports whether SIGHUP reopens the files of -o, as in programs whose
// logs are rotated, instead of ending the trace. Where SIGHUP may come from a terminal
// that has gone, it ends the trace, as in strace.
func (c *config) reopensAtHangup() bool {
	if c.destination.Name == "" || c.destination.Piped() {
		return false
	}
	if c.interruptibleGiven && c.interruptible < interruptibleNever {
		return c.rotated // -I has strace's meaning
	}
	return c.rotated || c.interruptible >= interruptibleNever || early.Ignored(unix.SIGHUP) || !hasTerminal()
}

// hasTerminal reports whether this process has a controlling terminal.
func hasTerminal() bool {
	fd, err := unix.Open("/dev/tty", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	unix.Close(fd)
	return true
}
