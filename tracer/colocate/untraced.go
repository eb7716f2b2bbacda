//go:build linux && amd64

package colocate

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A program has tasks that are not traced if the tracer does not follow its children, if it
// creates tasks with CLONE_UNTRACED, or if only some of its threads were attached to. Such
// tasks may query the mask of a tracee, such as their parent, at any time. While a tracee has
// such threads or children, no tracee is pinned.
//
// A grandchild whose parent has ended cannot be found. It is treated like any other process.

// noteUntraced is called when a tracee has created an untraced task.
func (c *Controller) noteUntraced(task *Task) {
	task.untracedRelatives = true
	if c.guardian != nil && task.examined {
		c.expose(task)
	}
}

// hasUntracedRelatives reports whether a tracee has untraced threads or children.
func (c *Controller) hasUntracedRelatives(task *Task) bool {
	if !task.untracedRelatives && !task.Attached {
		return false
	}
	task.untracedRelatives = c.findUntracedRelatives(task.TID)
	return task.untracedRelatives
}

// manyTasks is how many threads and children are checked. A process with more
// counts as one with untraced relatives.
const manyTasks = 1024

func (c *Controller) findUntracedRelatives(tid int) bool {
	dir := fmt.Sprintf("/proc/%d/task/", tid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return !os.IsNotExist(err) // errors other than that the tracee has ended
	}
	var related []string
	for _, e := range entries {
		related = append(related, e.Name())
		children, err := os.ReadFile(dir + e.Name() + "/children")
		if err != nil && len(entries) == 1 {
			return true // the kernel has no such file
		}
		if related = append(related, strings.Fields(string(children))...); len(related) > manyTasks {
			return true
		}
	}
	known := map[int]bool{os.Getpid(): true} // with -D this process may be a child of the tracee
	for task := range c.tasks {
		known[task.TID] = true
	}
	for _, id := range related {
		if n, err := strconv.Atoi(id); err != nil || !known[n] {
			return true
		}
	}
	return false
}
