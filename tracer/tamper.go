//go:build linux && amd64

package tracer

// ReplaceCall, at a syscall-enter-stop, makes the kernel run call nr in place
// of the tracee's, with the same arguments. With NoCall it runs none.
func (tr *Tracee) ReplaceCall(nr uint64) error {
	var regs Registers
	if err := tr.Registers(&regs); err != nil {
		return err
	}
	*callNumber(&regs) = nr
	return tr.SetRegisters(&regs)
}

// NoCall is a number without a system call: the result is ENOSYS.
const NoCall = ^uint64(0)

// SetResult, at a syscall-exit-stop, changes the result that the tracee sees.
// An error is a negated errno.
func (tr *Tracee) SetResult(result int64) error {
	var regs Registers
	if err := tr.Registers(&regs); err != nil {
		return err
	}
	*callResult(&regs) = uint64(result)
	return tr.SetRegisters(&regs)
}
