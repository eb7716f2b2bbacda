//go:build linux && amd64

package trace

import (
	"maps"
	"slices"
	"strings"

	"trapline/tables"
	"trapline/trace/nearest"
)

// This file suggests names for misspelled names in expressions. It is used only after an
// error.

// keys returns a function that finds the nearest name in a table.
func keys[T any](names map[string]T) func(string) string {
	return func(name string) string { return nearest.Inside(name, slices.Collect(maps.Keys(names))) }
}

// noneNear is for numbers, for which there are no suggestions.
func noneNear(string) string { return "" }

// nearCall returns the item of a set of calls that is nearest to a misspelled one.
func nearCall(item string) string {
	optional, name := "", item
	if rest, ok := strings.CutPrefix(item, "?"); ok {
		optional, name = "?", rest
	}
	name, abi, limited := strings.Cut(name, "@")
	if limited {
		abi = "@" + abi
	}
	var known []string
	if strings.HasPrefix(name, "%") {
		for class := range tables.Classes() {
			known = append(known, class)
		}
	} else {
		for _, abi := range tables.ABIs {
			for call := range tables.Syscalls(abi) {
				known = append(known, call.Name)
			}
		}
	}
	near := nearest.Of(name, known)
	if near == "" {
		return ""
	}
	return optional + near + abi
}

// NearCall returns the call or class of calls that an unknown name may have been meant
// for, or "".
func NearCall(name string) string { return nearCall(name) }

// nearPure returns the call without effects (%pure) that is nearest to a wrong name.
func nearPure(name string) string {
	var known []string
	for call := range tables.Syscalls(tables.X86_64) {
		if isPure(call.Name) {
			known = append(known, call.Name)
		}
	}
	return nearest.Of(name, known)
}

// nearErrno returns the name of the error that a wrong one is nearest to.
func nearErrno(name string) string {
	var known []string
	for errno := range uint32(maxErrno) {
		if name := tables.ErrnoName(errno); name != "" {
			known = append(known, name)
		}
	}
	return nearest.Of(name, known)
}

// nearSignal returns the signal whose name is nearest to a wrong one. It does not count
// SIG, which all names share.
func nearSignal(name string) string {
	const prefix = "SIG"
	rest, prefixed := strings.CutPrefix(strings.ToUpper(name), prefix)
	known := make([]string, 0, tables.NumSignals)
	for n := 1; n <= tables.NumSignals; n++ {
		known = append(known, strings.TrimPrefix(tables.SignalName(n), prefix))
	}
	near := nearest.Of(rest, known)
	if near != "" && prefixed {
		near = prefix + near
	}
	return near
}

// nearStatus returns the status or error that a wrong name is nearest to.
func nearStatus(name string) string {
	near := nearest.Begun(name, []string{"successful", "failed", "unfinished", "unavailable", "detached"})
	if near == "" {
		near = nearErrno(name)
	}
	return near
}

// nearAction returns the part of an injection whose name is nearest to a wrong one.
func nearAction(name string) string {
	return nearest.Of(name, slices.Collect(maps.Keys(actionForms())))
}

// unknownAction says more about an unknown part of an injection: it may be one of --inject
// that --fault lacks.
func unknownAction(name string) string {
	if _, ok := actionForms()[name]; ok {
		return ": --inject has it, --fault has not"
	}
	return nearest.Question(nearAction(name))
}

// nearAssignment suggests the part of an injection for a word without =: ENOENT is an
// error, and SIGTERM a signal.
func nearAssignment(word string) string {
	if _, ok := tables.ErrnoByName(strings.ToUpper(word)); ok {
		return "error=" + strings.ToUpper(word)
	}
	if _, ok := tables.SignalByName(word); ok {
		return "signal=" + word
	}
	return ""
}

// actionForms has the parts of an injection and what each takes.
func actionForms() map[string]string {
	const (
		time  = "a time, a number with s, ms, us or ns"
		pokes = "@argN=HEX, with N from 1 to 7 and an even number of digits"
	)
	return map[string]string{
		"error":       "the name of an error, or a number from 1 to 4095",
		"retval":      "a number of at most 64 bits",
		"signal":      "the name of a signal, or a number from 1 to 64",
		"syscall":     "a call that does nothing: one of %pure",
		"delay_enter": time,
		"delay_exit":  time,
		"poke_enter":  pokes,
		"poke_exit":   pokes,
		"when":        "FIRST[..LAST][+[STEP]], counted from 1 to 65535",
		"path":        "a path or a pattern",
		"fd":          "numbers of descriptors",
		"if":          "a condition",
		"p":           "a chance above 0 and up to 1",
		"seed":        "a number",
	}
}

// actionTakes says what is wrong with the value of a part of an injection.
func actionTakes(name, value string) string {
	near := ""
	switch name {
	case "error":
		near = nearErrno(value)
	case "signal":
		near = nearSignal(value)
	case "syscall":
		near = nearPure(value)
	}
	if near != "" {
		return nearest.Question(near)
	}
	form, ok := actionForms()[name]
	if !ok {
		form = "a number of at most 64 bits" // an argument of the call
	}
	return ": it takes " + form
}
