//go:build linux && amd64

package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"trapline/decode"
	"trapline/tables"
	"trapline/trace"
	"trapline/trace/nearest"
)

// listSyscalls prints the system calls that match one of the patterns, or all, ABI by ABI.
// A heading names the columns: number, ABI, name, the kernel function that serves the call
// (as --entry-points shows it), and the arguments.
//
// The pattern % stands for the classes: it prints their names, and what their
// calls do.
func listSyscalls(w io.Writer, patterns []string) error {
	if len(patterns) == 0 {
		patterns = []string{""}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	d := decode.NewDecoder(decode.Options{}, nil)
	found, titled := false, false
	for _, pattern := range patterns {
		if pattern == "%" {
			found = true
			for name, about := range tables.Classes() {
				fmt.Fprintf(t, "%s\t%s\n", name, about)
			}
			continue
		}
		for _, abi := range tables.ABIs {
			calls, err := tables.Find(abi, pattern)
			if err != nil {
				return refusef("%v%s", err, nearest.Question(trace.NearCall(pattern)))
			}
			for _, s := range calls {
				if !titled {
					fmt.Fprintf(t, "NUMBER\tABI\tNAME\tENTRY POINT\tARGUMENTS\n")
				}
				found, titled = true, true
				nr := uint64(s.NR)
				fmt.Fprintf(t, "%d\t%v\t%s\t%s\t%s\n", nr, abi, s.Name, tables.EntryPoint(abi, nr), prototype(d, abi, nr))
			}
		}
	}
	if !found {
		near := ""
		if len(patterns) == 1 {
			near = trace.NearCall(patterns[0])
		}
		return refusef("no system call matches '%s'%s", strings.Join(patterns, "' or '"), nearest.Question(near))
	}
	return t.Flush()
}

// prototype is a call's arguments as C declares them, or "-" for a number that is
// reserved and has none.
func prototype(d *decode.Decoder, abi tables.ABI, nr uint64) string {
	sig := d.Lookup(abi, nr)
	if !sig.Described {
		return "-"
	}
	return "(" + sig.Prototype(abi) + ")"
}
