package fake

import (
	"os"
	"strconv"
	"time"

	"trapline/decode/host"
)

// FakeHost knows one process: this one, which plays the tracee. What its fields lack is
// unknown.
type FakeHost struct {
	host.Unknown
	Fds        map[int]FakeFD
	Cwd        string
	Ids        map[int]FakeID // by what the tracee calls them
	Commands   map[int]string
	Namespaces map[string]string
	Interfaces map[uint32]string
	cpuSetSize uint64
	boot       time.Time

	Asked []string // names of the called methods
}

// FakeFD is a descriptor of a FakeHost.
type FakeFD struct {
	Path     string
	File     host.FileType
	Info     string
	Renamed  bool // the path does not name the file
	Protocol string
	Socket   *host.Socket // nil if the kernel does not tell
}

// FakeID is trapline's own number of an id, and the process that has it.
type FakeID struct{ Own, Found int }

func (h *FakeHost) note(method string) { h.Asked = append(h.Asked, method) }

func (h *FakeHost) Process(tid int) int {
	h.note("Process")
	return tid
}

func (h *FakeHost) fd(process, fd int) (FakeFD, bool) {
	f, ok := h.Fds[fd]
	return f, ok && process == os.Getpid()
}

func (h *FakeHost) Find(_, id int, _ host.IDKind) (own, found int) {
	h.note("Find")
	return h.Ids[id].Own, h.Ids[id].Found
}

func (h *FakeHost) Command(b []byte, process int) ([]byte, bool) {
	h.note("Command")
	name, ok := h.Commands[process]
	return append(b[:0], name...), ok
}

func (h *FakeHost) Namespace(b []byte, _ int, kind string) []byte {
	h.note("Namespace")
	return filled(b, h.Namespaces[kind])
}

func (h *FakeHost) WorkingDir(b []byte, _ int) []byte {
	h.note("WorkingDir")
	return filled(b, h.Cwd)
}

func (h *FakeHost) Descriptor(b []byte, process, fd int) []byte {
	h.note("Descriptor")
	f, _ := h.fd(process, fd)
	return filled(b, f.Path)
}

func (h *FakeHost) HasName(process, fd int, _ []byte) bool {
	h.note("HasName")
	f, _ := h.fd(process, fd)
	return !f.Renamed
}

func (h *FakeHost) FileType(process, fd int) (host.FileType, bool) {
	h.note("FileType")
	f, ok := h.fd(process, fd)
	return f.File, ok
}

func (h *FakeHost) DescriptorInfo(b []byte, process, fd int) []byte {
	h.note("DescriptorInfo")
	f, _ := h.fd(process, fd)
	return filled(b, f.Info)
}

func (h *FakeHost) SocketProtocol(b []byte, process, fd int) []byte {
	h.note("SocketProtocol")
	f, _ := h.fd(process, fd)
	return filled(b, f.Protocol)
}

func (h *FakeHost) Socket(_, _ uint8, inode uint64) (host.Socket, bool) {
	h.note("Socket")
	for _, f := range h.Fds {
		if f.Path == "socket:["+strconv.FormatUint(inode, 10)+"]" && f.Socket != nil {
			return *f.Socket, true
		}
	}
	return host.Socket{}, false
}

func (h *FakeHost) Interface(index uint32) (string, bool) {
	h.note("Interface")
	name, ok := h.Interfaces[index]
	return name, ok
}

func (h *FakeHost) CPUSetSize() uint64 {
	h.note("CPUSetSize")
	if h.cpuSetSize == 0 {
		return host.LeastCPUSetSize
	}
	return h.cpuSetSize
}

func (h *FakeHost) BootTime(running time.Duration) (time.Time, bool) {
	h.note("BootTime")
	return h.boot.Add(running), !h.boot.IsZero()
}

// filled is what methods of a Host return: s in b, or nil.
func filled(b []byte, s string) []byte {
	if s == "" {
		return nil
	}
	return b[:copy(b, s)]
}
