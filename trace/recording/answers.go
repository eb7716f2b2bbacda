//go:build linux && amd64

package recording

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"

	"trapline/decode/host"
)

// A recording has the questions to the host interface and the answers as byte strings. A
// question is the number of the method and its arguments.

// method is the number of a method of host.Host, as in files.
type method uint8

const (
	_ method = iota
	askProcess
	askFind
	askCommand
	askIdentity
	askExecutable
	askArguments
	askNamespace
	askWorkingDir
	askRoot
	askResolve
	askDescriptor
	askHasName
	askFileType
	askDescriptorInfo
	askSocketProtocol
	askSocket
	askInterface
	askGenericFamilies
	askProcessContext
	askDescriptorContext
	askPathContext
	askMapping
	askMappedFile
	askCPUSetSize
	askBootTime
	askEnvironment
	askExists
	askRing
)

// numbersOf says how many numbers the question of a method begins with, if a path or
// another text follows.
var numbersOf = [...]uint8{
	askNamespace: 1, askResolve: 3, askHasName: 2, askPathContext: 3, askMapping: 1, askExists: 3, askRing: 0,
}

// headOf returns the length of the method and of the numbers in a question, or the length
// of the question if nothing else follows.
func headOf(question []byte) int {
	if len(question) == 0 || int(question[0]) >= len(numbersOf) || numbersOf[question[0]] == 0 {
		return len(question)
	}
	at := 1
	for range numbersOf[question[0]] {
		_, n := binary.Uvarint(question[at:])
		at += max(n, 0)
	}
	return at
}

// Answered are questions and their answers, one after the other.
type Answered struct {
	n int
	b []byte // each question and each answer, preceded by its length
}

// Len is the number of questions.
func (a *Answered) Len() int { return a.n }

func (a *Answered) reset() { a.n, a.b = 0, a.b[:0] }

func (a *Answered) add(question, answer []byte) {
	a.n++
	a.b = binary.AppendUvarint(a.b, uint64(len(question)))
	a.b = append(a.b, question...)
	a.b = binary.AppendUvarint(a.b, uint64(len(answer)))
	a.b = append(a.b, answer...)
}

// Asked is a host.Host that notes the answers of another one. It is for one goroutine.
type Asked struct {
	Of host.Host

	known    map[string]*known // in this block
	room     Room              // of known
	records  []known           // not yet in known
	new      Answered          // since the last event
	question []byte
	answer   []byte
	keep     func(question, answer []byte) // if set, gets the answers, and nothing is noted
	heard    *Heard                        // Of, if it is one
	hold                                   // see Hold
}

// known is an earlier answer.
type known struct {
	answer []byte
	age    uint64 // hold.age at that time
}

var (
	_ host.Host       = (*Asked)(nil)
	_ host.RingFinder = (*Asked)(nil)
	_ host.RingNoter  = (*Asked)(nil)
)

// NewAsked returns an Asked of another host.
func NewAsked(of host.Host) *Asked {
	heard, _ := of.(*Heard)
	return &Asked{Of: of, heard: heard, known: make(map[string]*known), hold: newHold()}
}

// StartBlock forgets all answers, because a new block begins.
func (a *Asked) StartBlock() {
	clear(a.known)
	a.room.Empty()
	a.StartFrame()
	clear(a.of)
	clear(a.tables)
	a.new.reset()
}

// Take returns the answers since the last Take that are new in this block. It is valid
// until the next question.
func (a *Asked) Take() Answered {
	taken := a.new
	a.new.n, a.new.b = 0, a.new.b[:0]
	return taken
}

// note adds a.answer to a.question.
func (a *Asked) note() {
	if a.keep != nil {
		a.keep(a.question, a.answer)
		return
	}
	if was, ok := a.known[string(a.question)]; !ok {
		if len(a.records) == 0 {
			a.records = make([]known, 64)
		}
		was, a.records = &a.records[0], a.records[1:]
		*was = known{a.room.Keep(a.answer), a.age}
		a.known[a.room.KeepString(a.question)] = was
	} else if was.age = a.age; bytes.Equal(was.answer, a.answer) {
		return
	} else {
		was.answer = append(was.answer[:0], a.answer...)
	}
	a.new.add(a.question, a.answer)
}

// NoteHeard notes all answers that a Heard has: the Session may have asked what the recorder
// does not ask again.
func (a *Asked) NoteHeard() {
	for _, question := range a.heard.order {
		if _, cut := a.heard.filled[question]; !cut {
			a.question = append(a.question[:0], question...)
			a.answer = append(a.answer[:0], a.heard.told.answers[question]...)
			a.note()
		}
	}
}

// ask begins a question.
func ask(b []byte, m method, numbers ...int) []byte {
	b = append(b[:0], byte(m))
	for _, n := range numbers {
		b = binary.AppendVarint(b, int64(n))
	}
	return b
}

// say begins an answer. If ok is false, the answer has nothing else.
func say(b []byte, ok bool) []byte {
	if !ok {
		return append(b[:0], 0)
	}
	return append(b[:0], 1)
}

// text notes an answer that is bytes, or nil.
func (a *Asked) text(b []byte) []byte {
	a.answer = append(say(a.answer, b != nil), b...)
	a.note()
	return b
}

// The methods of host.Host.

func (a *Asked) Process(tid int) int {
	a.question = ask(a.question, askProcess, tid)
	p := a.Of.Process(tid)
	a.answer = binary.AppendVarint(a.answer[:0], int64(p))
	a.note()
	return p
}

func (a *Asked) Find(process, id int, kind host.IDKind) (own, found int) {
	a.question = ask(a.question, askFind, process, id, int(kind))
	if own, found = id, id; a.heard.has(a.question) || !a.sharesIDs(process) {
		own, found = a.Of.Find(process, id, kind)
	}
	a.answer = binary.AppendVarint(binary.AppendVarint(a.answer[:0], int64(own)), int64(found))
	a.note()
	return own, found
}

// Command implements host.Host. The name of a thread that was passed to HoldName is not
// asked for again.
func (a *Asked) Command(b []byte, process int) ([]byte, bool) {
	a.question = ask(a.question, askCommand, process)
	if held, ok := a.heldName(process); ok {
		return put(b, held.b), true
	}
	return a.AskCommand(b, process)
}

// AskCommand is Command for a name that may have changed.
func (a *Asked) AskCommand(b []byte, process int) ([]byte, bool) {
	name, ok := a.Of.Command(b, process)
	a.command(process, name, ok)
	return name, ok
}

func (a *Asked) command(process int, name []byte, ok bool) {
	a.question = ask(a.question, askCommand, process)
	a.answer = append(say(a.answer, ok), name...)
	a.note()
}

func (a *Asked) Identity(process int) (host.Identity, bool) {
	id, ok := a.Of.Identity(process)
	a.identity(process, id, ok)
	return id, ok
}

func (a *Asked) identity(process int, id host.Identity, ok bool) {
	a.question = ask(a.question, askIdentity, process)
	a.answer = say(a.answer, ok)
	if ok {
		a.answer = binary.AppendVarint(binary.AppendVarint(a.answer, int64(id.TGID)), int64(id.PPID))
		if id.HasUID {
			a.answer = binary.AppendVarint(a.answer, int64(id.UID))
		}
	}
	a.note()
}

// Introduce asks for the Identity and the Command of a thread.
func (a *Asked) Introduce(process int) {
	var b [64]byte
	if of, ok := a.Of.(host.Introducer); ok {
		if id, command, ok := of.Introduce(b[:], process); ok {
			a.identity(process, id, true)
			a.command(process, command, true)
			return
		}
	}
	a.Identity(process)
	a.AskCommand(b[:], process)
}

func (a *Asked) Executable(b []byte, process int) []byte {
	a.question = ask(a.question, askExecutable, process)
	if held, ok := a.held(process, aboutProgram); ok {
		return put(b, held.b)
	}
	return a.AskExecutable(b, process)
}

// AskExecutable is Executable for a process that has executed a program.
func (a *Asked) AskExecutable(b []byte, process int) []byte {
	a.question = ask(a.question, askExecutable, process)
	return a.text(a.Of.Executable(b, process))
}

func (a *Asked) Arguments(process int) []byte {
	r := a.Of.Arguments(process)
	a.question = ask(a.question, askArguments, process)
	return a.text(r)
}

func (a *Asked) Environment(process int) []byte {
	r := a.Of.Environment(process)
	a.question = ask(a.question, askEnvironment, process)
	return a.text(r)
}

func (a *Asked) Exists(process, dir int, path []byte, link bool) (exists, ok bool) {
	a.question = append(ask(a.question, askExists, process, dir, number(link)), path...)
	exists, ok = a.Of.Exists(process, dir, path, link)
	a.answer = append(say(a.answer, ok), byte(number(exists)))
	a.note()
	return exists, ok
}

func (a *Asked) Namespace(b []byte, process int, kind string) []byte {
	r := a.Of.Namespace(b, process, kind)
	a.question = append(ask(a.question, askNamespace, process), kind...)
	return a.text(r)
}

func (a *Asked) WorkingDir(b []byte, process int) []byte {
	a.question = ask(a.question, askWorkingDir, process)
	if held, ok := a.held(process, aboutDirectory); ok {
		return put(b, held.b)
	}
	return a.text(a.Of.WorkingDir(b, process))
}

func (a *Asked) Root(b []byte, process int) []byte {
	a.question = ask(a.question, askRoot, process)
	if held, ok := a.held(process, aboutDirectory); ok {
		return put(b, held.b)
	}
	return a.text(a.Of.Root(b, process))
}

func (a *Asked) Resolve(b []byte, process, dir int, path []byte, link bool) []byte {
	a.question = append(ask(a.question, askResolve, process, dir, number(link)), path...)
	return a.text(a.Of.Resolve(b, process, dir, path, link))
}

// HeardResolve reports whether a Heard has the answer of Resolve.
func (a *Asked) HeardResolve(process, dir int, path []byte, link bool) bool {
	a.question = append(ask(a.question, askResolve, process, dir, number(link)), path...)
	return a.heard.has(a.question)
}

// Resolved notes an answer of Resolve that is known already.
func (a *Asked) Resolved(process, dir int, path []byte, link bool, answer []byte) {
	a.question = append(ask(a.question, askResolve, process, dir, number(link)), path...)
	a.text(answer)
}

func (a *Asked) Descriptor(b []byte, process, fd int) []byte {
	a.question = ask(a.question, askDescriptor, process, fd)
	if held, ok := a.held(process, aboutDescriptor); ok {
		return put(b, held.b)
	}
	return a.text(a.Of.Descriptor(b, process, fd))
}

// LastDescriptor returns the last answer of Descriptor in this block without asking, or
// nil if there is none. It is valid until the next question.
func (a *Asked) LastDescriptor(process, fd int) []byte {
	a.question = ask(a.question, askDescriptor, process, fd)
	was := a.known[string(a.question)]
	if was == nil {
		return nil
	}
	last := answer{decoder{b: was.answer}}
	if !last.yes() {
		return nil
	}
	return last.b
}

func (a *Asked) HasName(process, fd int, path []byte) bool {
	a.question = append(ask(a.question, askHasName, process, fd), path...)
	ok := a.Of.HasName(process, fd, path)
	a.answer = say(a.answer, ok)
	a.note()
	return ok
}

func (a *Asked) FileType(process, fd int) (host.FileType, bool) {
	a.question = ask(a.question, askFileType, process, fd)
	if held, ok := a.held(process, aboutDescriptor); ok {
		return held.fileType(), true
	}
	t, ok := a.Of.FileType(process, fd)
	a.answer = say(a.answer, ok)
	if ok {
		a.answer = binary.AppendUvarint(binary.AppendUvarint(a.answer, uint64(t.Mode)), t.Device)
	}
	a.note()
	return t, ok
}

func (a *Asked) DescriptorInfo(b []byte, process, fd int) []byte {
	r := a.Of.DescriptorInfo(b, process, fd)
	a.question = ask(a.question, askDescriptorInfo, process, fd)
	return a.text(r)
}

func (a *Asked) SocketProtocol(b []byte, process, fd int) []byte {
	r := a.Of.SocketProtocol(b, process, fd)
	a.question = ask(a.question, askSocketProtocol, process, fd)
	return a.text(r)
}

func (a *Asked) Socket(family, protocol uint8, inode uint64) (host.Socket, bool) {
	s, ok := a.Of.Socket(family, protocol, inode)
	a.question = binary.AppendUvarint(ask(a.question, askSocket, int(family), int(protocol)), inode)
	a.answer = say(a.answer, ok)
	if ok {
		b := appendAddress(appendAddress(a.answer, s.Local), s.Remote)
		b = binary.AppendUvarint(b, uint64(s.Peer))
		b = append(b, s.Protocol)
		b = binary.AppendUvarint(b, uint64(s.Port))
		b = append(b, byte(number(s.Name != nil)))
		a.answer = append(b, s.Name...)
	}
	a.note()
	return s, ok
}

func (a *Asked) Interface(index uint32) (string, bool) {
	name, ok := a.Of.Interface(index)
	a.question = ask(a.question, askInterface, int(index))
	a.answer = append(say(a.answer, ok), name...)
	a.note()
	return name, ok
}

func (a *Asked) GenericFamilies() []host.GenericFamily {
	families := a.Of.GenericFamilies()
	a.question = ask(a.question, askGenericFamilies)
	a.answer = say(a.answer, families != nil)
	for _, f := range families {
		a.answer = binary.AppendUvarint(a.answer, uint64(f.ID))
		a.answer = binary.AppendUvarint(a.answer, uint64(len(f.Name)))
		a.answer = append(a.answer, f.Name...)
	}
	a.note()
	return families
}

func (a *Asked) ProcessContext(b []byte, process int) []byte {
	r := a.Of.ProcessContext(b, process)
	a.question = ask(a.question, askProcessContext, process)
	return a.text(r)
}

func (a *Asked) DescriptorContext(b []byte, process, fd int, expect bool) (context, expected []byte) {
	context, expected = a.Of.DescriptorContext(b, process, fd, expect)
	a.question = ask(a.question, askDescriptorContext, process, fd, number(expect))
	return a.contexts(context, expected)
}

func (a *Asked) PathContext(b []byte, process, dir int, path []byte, expect bool) (context, expected []byte) {
	a.question = append(ask(a.question, askPathContext, process, dir, number(expect)), path...)
	context, expected = a.Of.PathContext(b, process, dir, path, expect)
	return a.contexts(context, expected)
}

func (a *Asked) contexts(context, expected []byte) (_, _ []byte) {
	a.answer = say(a.answer, context != nil)
	a.answer = binary.AppendUvarint(a.answer, uint64(len(context)))
	a.answer = append(append(a.answer, context...), byte(number(expected != nil)))
	a.answer = append(a.answer, expected...)
	a.note()
	return context, expected
}

func (a *Asked) Mapping(process int, path []byte) (first, end uint64, ok bool) {
	a.question = append(ask(a.question, askMapping, process), path...)
	first, end, ok = a.Of.Mapping(process, path)
	a.answer = binary.AppendUvarint(binary.AppendUvarint(say(a.answer, ok), first), end)
	a.note()
	return first, end, ok
}

func (a *Asked) MappedFile(b []byte, process int, first, end uint64) []byte {
	r := a.Of.MappedFile(b, process, first, end)
	a.question = binary.AppendUvarint(binary.AppendUvarint(ask(a.question, askMappedFile, process), first), end)
	return a.text(r)
}

func (a *Asked) CPUSetSize() uint64 {
	n := a.Of.CPUSetSize()
	a.question = ask(a.question, askCPUSetSize)
	a.answer = binary.AppendUvarint(a.answer[:0], n)
	a.note()
	return n
}

func (a *Asked) BootTime(running time.Duration) (time.Time, bool) {
	at, ok := a.Of.BootTime(running)
	a.question = ask(a.question, askBootTime, int(running))
	a.answer = say(a.answer, ok)
	if ok {
		a.answer = binary.AppendVarint(a.answer, at.UnixNano())
	}
	a.note()
	return at, ok
}

// Ring implements host.RingFinder.
func (a *Asked) Ring(process, fd int) (r host.Ring, ok bool) {
	if finder, can := a.Of.(host.RingFinder); can {
		r, ok = finder.Ring(process, fd)
	}
	a.question = ask(a.question, askRing, process, fd)
	if was := a.known[string(a.question)]; was != nil && ok {
		if before, ok := readRing(answer{decoder{b: was.answer}}); ok && before.Known && before.Inode == r.Inode {
			return r, true // more is known than the recorded answer says
		}
	}
	a.ring(process, fd, r, ok)
	return r, ok
}

// NoteRing implements host.RingNoter: r is noted as the answer of Ring.
func (a *Asked) NoteRing(process, fd int, r host.Ring) { a.ring(process, fd, r, true) }

func (a *Asked) ring(process, fd int, r host.Ring, ok bool) {
	a.question = ask(a.question, askRing, process, fd)
	a.answer = say(a.answer, ok)
	if ok {
		for _, n := range [...]uint64{r.Inode, r.Rings, r.Entries, r.EntrySize, uint64(number(r.Known)), r.Flags, r.Array} {
			a.answer = binary.AppendUvarint(a.answer, n)
		}
	}
	a.note()
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func appendAddress(b []byte, a netip.AddrPort) []byte {
	text := ""
	if a.IsValid() {
		text = a.String()
	}
	return append(append(b, byte(len(text))), text...)
}
