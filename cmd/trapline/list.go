//go:build linux && amd64

package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"trapline/tables"
)

// listSyscalls prints the system calls that match one of the patterns, or all,
// ABI by ABI: number, ABI, name, the kernel function that serves the call, and
// the one that serves it for 32-bit callers of a 64-bit kernel, or "-".
func listSyscalls(w io.Writer, patterns []string) error {
	if len(patterns) == 0 {
		patterns = []string{""}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	found := false
	for _, pattern := range patterns {
		for _, abi := range tables.ABIs {
			calls, err := tables.Find(abi, pattern)
			if err != nil {
				return err
			}
			for _, s := range calls {
				found = true
				fmt.Fprintf(t, "%d\t%v\t%s\t%s\t%s\n", s.NR, abi, s.Name,
					cmp.Or(s.Entry, "sys_ni_syscall"), cmp.Or(s.CompatEntry, "-"))
			}
		}
	}
	if !found {
		return refusef("no system call matches '%s'", strings.Join(patterns, "' or '"))
	}
	return t.Flush()
}
