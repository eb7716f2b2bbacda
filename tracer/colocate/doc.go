//go:build linux && amd64

// Package colocate keeps a tracer and the tracees that make many system calls on one
// processor. It restores a tracee's affinity mask before any tracee can see the change.
// Processes that no tracee has created may see the change.
//
// # Why
//
// At each stop the kernel switches from the tracee to the tracer and back. On one processor
// such a switch costs about a microsecond. Between two processors it wakes an idle one each
// time, which costs ten times as much on a virtual machine.
//
// # How the pieces fit
//
// The tracer tells the [Controller] what its tracees do: [Controller.Enter] and
// [Controller.Exit] at the entry and exit of a call, [Controller.SetComputing] when a tracee
// runs its own code or stops, [Controller.Forget] when it ends or is detached,
// [Controller.Renamed] when its thread id changes, [Controller.Inherit] when another tracee
// created it, and [Controller.InheritPin] or [Controller.InheritPinUntold] when it inherited
// a pinned mask; and, if some calls do not stop, [Controller.SetApart] and
// [Controller.Examine]. The Controller keeps its data about a
// tracee in a [Task], which the tracer stores beside its own. The package does not know how
// tracees are traced.
//
// The Controller decides when co-location is worthwhile (attempt.go) and which tracees to pin
// (pin.go). A pinned tracee's affinity mask contains only the shared processor. The tracer's
// thread is also pinned to it while there are pinned tracees. [Controller.TakesTurns] then
// says whether stops come so fast that the tracer should yield the processor instead of
// sleeping until the next stop.
//
// # The pin table and the guardian
//
// The guardian is a child process, forked after a hundred stops in quick succession, or as
// many as [Controller.StartAfter] says (guardian.go, guardian_process.go). It shares a table
// with the tracer, in memory that both have mapped. The table has one slot for each pinned
// tracee, with its thread id, its own mask, the mask it was pinned with, a count of its
// stops, and the slot's state. The tracer fills in a slot before it sets a mask, so the table
// never misses a pin. Either process may end a pin. The process that changes the state of the
// slot from taken to releasing, by compare-and-swap, also restores the mask; the other one
// waits or has nothing to do. Only the tracer frees a slot.
//
// # Who restores which mask, and when
//
//   - The tracer restores a tracee's mask before the tracee creates a task,
//     which would inherit it, unless the task is a tracee from the start and
//     ends with the tracer; before a thread calls execve, which changes its id,
//     and before it is detached; and all tracees' masks before any of them makes
//     a call that shows, sets or depends on a mask (affinity.go). Until that call
//     ends no tracee is pinned.
//   - It restores all masks when a tracee has opened a file that shows masks
//     (expose.go). While any tracee has such a file open, no tracee is pinned.
//   - The same holds while a tracee has a child or thread that is not traced
//     (untraced.go).
//   - The tracer restores it at the tracee's next stop when co-location is not
//     active any more or when another processor has become the shared one.
//   - The guardian restores it when the tracee has not stopped for a tick of
//     two milliseconds because it computes, or for some ticks because it sleeps.
//   - The guardian restores all masks when trapline dies, however it dies: the
//     kernel then closes the other end of the guardian's pipe. It also restores
//     those of tasks that were created at that moment (heirs.go), and exits.
//   - If the guardian is killed, a goroutine of the tracer restores all masks,
//     and no tracee is pinned any more. A guardian that is stopped is killed; if
//     the tracer exits before it can do that, the kernel continues the guardian
//     (PR_SET_PDEATHSIG).
//   - A tracee that inherited its parent's pin because the seccomp filter let
//     the creating call pass gets a slot too, or gets its parent's own mask
//     back.
//   - The tracer's own thread gets its mask back when no tracee has been pinned
//     for a tick, and when co-location becomes inactive.
//
// The mask restored is the one that the tracee had when it was pinned. If that was the whole
// cpuset, the tracee gets a mask of all processors instead, so that the kernel treats it as a
// task whose affinity was never set. The guardian's own mask is the whole cpuset, so it shows
// whether the cpuset has changed. A mask that another process has set in the meantime is not
// overwritten.
//
// # Why masks
//
// Without a mask for the tracee, the scheduler would wake the tracee on whichever processor
// is idle, whether the tracer is pinned to one processor or follows the tracee. On a virtual
// machine with two processors, one of them idle, that gave 20,000 to 50,000 stops a second.
// With masks there are 180,000.
package colocate
