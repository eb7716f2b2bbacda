package colocate

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A program has tasks that are not traced where the tracer does not follow what it
// creates, where it creates them with CLONE_UNTRACED, or where only some threads
// were attached to. They may ask for the mask of a tracee, their parent's say, at
// any time. While a tracee has such threads or children, nobody is pinned.
//
// A grandchild whose parent has ended is not found again. It counts as any other
// process.

// noteStranger is called when a tracee has created a task that is not traced.
func (c *Controller) noteStranger(task *Task) {
	task.strangers = true
	if c.guardian != nil && task.examined {
		c.expose(task)
	}
}

// knowsStrangers reports whether a tracee has threads or children beside it that
// are not traced.
func (c *Controller) knowsStrangers(task *Task) bool {
	if !task.strangers && !task.Attached {
		return false
	}
	task.strangers = c.hasStrangers(task.TID)
	return task.strangers
}

// manyTasks is how many threads and children are looked at. A process that has more
// counts as one with strangers.
const manyTasks = 1024

func (c *Controller) hasStrangers(tid int) bool {
	dir := fmt.Sprintf("/proc/%d/task/", tid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return !os.IsNotExist(err) // if it is there
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
	known := map[int]bool{os.Getpid(): true} // with -D it may be a child
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
