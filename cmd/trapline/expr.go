//go:build linux && amd64

package main

import (
	"errors"
	"strings"

	"trapline/trace"
)

// qualifier is a setting of -e: -e trace=SET.
type qualifier struct {
	names []string
	set   func(c *config, value string) error
}

var qualifiers = []qualifier{
	{[]string{"trace", "t"}, setCalls(func(c *config) **trace.CallSet { return &c.Calls })},
	{[]string{"abbrev", "a"}, setCalls(func(c *config) **trace.CallSet { return &c.Abbrev })},
	{[]string{"verbose", "v"}, setCalls(func(c *config) **trace.CallSet { return &c.Verbose })},
	{[]string{"raw", "x"}, setCalls(func(c *config) **trace.CallSet { return &c.Raw })},
	{[]string{"signal", "signals", "s"}, func(c *config, v string) (err error) {
		c.Signals, err = trace.ParseSignals(v)
		return err
	}},
	{[]string{"status"}, func(c *config, v string) (err error) {
		c.Statuses, err = trace.ParseStatuses(v)
		return err
	}},
	{[]string{"quiet", "silent", "silence", "q"}, func(c *config, v string) (err error) {
		c.Quiet, err = trace.ParseQuiet(v)
		c.longQ = true
		return err
	}},
	{[]string{"read", "reads", "r"}, func(c *config, v string) (err error) {
		c.ReadFDs, err = trace.ParseDescriptors(v)
		return err
	}},
	{[]string{"write", "writes", "w"}, func(c *config, v string) (err error) {
		c.WriteFDs, err = trace.ParseDescriptors(v)
		return err
	}},
	{[]string{"trace-fds", "trace-fd", "fds", "fd"}, func(c *config, v string) (err error) {
		c.Descriptors, err = trace.ParseDescriptors(v)
		return err
	}},
	{[]string{"inject"}, injects(trace.ParseInjection)},
	{[]string{"fault"}, injects(trace.ParseFault)},
	{[]string{"secontext"}, func(c *config, v string) (err error) {
		c.DecodeContexts, err = trace.ParseContexts(v)
		return err
	}},
	{[]string{"kvm"}, func(c *config, v string) error {
		switch v {
		case "vcpu":
			c.VCPUs = trace.VCPUExit
		case "vcpu+":
			c.VCPUs = trace.VCPUState
		default:
			return refusef("invalid -e kvm= argument: '%s'", v)
		}
		return nil
	}},
	{[]string{"namespace"}, func(c *config, v string) error {
		if v != "new" {
			return refusef("invalid -e namespace= argument: '%s'", v)
		}
		c.Namespaces = true
		return nil
	}},
	{[]string{"decode-fds", "decode-fd"}, func(c *config, v string) (err error) {
		c.DecodeFDs, err = trace.ParseDecodeFDs(v)
		c.longY = true
		return err
	}},
	{[]string{"decode-pids", "decode-pid"}, func(c *config, v string) (err error) {
		c.DecodePIDs, err = trace.ParseDecodePIDs(v)
		return err
	}},
}

// injects parses an expression and adds its injection.
func injects(parse func(string) (*trace.Injection, error)) func(c *config, v string) error {
	return func(c *config, v string) error {
		in, err := parse(v)
		if err != nil {
			return withMisuseHint(err)
		}
		if warning := in.Warning(); warning != "" {
			c.warn("%s", warning)
		}
		c.Injections = append(c.Injections, in)
		return nil
	}
}

// setCalls sets one of the config's sets of calls.
func setCalls(field func(c *config) **trace.CallSet) func(c *config, v string) error {
	return func(c *config, v string) error {
		set, err := trace.ParseCalls(v)
		*field(c) = set
		return withMisuseHint(err)
	}
}

// withMisuseHint adds the hint at -h to the error of an expression with a wrong
// form.
func withMisuseHint(err error) error {
	var parse *trace.ParseError
	if errors.As(err, &parse) && parse.Misused {
		return usagef("%v", err)
	}
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
	return findQualifier("trace").set(c, expr)
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
// byDefault is the value without an argument.
func byName(name, byDefault string) func(c *config, spelled, value string, given bool) error {
	return func(c *config, _, value string, given bool) error {
		if !given {
			value = byDefault
		}
		return findQualifier(name).set(c, value)
	}
}
