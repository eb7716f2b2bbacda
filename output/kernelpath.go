package output

import "time"

// KernelPath is the way of a call through the kernel, as --kernel-path shows it.
type KernelPath struct {
	// Functions are those that the kernel ran, each followed by those that it called.
	Functions []KernelFunction
	// Asleep says that Functions are only those in which the call slept when it was
	// last seen asleep, each called by the one before.
	Asleep bool
	Note   string // what is missing and why, or empty
}

// KernelFunction is a function that the kernel ran.
type KernelFunction struct {
	Name     string
	Module   string        // that it is in, or ""
	Depth    int           // how many of the functions before it in the list are its callers
	Duration time.Duration // with what it called, and with sleep; negative if not known
}
