package output

import "time"

// KernelPath is the path of a call through the kernel, as --kernel-path shows it.
type KernelPath struct {
	// Functions are the functions that the kernel ran. Each is followed by those that it
	// called.
	Functions []KernelFunction
	// Asleep says that Functions are only the functions in which the call slept when it
	// was last seen asleep, each called by the one before.
	Asleep bool
	Note   string // what is missing and why, or empty
}

// KernelFunction is a function that the kernel ran.
type KernelFunction struct {
	Name     string
	Module   string        // the module that it is in, or ""
	Depth    int           // how many of the functions before it in the list are its callers
	Duration time.Duration // including callees and sleep; negative if not known
}
