package main

import "runtime/debug"

// version is what -V prints: which trapline this is, and which strace's format
// and options it follows.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return "trapline -- version " + v + "\nOutput and options as of strace 7.2; traces x86_64, i386 and x32 system calls."
}
