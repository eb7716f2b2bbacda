//go:build linux && amd64

package main

import (
	_ "embed"
	"io"
	"slices"

	"trapline/trace"
)

// usage is a short form of the help.
//
//go:embed usage.txt
var usage string

// shortUsage writes the short usage if the command line is empty, which is also an error,
// or "help". If there is a command called help, that runs instead. It reports whether the
// program is done.
func shortUsage(w io.Writer, args []string) (done bool) {
	switch {
	case len(args) == 0:
		io.WriteString(w, usage+"\n")
	case slices.Equal(args, []string{"help"}):
		if _, err := trace.FindExecutable("help"); err != nil {
			io.WriteString(w, usage)
			return true
		}
	}
	return false
}
