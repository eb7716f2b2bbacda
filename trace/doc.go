//go:build linux && amd64

// Package trace traces the system calls of programs on Linux.
//
// [Run] traces a command and [Attach] a running process. [Options] select the
// calls and signals to trace, and what happens with them:
//
//   - Options.Output writes them in strace's format, as JSON or as CSV.
//   - Options.Handler has functions that are called for each [Call], with its
//     arguments decoded into [Value]s, and for signals and processes.
//   - Options.Summary counts them.
//
// This prints the files that a command opens, and the results:
//
//	status, err := trace.Run(ctx, trace.NewCommand("ls", "-l"), trace.Options{
//		Follow: true,
//		Calls:  trace.Calls("open", "openat"),
//		Handler: trace.Handler{
//			Exit: func(c *trace.Call) error {
//				fmt.Println(c.Arg("pathname").Str, c.Errno)
//				return nil
//			},
//		},
//	})
//
// Sets of calls and many other options can also be given as strace expressions,
// which [ParseCalls], [ParseInjection] and similar functions parse. Arguments
// and members have the names of the manual pages; "trapline -N" shows them.
//
// # Sessions
//
// Run and Attach are built on [Session]: [New] makes one, [Session.Launch] and
// [Session.Attach] give it something to trace, [Session.Run] traces and
// [Session.Close] ends it. Use a Session directly to trace a command and attach
// to other processes at the same time. Each Session belongs to one goroutine,
// which is locked to its thread.
//
// A program may have several Sessions, each in its own goroutine. Only one of
// them can trace a process.
//
// # Effects on the tracing program
//
// Launch makes a process that shares the program's memory until it executes the
// command, and that only makes a list of system calls. The command inherits the
// program's current state. This includes the soft limit of open files, which
// package os has raised, unless Command.Surroundings has the original one.
//
// Of the program's signals only two are touched. SIGCHLD is not sent when a
// child stops, and is no longer ignored if it was. Signal 64 interrupts a
// Session's thread when its trace is interrupted, or when the thread waits with
// a timeout. A program that subscribes to all signals in os/signal sees it.
//
// A Session may fork the program, to make a small process that protects the
// affinity masks of traced processes; Options.Colocate can prevent this.
//
// # How the pieces fit
//
// Package tracer is the engine: it returns an event for each stop of a process.
// The Session decides whether a call is traced (choose.go), changes it if an
// [Injection] says so (tamper.go), and has package decode walk its description.
// The decoder passes the values to an encoder: a format of package output, or
// the one that makes Values for the Handler (builder.go).
package trace
