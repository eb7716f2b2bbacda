//go:build linux && amd64

package recording

// hold says which answers about descriptors and directories need not be asked for
// again in a block, because nothing has happened since that changes them. Asked does not
// know what calls do: its user tells.
type hold struct {
	on     bool
	age    uint64 // by which answers are told from those before the last change
	moving int    // changes that have begun and not ended
}

// Hold has the answers of Descriptor, FileType, Root and WorkingDir given again within
// a block, without another question, until a change is reported.
// The user reports all changes.
func (a *Asked) Hold(on bool) { a.on = on }

// Changing says that what is known of any process may change from now on, until as many
// calls of Changed have followed.
func (a *Asked) Changing() { a.moving++ }

// Changed says that a change has ended.
func (a *Asked) Changed() {
	a.moving--
	a.Forget()
}

// Forget has everything asked again.
func (a *Asked) Forget() { a.age++ }

// ForgetDescriptor has everything asked again about one descriptor.
func (a *Asked) ForgetDescriptor(process, fd int) {
	for _, m := range [...]method{askDescriptor, askFileType} {
		a.question = ask(a.question, m, process, fd)
		if was := a.known[string(a.question)]; was != nil {
			was.age = a.age - 1
		}
	}
}

// held returns the last answer to a.question if it still holds. An answer that says that
// there is nothing does not: what makes a descriptor is not reported.
func (a *Asked) held() (answer, bool) {
	if !a.on || a.moving > 0 {
		return answer{}, false
	}
	was := a.known[string(a.question)]
	if was == nil || was.age != a.age {
		return answer{}, false
	}
	held := answer{decoder{b: was.answer}}
	return held, held.yes()
}
