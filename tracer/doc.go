//go:build linux && amd64

// Package tracer is the ptrace engine: it launches or attaches to programs,
// waits for their stops, turns each into a small typed event, and resumes them.
// It does not know what system call arguments mean or how they are printed.
//
// All methods of a Tracer except [Tracer.Interrupt] must be called from the
// goroutine that made it: ptrace(2) ties a tracee to one thread of its tracer,
// and New locks the goroutine to that thread.
//
// A typical user looks like this:
//
//	t, err := tracer.New(tracer.Options{Follow: true})
//	_, err = t.Launch(tracer.Command{Path: path, Argv: argv, Env: env})
//	for {
//		ev, err := t.Next() // io.EOF when no tracee is left
//		switch ev.Kind { ... }
//	}
//
// docs/tracees.md describes the states of a tracee, and what happens to tracees
// that the kernel no longer reports.
//
// Package colocate, which New sets up, keeps tracees that make many calls on
// the tracer's processor. For this it may fork a process, the guardian.
package tracer
