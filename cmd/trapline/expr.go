package main

import (
	"strings"

	"trapline/decode"
	"trapline/output"
)

// qualifier is one of the things that -e can set: -e trace=SET.
type qualifier struct {
	names []string
	set   func(c *config, value string) error
}

var qualifiers = []qualifier{
	{[]string{"trace", "t"}, func(c *config, v string) error { return setSyscalls(&c.trace, v) }},
	{[]string{"abbrev", "a"}, func(c *config, v string) error { return setSyscalls(&c.abbrev, v) }},
	{[]string{"verbose", "v"}, func(c *config, v string) error { return setSyscalls(&c.verbose, v) }},
	{[]string{"raw", "x"}, func(c *config, v string) error { return setSyscalls(&c.raw, v) }},
	{[]string{"signal", "signals", "s"}, func(c *config, v string) (err error) {
		c.signals, err = parseSignalSet(v)
		return err
	}},
	{[]string{"status"}, func(c *config, v string) (err error) {
		c.looks.Statuses, err = parseBits(v, "status", statusNames, output.AllStatuses)
		return err
	}},
	{[]string{"quiet", "silent", "silence", "q"}, func(c *config, v string) (err error) {
		c.quiet, err = parseBits(v, "quiet", quietNames, allQuiet)
		c.longQ = true
		return err
	}},
	{[]string{"read", "reads", "r"}, func(c *config, v string) (err error) {
		c.readFDs, err = parseFDSet(v)
		return err
	}},
	{[]string{"write", "writes", "w"}, func(c *config, v string) (err error) {
		c.writeFDs, err = parseFDSet(v)
		return err
	}},
	{[]string{"trace-fds", "trace-fd", "fds", "fd"}, func(c *config, v string) error {
		s, err := parseFDSet(v)
		c.traceFDs = &s
		return err
	}},
	{[]string{"inject"}, injects("inject")},
	{[]string{"fault"}, injects("fault")},
	{[]string{"secontext"}, func(c *config, v string) (err error) {
		c.contexts, err = parseContexts(v)
		return err
	}},
	{[]string{"kvm"}, func(c *config, v string) error {
		switch v {
		case "vcpu":
			c.vcpus = decode.VCPUExit
		case "vcpu+":
			c.vcpus = decode.VCPUState
		default:
			return refusef("invalid -e kvm= argument: '%s'", v)
		}
		return nil
	}},
	{[]string{"namespace"}, func(c *config, v string) error {
		if v != "new" {
			return refusef("invalid -e namespace= argument: '%s'", v)
		}
		c.namespaces = true
		return nil
	}},
	{[]string{"decode-fds", "decode-fd"}, func(c *config, v string) (err error) {
		c.fds, err = parseBits(v, "decode-fds", fdNames, allFDs)
		c.longY = true
		return err
	}},
	{[]string{"decode-pids", "decode-pid"}, func(c *config, v string) (err error) {
		c.pidDecoding, err = parseBits(v, "decode-pids", pidNames, decode.PIDComm|decode.PIDNamespace)
		return err
	}},
}

func injects(what string) func(c *config, v string) error {
	return func(c *config, v string) error {
		in, err := parseInjection(what, v)
		if err != nil {
			return err
		}
		if in.warning != "" {
			c.warn("%s", in.warning)
		}
		c.injections = append(c.injections, in)
		return nil
	}
}

func setSyscalls(s *syscallSet, value string) (err error) {
	*s, err = parseSyscallSet(value)
	return err
}

// qualify applies the argument of -e: QUALIFIER=VALUE, or only the VALUE of trace.
func (c *config) qualify(expr string) error {
	name, value, ok := strings.Cut(expr, "=")
	if ok {
		if q := findQualifier(name); q != nil {
			return q.set(c, value)
		}
	}
	return setSyscalls(&c.trace, expr)
}

func findQualifier(name string) *qualifier {
	for i := range qualifiers {
		for _, n := range qualifiers[i].names {
			if n == name {
				return &qualifiers[i]
			}
		}
	}
	return nil
}

// byName is the long form of a qualifier: --trace=SET is -e trace=SET.
// Without an argument it stands for byDefault.
func byName(name, byDefault string) func(c *config, spelled, value string, given bool) error {
	return func(c *config, _, value string, given bool) error {
		if !given {
			value = byDefault
		}
		return findQualifier(name).set(c, value)
	}
}
