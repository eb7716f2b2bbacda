//go:build linux && amd64

package report

import (
	"fmt"
	"slices"
	"strings"

	"trapline/tables"
	"trapline/trace"
)

// called are the calls that were made, by their names in the kernel's tables. A call that
// was made through a multiplexer such as socketcall counts as the multiplexer.
type called struct {
	set   *Set
	names map[string]bool
	abis  map[tables.ABI]bool
}

func newCalled(s *Set) *called {
	return &called{s, make(map[string]bool), make(map[tables.ABI]bool)}
}

func (r *called) enter(c *trace.Call, _ *process) {
	if row := tables.Lookup(c.ABI, c.Number); row != nil {
		r.names[row.Name] = true
		r.abis[c.ABI] = true
	}
}

// unseen are calls that the kernel may make a program call at any moment: at the end of a
// signal handler, and to resume a call after a stop.
var unseen = [...]string{"restart_syscall", "rt_sigreturn"}

// sorted are the names, including unseen.
func (r *called) sorted() (names []string) {
	for name := range r.names {
		names = append(names, name)
	}
	for _, name := range unseen {
		if !r.names[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// incomplete is the caveat that comes with policies.
func (r *called) incomplete() string {
	runs := "this run"
	if r.set.traces > 1 {
		runs = fmt.Sprintf("these %d runs", r.set.traces)
	}
	return fmt.Sprintf("the policy has the %d system calls that were made in %s, and %s; what other inputs, errors, "+
		"signals or versions of libraries would make the program call is missing", len(r.names), runs, strings.Join(unseen[:], " and "))
}

// architectures are the names of the ABIs that were used.
func (r *called) architectures(names map[tables.ABI]string) (list []string) {
	for _, abi := range tables.ABIs {
		if r.abis[abi] {
			list = append(list, names[abi])
		}
	}
	return list
}

// newSeccomp makes a profile in the form of the Open Container Initiative's runtime
// specification (config-linux.md, "Seccomp").
func newSeccomp(s *Set) view {
	r := newCalled(s)
	profile := func(w *writer) {
		w.text("defaultAction", "SCMP_ACT_ERRNO")
		w.number("defaultErrnoRet", 1)
		w.texts("architectures", r.architectures(map[tables.ABI]string{
			tables.X86_64: "SCMP_ARCH_X86_64", tables.I386: "SCMP_ARCH_X86", tables.X32: "SCMP_ARCH_X32",
		}))
		w.open("syscalls", '[')
		w.open("", '{')
		w.texts("names", r.sorted())
		w.text("action", "SCMP_ACT_ALLOW")
		w.close('}')
		w.close(']')
	}
	return view{
		enter: r.enter,
		text: func(w *writer) {
			w.b, w.comma = append(w.b, '{'), false
			profile(w)
			w.b = append(w.b, "}\n"...)
			if w.message != nil {
				w.message(r.incomplete())
			}
		},
		json: func(w *writer) {
			w.record("seccomp")
			w.open("profile", '{')
			profile(w)
			w.close('}')
			w.text("incomplete", r.incomplete())
			w.end()
		},
	}
}

// newSystemd makes a filter as systemd.exec(5) describes it.
func newSystemd(s *Set) view {
	r := newCalled(s)
	names := map[tables.ABI]string{tables.X86_64: "x86-64", tables.I386: "x86", tables.X32: "x32"}
	return view{
		enter: r.enter,
		text: func(w *writer) {
			w.line("# %s", r.incomplete())
			w.line("[Service]")
			w.line("SystemCallArchitectures=%s", strings.Join(r.architectures(names), " "))
			w.line("SystemCallErrorNumber=EPERM")
			w.line("SystemCallFilter=%s", strings.Join(r.sorted(), " "))
		},
		json: func(w *writer) {
			w.record("systemd")
			w.texts("SystemCallArchitectures", r.architectures(names))
			w.texts("SystemCallFilter", r.sorted())
			w.text("incomplete", r.incomplete())
			w.end()
		},
	}
}
