package output

// Unexplained collects register changes that no rule of the ABI accounts for,
// for the list at the end of the trace.
type Unexplained struct {
	Total uint64
	List  []UnexplainedChange // the first ones
}

// UnexplainedChange is one of these changes.
type UnexplainedChange struct {
	PID    int // thread id
	Call   string
	Change RegisterChange
}

// maxUnexplained bounds the list, but not the count.
const maxUnexplained = 1000

// Count adds a change in a call of a tracee.
func (u *Unexplained) Count(pid int, call string, c RegisterChange) {
	u.Total++
	if len(u.List) < maxUnexplained {
		u.List = append(u.List, UnexplainedChange{pid, call, c})
	}
}
