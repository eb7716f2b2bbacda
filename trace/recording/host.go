//go:build linux && amd64

package recording

import (
	"net/netip"
	"time"

	"trapline/decode/host"
)

// Host is a host.Host that answers from a recording: with the last answer to the question
// in the block being read. What is not in the recording is answered as host.Unknown does.
type Host struct {
	host.Unknown
	answers  map[string]string
	size     int // of the answers that the block has
	question []byte
}

var (
	_ host.Host       = (*Host)(nil)
	_ host.RingFinder = (*Host)(nil)
)

// newHost returns a Host without answers.
func newHost() *Host { return &Host{answers: make(map[string]string)} }

// Clear forgets all answers.
func (h *Host) Clear() {
	clear(h.answers)
	h.size = 0
}

// learn adds answers. It must be called with the answers of each event. It returns false if
// the block has more than fit into one.
func (h *Host) learn(a *Answered) bool {
	if h.size += len(a.b); h.size > mostBlock {
		return false
	}
	d := decoder{b: a.b}
	for range a.n {
		question := d.bytes(d.uvarint())
		answer := d.bytes(d.uvarint())
		if d.err != nil {
			return false
		}
		h.answers[string(question)] = string(answer)
	}
	return true
}

// get looks up the answer to h.question.
func (h *Host) get() (answer, bool) {
	text, ok := h.answers[string(h.question)]
	return answer{decoder{b: []byte(text)}}, ok
}

// answer is an answer being read.
type answer struct{ decoder }

// yes reads whether there is an answer.
func (a *answer) yes() bool { return a.byte() == 1 && a.err == nil }

// text returns the answer to h.question if it is bytes.
func (h *Host) text(b []byte) []byte {
	a, ok := h.get()
	if !ok || !a.yes() {
		return nil
	}
	return put(b, a.b)
}

// put copies a result to b. An empty result is not nil.
func put(b, result []byte) []byte {
	if b == nil {
		return append([]byte{}, result...)
	}
	return b[:copy(b, result)]
}

// The methods of host.Host.

func (h *Host) Process(tid int) int {
	h.question = ask(h.question, askProcess, tid)
	a, ok := h.get()
	if !ok {
		return 0
	}
	return int(a.varint())
}

func (h *Host) Find(process, id int, kind host.IDKind) (own, found int) {
	h.question = ask(h.question, askFind, process, id, int(kind))
	a, ok := h.get()
	if !ok {
		return 0, 0
	}
	return int(a.varint()), int(a.varint())
}

func (h *Host) Command(b []byte, process int) ([]byte, bool) {
	h.question = ask(h.question, askCommand, process)
	a, ok := h.get()
	if !ok || !a.yes() {
		return nil, false
	}
	return put(b, a.b), true
}

func (h *Host) Identity(process int) (id host.Identity, ok bool) {
	h.question = ask(h.question, askIdentity, process)
	a, ok := h.get()
	if !ok || !a.yes() {
		return id, false
	}
	id.TGID, id.PPID = int(a.varint()), int(a.varint())
	if id.HasUID = len(a.b) > 0; id.HasUID {
		id.UID = int(a.varint())
	}
	return id, true
}

func (h *Host) Executable(b []byte, process int) []byte {
	h.question = ask(h.question, askExecutable, process)
	return h.text(b)
}

func (h *Host) Arguments(process int) []byte {
	h.question = ask(h.question, askArguments, process)
	return h.text(nil)
}

func (h *Host) Environment(process int) []byte {
	h.question = ask(h.question, askEnvironment, process)
	return h.text(nil)
}

func (h *Host) Exists(process, dir int, path []byte, link bool) (exists, ok bool) {
	h.question = append(ask(h.question, askExists, process, dir, number(link)), path...)
	a, ok := h.get()
	if !ok || !a.yes() {
		return false, false
	}
	return a.byte() == 1, a.err == nil
}

func (h *Host) Namespace(b []byte, process int, kind string) []byte {
	h.question = append(ask(h.question, askNamespace, process), kind...)
	return h.text(b)
}

func (h *Host) WorkingDir(b []byte, process int) []byte {
	h.question = ask(h.question, askWorkingDir, process)
	return h.text(b)
}

func (h *Host) Root(b []byte, process int) []byte {
	h.question = ask(h.question, askRoot, process)
	return h.text(b)
}

func (h *Host) Resolve(b []byte, process, dir int, path []byte, link bool) []byte {
	h.question = append(ask(h.question, askResolve, process, dir, number(link)), path...)
	return h.text(b)
}

func (h *Host) Descriptor(b []byte, process, fd int) []byte {
	h.question = ask(h.question, askDescriptor, process, fd)
	return h.text(b)
}

func (h *Host) HasName(process, fd int, path []byte) bool {
	h.question = append(ask(h.question, askHasName, process, fd), path...)
	a, ok := h.get()
	return !ok || a.yes()
}

func (h *Host) FileType(process, fd int) (t host.FileType, ok bool) {
	h.question = ask(h.question, askFileType, process, fd)
	a, ok := h.get()
	if !ok || !a.yes() {
		return t, false
	}
	return a.fileType(), true
}

func (a *answer) fileType() host.FileType {
	return host.FileType{Mode: uint32(a.uvarint()), Device: a.uvarint()}
}

func (h *Host) DescriptorInfo(b []byte, process, fd int) []byte {
	h.question = ask(h.question, askDescriptorInfo, process, fd)
	return h.text(b)
}

func (h *Host) SocketProtocol(b []byte, process, fd int) []byte {
	h.question = ask(h.question, askSocketProtocol, process, fd)
	return h.text(b)
}

func (h *Host) Socket(family, protocol uint8, inode uint64) (s host.Socket, ok bool) {
	h.question = appendUvarint(ask(h.question, askSocket, int(family), int(protocol)), inode)
	a, ok := h.get()
	if !ok || !a.yes() {
		return s, false
	}
	s.Local, s.Remote = a.address(), a.address()
	s.Peer = uint32(a.uvarint())
	s.Protocol = a.byte()
	s.Port = uint32(a.uvarint())
	if a.byte() == 1 {
		s.Name = a.b
	}
	return s, a.err == nil
}

func (a *answer) address() netip.AddrPort {
	text := a.bytes(uint64(a.byte()))
	at, _ := netip.ParseAddrPort(string(text))
	return at
}

func (h *Host) Interface(index uint32) (string, bool) {
	h.question = ask(h.question, askInterface, int(index))
	a, ok := h.get()
	if !ok || !a.yes() {
		return "", false
	}
	return string(a.b), true
}

func (h *Host) GenericFamilies() (families []host.GenericFamily) {
	h.question = ask(h.question, askGenericFamilies)
	a, ok := h.get()
	if !ok || !a.yes() {
		return nil
	}
	families = []host.GenericFamily{}
	for len(a.b) > 0 && a.err == nil {
		families = append(families, host.GenericFamily{ID: uint16(a.uvarint()), Name: string(a.bytes(a.uvarint()))})
	}
	return families
}

func (h *Host) ProcessContext(b []byte, process int) []byte {
	h.question = ask(h.question, askProcessContext, process)
	return h.text(b)
}

func (h *Host) DescriptorContext(b []byte, process, fd int, expect bool) (context, expected []byte) {
	h.question = ask(h.question, askDescriptorContext, process, fd, number(expect))
	return h.contexts(b)
}

func (h *Host) PathContext(b []byte, process, dir int, path []byte, expect bool) (context, expected []byte) {
	h.question = append(ask(h.question, askPathContext, process, dir, number(expect)), path...)
	return h.contexts(b)
}

func (h *Host) contexts(b []byte) (context, expected []byte) {
	a, ok := h.get()
	if !ok || !a.yes() {
		return nil, nil
	}
	context = put(b, a.bytes(a.uvarint()))
	if a.byte() == 1 {
		expected = a.b
	}
	return context, expected
}

func (h *Host) Mapping(process int, path []byte) (first, end uint64, ok bool) {
	h.question = append(ask(h.question, askMapping, process), path...)
	a, ok := h.get()
	if !ok || !a.yes() {
		return 0, 0, false
	}
	return a.uvarint(), a.uvarint(), true
}

func (h *Host) MappedFile(b []byte, process int, first, end uint64) []byte {
	h.question = appendUvarint(appendUvarint(ask(h.question, askMappedFile, process), first), end)
	return h.text(b)
}

func (h *Host) CPUSetSize() uint64 {
	h.question = ask(h.question, askCPUSetSize)
	a, ok := h.get()
	if !ok {
		return host.LeastCPUSetSize
	}
	if n := a.uvarint(); n > 0 && n <= 1<<16 {
		return n
	}
	return host.LeastCPUSetSize
}

func (h *Host) BootTime(running time.Duration) (time.Time, bool) {
	h.question = ask(h.question, askBootTime, int(running))
	a, ok := h.get()
	if !ok || !a.yes() {
		return time.Time{}, false
	}
	return time.Unix(0, a.varint()), true
}

// Ring implements host.RingFinder.
func (h *Host) Ring(process, fd int) (r host.Ring, ok bool) {
	h.question = ask(h.question, askRing, process, fd)
	a, ok := h.get()
	if !ok {
		return r, false
	}
	return readRing(a)
}

func readRing(a answer) (r host.Ring, ok bool) {
	if !a.yes() {
		return r, false
	}
	r = host.Ring{Inode: a.uvarint(), Rings: a.uvarint(), Entries: a.uvarint(), EntrySize: a.uvarint()}
	r.Known, r.Flags, r.Array = a.uvarint() != 0, a.uvarint(), a.uvarint()
	return r, a.err == nil
}
