//go:build linux && amd64

package buffered

// ClearTrapFlag clears the trap flag in the flags that the stub has saved. PUSHF saves the
// flag that PTRACE_SINGLESTEP sets, and the stub would conclude that the program single-steps
// itself.
func (a *Area) ClearTrapFlag() {
	const trap = 0x100
	a.word(areaFlags).And(^uint64(trap))
}
