//go:build linux && amd64

package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"trapline/trace"
)

// askWhy prints what a process waits for: --why. It goes to standard output unless -o
// says otherwise, since there is no command that writes there.
func (c *config) askWhy() error {
	o := c.Options
	o.Name = program()
	o.DecodeFDs = trace.AllFDs
	o.Looks.PID = trace.PIDColumn
	o.Looks.Run = nil
	if c.destination.Name == "" {
		o.Output = &trace.Destination{Writer: os.Stdout}
	}
	err := trace.Why(c.why, o)
	if err == unix.ESRCH {
		return fmt.Errorf("--why: there is no process %d", c.why)
	}
	return err
}
