//go:build linux && amd64

package tracer

import "trapline/tables"

// ReplaceCall makes the kernel run call nr in place of the tracee's call, with the same
// arguments. It must be called at a syscall-enter-stop. With NoCall the kernel runs none.
func (tr *Tracee) ReplaceCall(nr uint64) error {
	var regs Registers
	if err := tr.Registers(&regs); err != nil {
		return err
	}
	*callNumber(&regs) = nr
	return tr.SetRegisters(&regs)
}

// NoCall is a number that belongs to no system call: the result is ENOSYS.
const NoCall = ^uint64(0)

// ChangeArguments makes the kernel run the call with other arguments. It must be called at a
// syscall-enter-stop. The tracee's registers are restored after the call, or when the tracee
// is detached during the call. ChangeArguments must not be used for calls that create a task
// or return from a signal handler, because they pass the registers on.
func (tr *Tracee) ChangeArguments(args *[6]uint64) error {
	var regs Registers
	if err := tr.Registers(&regs); err != nil {
		return err
	}
	c := &changedArguments{abi: tr.call.ABI}
	for i, r := range arguments(&regs, c.abi) {
		c.was[i], *r = *r, args[i]
	}
	if err := tr.SetRegisters(&regs); err != nil {
		return err
	}
	tr.changed, tr.call.Args = c, *args
	return nil
}

// changedArguments are the arguments of a call before ChangeArguments.
type changedArguments struct {
	abi tables.ABI
	was [6]uint64 // the original registers
}

// restoreArguments undoes ChangeArguments.
func (tr *Tracee) restoreArguments() {
	c := tr.changed
	if c == nil {
		return
	}
	tr.changed = nil
	var regs Registers
	if tr.Registers(&regs) != nil {
		return // killed
	}
	for i, r := range arguments(&regs, c.abi) {
		*r = c.was[i]
	}
	tr.SetRegisters(&regs)
}

// SetResult changes the result that the tracee sees. It must be called at a
// syscall-exit-stop. An error is a negated errno.
func (tr *Tracee) SetResult(result int64) error {
	var regs Registers
	if err := tr.Registers(&regs); err != nil {
		return err
	}
	*callResult(&regs) = uint64(result)
	return tr.SetRegisters(&regs)
}
