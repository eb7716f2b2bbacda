//go:build linux && amd64

package main

import (
	"fmt"
	"strings"
	"time"

	"trapline/trace"
)

// setMinDuration reads the argument of --min-duration, a time with a unit. It is
// a short form of a condition.
func (c *config) setMinDuration(spelled, value string, _ bool) error {
	d, ok := parseTime(value)
	if !ok {
		return invalidArgument(spelled, value)
	}
	c.minDuration = d
	return nil
}

// parseTime reads a positive time with a unit, such as 10ms.
func parseTime(value string) (time.Duration, bool) {
	d, err := time.ParseDuration(value)
	return d, err == nil && d > 0
}

// setStop reads the argument of --stop: LIMIT[,LIMIT]...
func (c *config) setStop(spelled, value string, _ bool) error {
	for limit := range strings.SplitSeq(value, ",") {
		what, most, _ := strings.Cut(limit, ":")
		ok := false
		switch what {
		case "duration":
			c.StopAfter, ok = parseTime(most)
		case "calls":
			c.Limit, ok = trace.ParseNumber(most, 1<<63)
			ok = ok && c.Limit > 0
		case "size":
			c.StopSize, ok = trace.ParseSize(most)
		}
		if !ok {
			return usagef("invalid %s argument: '%s': it takes duration:TIME, calls:N or size:BYTES", spelled, limit)
		}
	}
	return nil
}

// settleConditions reads the conditions, which depend on the calls that are
// traced.
func (c *config) settleConditions() (err error) {
	for _, text := range c.where {
		condition, err := conditionOf("--where", text, c.Calls)
		if err != nil {
			return err
		}
		c.Where = append(c.Where, condition)
	}
	if c.minDuration > 0 {
		condition, err := trace.ParseCondition(fmt.Sprintf("dur >= %dns", c.minDuration), c.Calls)
		if err != nil {
			return err
		}
		c.Where = append(c.Where, condition)
	}
	// Any call may begin or end the trace.
	if c.StartOn, err = conditionOf("--start-on", c.startOn, nil); err != nil {
		return err
	}
	c.StopOn, err = conditionOf("--stop-on", c.stopOn, nil)
	return err
}

// conditionOf reads the condition of an option; nil if there is none.
func conditionOf(option, text string, calls *trace.CallSet) (*trace.Condition, error) {
	if text == "" {
		return nil, nil
	}
	condition, err := trace.ParseCondition(text, calls)
	if err != nil {
		return nil, refusef("%s: %v", option, err)
	}
	return condition, nil
}

// stopsByItself reports whether the trace may end before the tracees do.
func (c *config) stopsByItself() bool {
	return c.stopOn != "" || c.StopAfter > 0 || c.StopSize > 0
}
