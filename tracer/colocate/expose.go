//go:build linux && amd64

package colocate

import (
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A mask can also be read from a file: the status file of each task in procfs. The kernel
// produces the text when the file is read, and a dozen different calls can read it. Therefore
// the tracer watches descriptors: while a tracee has such a file open, no tracee is pinned.
//
// The tracer recognizes such a file by its name, whatever path was used to open it: the link
// in /proc/TID/fd ends in /status. A different file with this name only costs time. An
// io_uring opens and reads files without any call, so a tracee with an io_uring counts as
// well.
//
// Two ways to open such a file are missed: a bind mount of the single file under another
// name, and a descriptor received over a socket, from a process that is not traced or after
// the tracee that sent it has closed it.

// noteOpened checks a descriptor that a call has returned, before the tracee is
// resumed.
func (c *Controller) noteOpened(task *Task, fd int) {
	if c.guardian == nil || !task.examined {
		return // its descriptors will be examined before it is pinned
	}
	if c.isExposing(task.TID, strconv.Itoa(fd)) {
		c.expose(task)
	}
}

// expose records that a tracee can read masks, and restores the masks of all tracees.
func (c *Controller) expose(task *Task) {
	if !task.exposing {
		task.exposing = true
		c.exposing++
	}
	c.nextExamination, c.examinations = c.tick+1, 0
	c.unpinAll()
}

// leaveExposing records that a tracee can no longer read masks.
func (c *Controller) leaveExposing(task *Task) {
	if task.exposing {
		task.exposing = false
		c.exposing--
	}
}

// Inherit records that a tracee was created by another one, whose descriptors it shares.
func (c *Controller) Inherit(parent, child *Task) {
	child.Attached = parent.Attached
	child.examined, child.related = parent.examined, parent.related
	c.examined = c.examined && child.examined
	parent.creating = false
	if parent.exposing && !child.exposing {
		c.expose(child)
	}
	if parent.parted {
		parent.parted = false
		if c.active && !c.areShown() && c.examineAll() && c.examineRelatives(child) {
			c.pin(child) // it makes calls while its parent, which was pinned, waits
		}
	}
}

// Untold records that a tracee was created by a tracee that is not known. It may have the
// descriptors of any tracee.
func (c *Controller) Untold(child *Task) {
	if c.guardian != nil {
		c.examine(child)
	}
}

// areShown reports whether a tracee may see masks. Then no tracee may be pinned.
func (c *Controller) areShown() bool { return c.maskCalls > 0 || c.exposing > 0 }

// examineAll checks the descriptors of each tracee once, before any tracee is pinned, since a
// tracee that is never pinned may still read the masks of others. It reports whether no
// tracee can read masks.
func (c *Controller) examineAll() bool {
	if !c.examined {
		c.examined = true
		for task := range c.tasks {
			c.examine(task)
		}
	}
	return c.exposing == 0
}

// examine is examineAll for one tracee.
func (c *Controller) examine(task *Task) {
	if task.examined {
		return
	}
	task.examined = true
	if c.holdsExposing(task.TID) || !task.Attached && c.hasUntracedRelatives(task) {
		c.expose(task)
	}
}

// examineRelatives checks once whether an attached tracee that is about to be pinned has
// untraced relatives. It reports whether it has none.
func (c *Controller) examineRelatives(task *Task) bool {
	if task.Attached && !task.related {
		task.related = true
		if c.hasUntracedRelatives(task) {
			c.expose(task)
		}
	}
	return !task.exposing
}

// Examine checks all descriptors of a tracee that may have opened such a file without a stop
// at the call's exit. It must be called before the tracee is resumed.
func (c *Controller) Examine(task *Task) {
	if c.guardian == nil || !task.examined {
		return // they will be examined before it is pinned
	}
	if c.holdsExposing(task.TID) {
		c.expose(task)
	}
}

// examineAgain checks whether tracees that could read masks have closed the
// files, and whether the untraced tasks have ended: at first at every tick, then
// less often the longer this takes.
func (c *Controller) examineAgain() {
	if int32(c.tick-c.nextExamination) < 0 {
		return
	}
	c.examinations = min(c.examinations+1, 6)
	c.nextExamination = c.tick + 1<<c.examinations
	for task := range c.tasks {
		if task.exposing && !c.holdsExposing(task.TID) && !c.hasUntracedRelatives(task) {
			c.leaveExposing(task)
		}
	}
}

// manyDescriptors is the number of descriptors from which on they are not examined. A tracee
// with so many counts as one that can read masks.
const manyDescriptors = 1024

// holdsExposing reports whether a tracee has a descriptor through which masks can
// be read, or may have one.
func (c *Controller) holdsExposing(tid int) bool {
	dir, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err != unix.ENOENT && err != unix.ESRCH // errors other than that the tracee has ended
	}
	defer unix.Close(dir)
	var buffer [4096]byte
	for count := 0; count < manyDescriptors; {
		n, err := unix.Getdents(dir, buffer[:])
		if err != nil {
			return true
		}
		if n == 0 {
			return false
		}
		_, read, names := unix.ParseDirent(buffer[:n], -1, nil)
		for _, name := range names {
			if c.isExposing(tid, name) {
				return true
			}
		}
		count += read
	}
	return true
}

// isExposing reports whether masks can be read through a descriptor.
func (c *Controller) isExposing(tid int, fd string) bool {
	path := append(append(append(append(c.path[:0], "/proc/"...), strconv.Itoa(tid)...), "/fd/"...), fd...)
	path = append(path, 0)
	c.path = path
	n, _, errno := unix.RawSyscall(unix.SYS_READLINK, uintptr(unsafe.Pointer(&path[0])),
		uintptr(unsafe.Pointer(&c.link[0])), uintptr(len(c.link)))
	switch {
	case errno == unix.ENOENT || errno == unix.ESRCH:
		return false // closed, or the tracee has ended
	case errno != 0 || n == uintptr(len(c.link)):
		return true
	}
	link := unsafe.String(&c.link[0], int(n))
	return strings.HasSuffix(link, "/status") || link == "anon_inode:[io_uring]"
}
