// Package tracer is the ptrace engine: it launches or attaches to programs,
// waits for their stops, classifies each into a small typed event, and resumes
// them. It knows nothing of what system call arguments mean or how they are
// printed.
//
// All of a Tracer's methods must be called from the goroutine that made it:
// ptrace(2) ties a tracee to one thread of its tracer, and New locks the
// goroutine to that thread. [Tracer.Interrupt] is the exception.
//
// The usual shape of a user is
//
//	t, err := tracer.New(tracer.Options{Follow: true})
//	_, err = t.Launch(tracer.Command{Path: path, Argv: argv, Env: env})
//	for {
//		ev, err := t.Next() // io.EOF when no tracee is left
//		switch ev.Kind { ... }
//	}
//
// docs/tracees.md has the states of a tracee, and what becomes of tracees of which
// the kernel tells nothing more.
//
// Package colocate, which New sets up, keeps tracees that make many calls on
// the tracer's processor. For that it may fork a process, the guardian.
package tracer
