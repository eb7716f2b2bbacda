//go:build linux && amd64

package recording

import "bytes"

// hold says which answers about descriptors and directories need not be asked for
// again in a block, because nothing has happened since that changes them. Asked does not
// know what calls do: its user tells.
//
// The age of an answer is how many changes were reported before it. What a change
// concerns holds only if it is older than the answer.
type hold struct {
	on  bool
	age uint64

	all    uint64         // age at the last change to everything
	dirs   uint64         // to directories of processes
	of     map[int]uint64 // to all that belongs to a process
	tables map[int]uint64 // to all descriptors of a process

	moving, movingDirs int // changes that have begun and not ended

	sharing map[int]uint64 // age at which a process was found to share trapline's ids
	named   map[int]bool   // threads of which all changes of names are reported
}

func newHold() hold {
	return hold{
		age: 1, of: make(map[int]uint64), tables: make(map[int]uint64), sharing: make(map[int]uint64), named: make(map[int]bool),
	}
}

// heldKind is what an answer is about.
type heldKind uint8

const (
	aboutDescriptor heldKind = iota
	aboutDirectory
	aboutProgram
)

// Hold has the answers of Descriptor, FileType, Root and WorkingDir given again within
// a block, without another question, until a change is reported.
// The user reports all changes.
func (a *Asked) Hold(on bool) { a.on = on }

// Holds reports whether answers are given again.
func (a *Asked) Holds() bool { return a.on }

// change returns the age for a change of now: that of the answers there are.
func (a *Asked) change() uint64 {
	a.age++
	return a.age - 1
}

// Changing says that what is known of any process may change from now on, until as many
// calls of Changed have followed.
func (a *Asked) Changing() { a.moving++ }

// Changed says that a change has ended.
func (a *Asked) Changed() {
	a.moving--
	a.Forget()
}

// ChangingDirs is Changing for the directories of processes alone.
func (a *Asked) ChangingDirs() { a.movingDirs++ }

// ChangedDirs says that a change of directories has ended.
func (a *Asked) ChangedDirs() {
	a.movingDirs--
	a.dirs = a.change()
}

// Forget has everything asked again.
func (a *Asked) Forget() { a.all = a.change() }

// ForgetProcess has everything asked again about one process.
func (a *Asked) ForgetProcess(process int) {
	a.of[process] = a.change()
	delete(a.named, process)
}

// ForgetDescriptors has everything asked again about the descriptors of one process.
func (a *Asked) ForgetDescriptors(process int) { a.tables[process] = a.change() }

// ForgetDescriptor has everything asked again about one descriptor.
func (a *Asked) ForgetDescriptor(process, fd int) {
	for _, m := range [...]method{askDescriptor, askFileType} {
		a.question = ask(a.question, m, process, fd)
		if was := a.known[string(a.question)]; was != nil {
			was.age = 0
		}
	}
}

// held returns the last answer to a.question if it still holds. An answer that says that
// there is nothing does not: what makes a descriptor is not reported.
func (a *Asked) held(process int, about heldKind) (answer, bool) {
	if !a.on || a.moving > 0 || about == aboutDirectory && a.movingDirs > 0 {
		return answer{}, false
	}
	was := a.known[string(a.question)]
	if was == nil || was.age <= max(a.all, a.of[process]) {
		return answer{}, false
	}
	if about == aboutDirectory && was.age <= a.dirs || about == aboutDescriptor && was.age <= a.tables[process] {
		return answer{}, false
	}
	held := answer{decoder{b: was.answer}}
	return held, held.yes() && !passes(held.b)
}

// HoldName says that all changes of a thread's name are reported from now on, by
// AskCommand, until ForgetProcess, ForgetName or ForgetNames.
func (a *Asked) HoldName(process int) { a.named[process] = true }

// ForgetName has the name of a thread asked again each time, until HoldName.
func (a *Asked) ForgetName(process int) { delete(a.named, process) }

// ForgetNames has the names of all threads asked again each time, until HoldName.
func (a *Asked) ForgetNames() { clear(a.named) }

// heldName is held for a.question, which is about the name of a thread.
func (a *Asked) heldName(process int) (answer, bool) {
	if !a.on || !a.named[process] {
		return answer{}, false
	}
	was := a.known[string(a.question)]
	if was == nil || was.age <= a.of[process] {
		return answer{}, false
	}
	held := answer{decoder{b: was.answer}}
	return held, held.yes()
}

// sharesIDs reports whether ids of a process are trapline's. A process does not leave its pid
// namespace.
func (a *Asked) sharesIDs(process int) bool {
	if at, ok := a.sharing[process]; ok && at > a.of[process] {
		return a.on
	}
	of, ok := a.Of.(interface{ SharesIDs(process int) bool })
	if !ok || !a.on || process <= 0 || !of.SharesIDs(process) {
		return false
	}
	a.sharing[process] = a.age
	return true
}

// InheritIDs says that a new process is in the pid namespace of its creator.
func (a *Asked) InheritIDs(from, process int) {
	if a.sharesIDs(from) {
		a.sharing[process] = a.age
	}
}

// InheritFiles says that a new process has the directories and the program that its creator has
// now.
func (a *Asked) InheritFiles(from, process int) {
	for _, m := range [...]method{askRoot, askWorkingDir, askExecutable} {
		a.question = ask(a.question, m, from)
		about := aboutDirectory
		if m == askExecutable {
			about = aboutProgram
		}
		if held, ok := a.held(from, about); ok {
			a.question = ask(a.question, m, process)
			a.text(held.b)
		}
	}
}

// passes reports whether the kernel may remove a name with no call that says so: of what
// is in the procfs when a process or an interface is gone, in the sysfs when a device is,
// and of a pseudoterminal when its master is closed, which may have been sent to a socket
// that nobody reads.
func passes(name []byte) bool {
	return bytes.HasPrefix(name, []byte("/proc/")) || bytes.HasPrefix(name, []byte("/sys/")) || bytes.Contains(name, []byte("/pts/"))
}
