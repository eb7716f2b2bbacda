//go:build linux && amd64

package main

import "runtime/debug"

// release is the version of a package. The linker sets it: -X main.release=1.2.3.
var release string

// version is trapline's version: that of the package, or what Go knows of the module,
// which is made from the tag or the commit.
func version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// versionText is the output of -V: trapline's version, and the version of strace
// whose format and options it follows.
func versionText() string {
	return "trapline -- version " + version() + "\nOutput and options as of strace 7.2; traces x86_64, i386 and x32 system calls."
}
