//go:build linux && amd64

package main

import (
	"math"

	"trapline/trace"
)

// setKernelPath reads the argument of --kernel-path: a set of calls.
func (c *config) setKernelPath(spelled, value string, given bool) error {
	c.kernelPath = true
	if !given {
		return nil
	}
	calls, err := trace.ParseCalls(value)
	if err != nil {
		return refusef("%s: %v", spelled, err)
	}
	c.kernel.Calls = calls
	return nil
}

func (c *config) setKernelDepth(spelled, value string, _ bool) error {
	n, ok := trace.ParseNumber(value, math.MaxInt32)
	if !ok || n == 0 {
		return invalidArgument(spelled, value)
	}
	c.kernel.Depth = int(n)
	return nil
}

func (c *config) setKernelFunctions(spelled, value string, _ bool) error {
	names, err := trace.ParseKernelFunctions(value)
	if err != nil {
		return refusef("%s: %v", spelled, err)
	}
	c.kernel.Functions = append(c.kernel.Functions, names...)
	return nil
}

// settleKernelPath settles the options of --kernel-path. Each of them implies
// --kernel-path.
func (c *config) settleKernelPath() {
	if c.kernelPath || c.kernel.Depth != 0 || c.kernel.Functions != nil {
		c.KernelPath = &c.kernel
	}
}
