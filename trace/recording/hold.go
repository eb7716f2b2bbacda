//go:build linux && amd64

package recording

import "bytes"

// hold says which answers about descriptors and directories can be reused within a frame,
// because nothing has changed them since. Asked does not know what calls do; its user
// reports changes.
//
// The age of an answer is the number of changes reported before it. An answer is valid
// only if it is younger than the last change to its subject.
type hold struct {
	on  bool
	age uint64

	all    uint64         // age at the last change to everything
	dirs   uint64         // to directories of processes
	of     map[int]uint64 // to all that belongs to a process
	tables map[int]uint64 // to all descriptors of a process

	moving, movingDirs int // changes that have begun and not ended

	sharing map[int]uint64 // age at which a process was found to use the same ids as trapline
	named   map[int]bool   // threads whose changes of names are all reported
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

// StartFrame makes all questions ask again, because a new frame begins: what others than
// the traced processes change is found out as often as frames are written.
func (a *Asked) StartFrame() {
	a.Forget()
	clear(a.sharing)
	clear(a.named)
}

// Hold makes Descriptor, FileType, Root and WorkingDir reuse their answers within a frame
// until a change is reported. The user must report all changes.
func (a *Asked) Hold(on bool) { a.on = on }

// Holds reports whether answers are reused.
func (a *Asked) Holds() bool { return a.on }

// change returns the age of a change made now, which is newer than all answers so far.
func (a *Asked) change() uint64 {
	a.age++
	return a.age - 1
}

// Changing says that answers about any process may change from now on, until Changed has
// been called as often.
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

// Forget drops all answers.
func (a *Asked) Forget() { a.all = a.change() }

// ForgetProcess drops all answers about one process.
func (a *Asked) ForgetProcess(process int) {
	a.of[process] = a.change()
	delete(a.named, process)
}

// ForgetDescriptors drops all answers about the descriptors of one process.
func (a *Asked) ForgetDescriptors(process int) { a.tables[process] = a.change() }

// ForgetDescriptor drops all answers about one descriptor.
func (a *Asked) ForgetDescriptor(process, fd int) {
	for _, m := range [...]method{askDescriptor, askFileType} {
		a.question = ask(a.question, m, process, fd)
		if was := a.known[string(a.question)]; was != nil {
			was.age = 0
		}
	}
}

// held returns the last answer to a.question if it is still valid. An answer that says
// that nothing is there is never valid: the user does not report the making of
// descriptors. What was heard in the same event is newer.
func (a *Asked) held(process int, about heldKind) (answer, bool) {
	if !a.on || a.moving > 0 || a.heard.has(a.question) || about == aboutDirectory && a.movingDirs > 0 {
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

// HoldName says that from now on AskCommand is called at each change of a thread's name,
// until ForgetProcess, ForgetName or ForgetNames.
func (a *Asked) HoldName(process int) { a.named[process] = true }

// ForgetName makes each question about a thread's name ask again, until HoldName.
func (a *Asked) ForgetName(process int) { delete(a.named, process) }

// ForgetNames does so for all threads.
func (a *Asked) ForgetNames() { clear(a.named) }

// heldName is held for a.question about the name of a thread.
func (a *Asked) heldName(process int) (answer, bool) {
	if !a.on || !a.named[process] || a.heard.has(a.question) {
		return answer{}, false
	}
	was := a.known[string(a.question)]
	if was == nil || was.age <= a.of[process] {
		return answer{}, false
	}
	held := answer{decoder{b: was.answer}}
	return held, held.yes()
}

// sharesIDs reports whether a process uses the same ids as trapline. A process does not
// leave its pid namespace.
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

// InheritFiles says that a new process has the current directories and program of its
// creator.
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

// passes reports whether the kernel may remove a name without a call that says so. This
// holds for names in procfs, when a process or an interface ends; in sysfs, when a device
// is removed; and for a pseudoterminal, when its master is closed, which may have been
// sent to a socket that nobody reads.
func passes(name []byte) bool {
	return bytes.HasPrefix(name, []byte("/proc/")) || bytes.HasPrefix(name, []byte("/sys/")) || bytes.Contains(name, []byte("/pts/"))
}
