//go:build linux && amd64

package recording

import (
	"slices"
	"strconv"
	"time"
)

// Info describes a recording: what was recorded, where and how.
type Info struct {
	Program             string    // version of the program that has recorded it
	Command             []string  // PROG [ARGS], empty if there was none
	Options             []string  // the other arguments of the command line
	Start               time.Time // when the recording began
	Monotonic, Boottime int64     // the values of CLOCK_MONOTONIC and CLOCK_BOOTTIME then, in nanoseconds
	PID                 int       // of the recorder

	// As uname(2) has them.
	Kernel, Release, Build, Machine, Host string

	Strings   int  // bytes that are kept of a string
	Usage     bool // the processor time of calls was recorded
	Stacks    bool // call stacks were recorded
	Source    bool // and with source lines
	Registers bool // registers were recorded
	Sets      int  // which: a number of registers.Sets
	Explained bool // reasons were recorded
	Rings     bool // what io_uring_enter finds in rings was recorded
	Follow    bool // processes that the traced ones created were traced as well

	DetachOnExec bool // the trace of a process ended at its execve
	Several      bool // more than one process was traced from the start

	// LeftOut are the calls that were not to be traced: for each, 65536 times the ABI plus
	// the number.
	LeftOut []int

	// Vector is the layout of XSAVE's state on the machine, as in registers.XSAVELayout:
	// triples of number, offset and size.
	Vector []int
}

// fields are the members of an Info by the names that they have in files. Readers
// ignore names that they do not know.
func (i *Info) fields() map[string][]string {
	text := func(s string) []string { return []string{s} }
	flag := func(b bool) []string { return []string{strconv.FormatBool(b)} }
	numbers := func(list []int) []string {
		texts := make([]string, len(list))
		for n, v := range list {
			texts[n] = strconv.Itoa(v)
		}
		return texts
	}
	return map[string][]string{
		"program": text(i.Program), "command": i.Command, "options": i.Options,
		"start":     text(strconv.FormatInt(i.Start.UnixNano(), 10)),
		"monotonic": text(strconv.FormatInt(i.Monotonic, 10)), "boottime": text(strconv.FormatInt(i.Boottime, 10)),
		"pid":    text(strconv.Itoa(i.PID)),
		"kernel": text(i.Kernel), "release": text(i.Release), "build": text(i.Build),
		"machine": text(i.Machine), "host": text(i.Host),
		"strings": text(strconv.Itoa(i.Strings)), "usage": flag(i.Usage), "stacks": flag(i.Stacks),
		"source": flag(i.Source), "registers": flag(i.Registers), "sets": text(strconv.Itoa(i.Sets)),
		"explained": flag(i.Explained), "rings": flag(i.Rings), "follow": flag(i.Follow), "several": flag(i.Several), "vector": numbers(i.Vector),
		"detach-on-exec": flag(i.DetachOnExec), "left-out": numbers(i.LeftOut),
	}
}

// encode returns the contents of the information's frame.
func (i *Info) encode() []byte {
	fields := i.fields()
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var b []byte
	text := func(s string) { b = append(appendUvarint(b, uint64(len(s))), s...) }
	for _, name := range names {
		text(name)
		b = appendUvarint(b, uint64(len(fields[name])))
		for _, v := range fields[name] {
			text(v)
		}
	}
	return b
}

// parse reads the contents of the information's frame.
func (i *Info) parse(b []byte) error {
	d := decoder{b: b}
	fields := make(map[string][]string)
	for len(d.b) > 0 && d.err == nil {
		name := string(d.bytes(d.uvarint()))
		var values []string
		for range d.count() {
			values = append(values, string(d.bytes(d.uvarint())))
		}
		fields[name] = values
	}
	if d.err != nil {
		return d.err
	}
	text := func(name string) string {
		if v := fields[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(text(name), 10, 64)
		return n
	}
	flag := func(name string) bool { return text(name) == "true" }
	*i = Info{
		Program: text("program"), Command: fields["command"], Options: fields["options"], Start: time.Unix(0, number("start")),
		Monotonic: number("monotonic"), Boottime: number("boottime"), PID: int(number("pid")),
		Kernel: text("kernel"), Release: text("release"), Build: text("build"), Machine: text("machine"), Host: text("host"),
		Strings: int(number("strings")), Usage: flag("usage"), Stacks: flag("stacks"), Source: flag("source"),
		Registers: flag("registers"), Sets: int(number("sets")), Explained: flag("explained"), Rings: flag("rings"), Follow: flag("follow"), Several: flag("several"),
		DetachOnExec: flag("detach-on-exec"),
	}
	for name, list := range map[string]*[]int{"vector": &i.Vector, "left-out": &i.LeftOut} {
		for _, v := range fields[name] {
			n, _ := strconv.Atoi(v)
			*list = append(*list, n)
		}
	}
	return nil
}
