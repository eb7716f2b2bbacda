//go:build linux && amd64

package main

import (
	"errors"
	"strings"

	"trapline/trace"
	"trapline/trace/nearest"
)

// qualifier is a setting of -e: -e trace=SET.
type qualifier struct {
	names []string
	set   func(c *config, value string) error
}

var qualifiers = []qualifier{
	{[]string{"trace", "t"}, func(c *config, v string) error {
		c.traced = append(c.traced, v)
		return setCalls(&c.Calls, v)
	}},
	{[]string{"abbrev", "a"}, func(c *config, v string) error { return setCalls(&c.Abbrev, v) }},
	{[]string{"verbose", "v"}, func(c *config, v string) error { return setCalls(&c.Verbose, v) }},
	{[]string{"raw", "x"}, func(c *config, v string) error { return setCalls(&c.Raw, v) }},
	{[]string{"signal", "signals", "s"}, func(c *config, v string) (err error) {
		c.Signals, err = trace.ParseSignals(v)
		return err
	}},
	{[]string{"status"}, func(c *config, v string) (err error) {
		c.Statuses, c.Errnos, err = trace.ParseStatuses(v)
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
	{[]string{"inject"}, func(c *config, v string) error { return c.inject(trace.ParseInjection(v)) }},
	{[]string{"fault"}, func(c *config, v string) error { return c.inject(trace.ParseFault(v)) }},
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
			return refusef("invalid -e kvm= argument: '%s'%s", v, nearest.Question(nearest.Inside(v, []string{"vcpu", "vcpu+"})))
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

// inject adds an injection, unless err is why its expression is not valid.
func (c *config) inject(in *trace.Injection, err error) error {
	if err != nil {
		return withMisuseHint(err)
	}
	if warning := in.Warning(); warning != "" {
		c.warn("%s", warning)
	}
	c.Injections = append(c.Injections, in)
	return nil
}

// setCalls sets one of the config's sets of calls.
func setCalls(field **trace.CallSet, value string) (err error) {
	*field, err = trace.ParseCalls(value)
	return withMisuseHint(err)
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
	err := findQualifier("trace").set(c, expr)
	if near := nearQualifier(name); err != nil && ok && near != "" {
		return refusef("invalid system call '%s'%s", expr, nearest.Question(near+"="+value))
	}
	return err
}

// nearQualifier returns the qualifier that a wrong name before a = is nearest to.
func nearQualifier(name string) string {
	var known []string
	for i := range qualifiers {
		for _, n := range qualifiers[i].names {
			if len(n) > 1 {
				known = append(known, n)
			}
		}
	}
	return nearest.Of(name, known)
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
