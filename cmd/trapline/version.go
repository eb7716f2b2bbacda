//go:build linux && amd64

package main

import "runtime/debug"

// version is the output of -V: trapline's version, and the version of strace
// whose format and options it follows.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return "trapline -- version " + v + "\nOutput and options as of strace 7.2; traces x86_64, i386 and x32 system calls."
}
