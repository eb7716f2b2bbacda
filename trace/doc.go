// Package trace traces the system calls of programs on Linux.
//
// [Run] traces a command and [Attach] a process that runs already. [Options] say
// which calls and signals are traced, and what becomes of them:
//
//   - Options.Output writes them, as strace does or as JSON.
//   - The functions of Options.Handler are told of each [Call], with its arguments
//     decoded into [Value]s, of signals and of processes.
//   - Options.Summary counts them.
//
// This prints the files that a command opens, and how that ended:
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
// Sets of calls and much else can be given as strace's expressions too, which
// [ParseCalls], [ParseInjection] and the like read. Arguments and members are named
// as in the manual pages; "trapline -N" shows the names.
//
// # Sessions
//
// Run and Attach are made of a [Session]: [New] makes it, [Session.Launch] and
// [Session.Attach] give it something to trace, [Session.Run] traces and
// [Session.Close] ends it. A program that traces a command and attaches to others
// at the same time uses these. Each Session belongs to one goroutine, and that to
// one thread.
//
// A program may have several Sessions, each in a goroutine of its own. A process
// can be traced by one only.
//
// # What tracing does to the program that traces
//
// Launch makes a process that shares the program's memory until it executes the
// command. It runs no code but a list of system calls. What the command inherits, it
// inherits as the program has it: its soft limit of open files, too, which package os
// has raised unless Command.Surroundings tell of the one before.
//
// Signals are the program's own affair; only these two are touched. SIGCHLD is not
// sent when a child stops, and is no longer ignored if it was. Signal 64 interrupts
// a Session's thread when its trace is interrupted, or when it has to wait for a
// certain time. A program that asks os/signal for all signals sees it.
//
// A Session may fork the program, for a small process that looks after the affinity
// masks of traced processes; Options.Colocate prevents it.
//
// # How the pieces fit
//
// Package tracer is the engine: it gives events, one for each stop of a process.
// The Session finds out whether a call is chosen (choose.go), changes it where an
// [Injection] says so (tamper.go), and has package decode walk its description.
// That tells values to an encoder: one of package output, which writes text or
// JSON, or the one that makes Values for the Handler (builder.go).
package trace
