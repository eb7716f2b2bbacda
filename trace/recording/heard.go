//go:build linux && amd64

package recording

import (
	"time"

	"trapline/decode/host"
)

// Heard is a host.Host that asks another one each question once in an event. What that one
// says may change at any moment, so that a Session, which shows an event, and the recorder
// of the event must not both ask. It is for one goroutine.
//
// After Listen, answers are kept. After Stop the answers to other questions are not.
type Heard struct {
	Of host.Host

	on       bool
	asked    *Asked   // asks, and keeps the answers
	told     *Host    // has the answers that are kept
	order    []string // the questions to told
	question []byte
	size     int            // of the caller's buffer, if the answer to question is put into one
	filled   map[string]int // sizes of buffers that were too small, or just large enough
	room     Room           // of told and filled
}

var (
	_ host.Host       = (*Heard)(nil)
	_ host.RingFinder = (*Heard)(nil)
	_ host.Introducer = (*Heard)(nil)
)

// NewHeard returns a Heard of another host.
func NewHeard(of host.Host) *Heard {
	h := &Heard{Of: of, asked: NewAsked(nil), told: newHost(), filled: make(map[string]int)}
	h.asked.keep = h.learn
	return h
}

// Listen begins an event: answers are kept from now on.
func (h *Heard) Listen() {
	h.Forget()
	h.on = true
}

// Stop ends the keeping of answers.
func (h *Heard) Stop() { h.on = false }

// Forget ends an event: all answers are dropped.
func (h *Heard) Forget() {
	h.on = false
	if len(h.told.answers) > 0 {
		clear(h.told.answers)
		clear(h.filled)
		h.order = h.order[:0]
		h.room.Empty()
	}
}

// learn keeps an answer.
func (h *Heard) learn(question, answer []byte) {
	key := h.room.KeepString(question)
	h.order = append(h.order, key)
	h.told.answers[key] = h.room.KeepString(answer)
	if h.size > 0 && len(answer) > h.size {
		h.filled[key] = h.size
	} else {
		delete(h.filled, key)
	}
}

// has reports whether there is an answer to a question. A nil Heard has none.
func (h *Heard) has(question []byte) bool {
	if h == nil || len(h.told.answers) == 0 {
		return false
	}
	_, ok := h.told.answers[string(question)]
	return ok
}

// to returns who answers a question.
func (h *Heard) to(m method, numbers ...int) host.Host {
	if !h.on && len(h.told.answers) == 0 {
		return h.Of
	}
	h.question = ask(h.question, m, numbers...)
	return h.who(0)
}

// about is to for a question that ends with a path or another text.
func (h *Heard) about(text []byte, m method, numbers ...int) host.Host {
	if !h.on && len(h.told.answers) == 0 {
		return h.Of
	}
	h.question = append(ask(h.question, m, numbers...), text...)
	return h.who(0)
}

// into is to for a question whose answer is put into b.
func (h *Heard) into(b []byte, m method, numbers ...int) host.Host {
	if !h.on && len(h.told.answers) == 0 {
		return h.Of
	}
	h.question = ask(h.question, m, numbers...)
	return h.who(len(b))
}

// who returns who answers h.question, whose answer is put into a buffer of that size.
func (h *Heard) who(size int) host.Host {
	if h.has(h.question) {
		if filled, ok := h.filled[string(h.question)]; !ok || size <= filled {
			return h.told
		}
	}
	if !h.on {
		return h.Of
	}
	h.size, h.asked.Of = size, h.Of
	return h.asked
}

// The methods of host.Host.

func (h *Heard) Process(tid int) int {
	return h.to(askProcess, tid).Process(tid)
}

func (h *Heard) Find(process, id int, kind host.IDKind) (own, found int) {
	return h.to(askFind, process, id, int(kind)).Find(process, id, kind)
}

func (h *Heard) Command(b []byte, process int) ([]byte, bool) {
	return h.into(b, askCommand, process).Command(b, process)
}

func (h *Heard) Identity(process int) (host.Identity, bool) {
	return h.to(askIdentity, process).Identity(process)
}

func (h *Heard) Executable(b []byte, process int) []byte {
	return h.into(b, askExecutable, process).Executable(b, process)
}

func (h *Heard) Arguments(process int) []byte {
	return h.to(askArguments, process).Arguments(process)
}

func (h *Heard) Environment(process int) []byte {
	return h.to(askEnvironment, process).Environment(process)
}

func (h *Heard) Exists(process, dir int, path []byte, link bool) (exists, ok bool) {
	return h.about(path, askExists, process, dir, number(link)).Exists(process, dir, path, link)
}

func (h *Heard) Namespace(b []byte, process int, kind string) []byte {
	return h.about([]byte(kind), askNamespace, process).Namespace(b, process, kind)
}

func (h *Heard) WorkingDir(b []byte, process int) []byte {
	return h.into(b, askWorkingDir, process).WorkingDir(b, process)
}

func (h *Heard) Root(b []byte, process int) []byte {
	return h.into(b, askRoot, process).Root(b, process)
}

func (h *Heard) Resolve(b []byte, process, dir int, path []byte, link bool) []byte {
	return h.about(path, askResolve, process, dir, number(link)).Resolve(b, process, dir, path, link)
}

func (h *Heard) Descriptor(b []byte, process, fd int) []byte {
	return h.into(b, askDescriptor, process, fd).Descriptor(b, process, fd)
}

func (h *Heard) HasName(process, fd int, path []byte) bool {
	return h.about(path, askHasName, process, fd).HasName(process, fd, path)
}

func (h *Heard) FileType(process, fd int) (host.FileType, bool) {
	return h.to(askFileType, process, fd).FileType(process, fd)
}

func (h *Heard) DescriptorInfo(b []byte, process, fd int) []byte {
	return h.into(b, askDescriptorInfo, process, fd).DescriptorInfo(b, process, fd)
}

func (h *Heard) SocketProtocol(b []byte, process, fd int) []byte {
	return h.into(b, askSocketProtocol, process, fd).SocketProtocol(b, process, fd)
}

func (h *Heard) Socket(family, protocol uint8, inode uint64) (host.Socket, bool) {
	return h.about(appendUvarint(nil, inode), askSocket, int(family), int(protocol)).Socket(family, protocol, inode)
}

func (h *Heard) Interface(index uint32) (string, bool) {
	return h.to(askInterface, int(index)).Interface(index)
}

func (h *Heard) GenericFamilies() []host.GenericFamily {
	return h.to(askGenericFamilies).GenericFamilies()
}

func (h *Heard) ProcessContext(b []byte, process int) []byte {
	return h.into(b, askProcessContext, process).ProcessContext(b, process)
}

func (h *Heard) DescriptorContext(b []byte, process, fd int, expect bool) (context, expected []byte) {
	return h.to(askDescriptorContext, process, fd, number(expect)).DescriptorContext(b, process, fd, expect)
}

func (h *Heard) PathContext(b []byte, process, dir int, path []byte, expect bool) (context, expected []byte) {
	return h.about(path, askPathContext, process, dir, number(expect)).PathContext(b, process, dir, path, expect)
}

func (h *Heard) Mapping(process int, path []byte) (first, end uint64, ok bool) {
	return h.about(path, askMapping, process).Mapping(process, path)
}

func (h *Heard) MappedFile(b []byte, process int, first, end uint64) []byte {
	return h.about(appendUvarint(appendUvarint(nil, first), end), askMappedFile, process).MappedFile(b, process, first, end)
}

func (h *Heard) CPUSetSize() uint64 {
	return h.to(askCPUSetSize).CPUSetSize()
}

func (h *Heard) BootTime(running time.Duration) (time.Time, bool) {
	return h.to(askBootTime, int(running)).BootTime(running)
}

// Introduce implements host.Introducer: it asks for what no one has asked yet.
func (h *Heard) Introduce(b []byte, process int) (id host.Identity, command []byte, ok bool) {
	of, can := h.Of.(host.Introducer)
	if !can || h.on {
		return id, nil, false
	}
	for _, m := range [...]method{askIdentity, askCommand} {
		if h.question = ask(h.question, m, process); h.has(h.question) {
			return id, nil, false
		}
	}
	return of.Introduce(b, process)
}

// Ring implements host.RingFinder. A ring stays where it is.
func (h *Heard) Ring(process, fd int) (r host.Ring, ok bool) {
	if finder, can := h.Of.(host.RingFinder); can {
		return finder.Ring(process, fd)
	}
	return r, false
}

// SharesIDs reports what the other host says, if it knows that.
func (h *Heard) SharesIDs(process int) bool {
	of, ok := h.Of.(interface{ SharesIDs(process int) bool })
	return ok && of.SharesIDs(process)
}
