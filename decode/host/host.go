// Package host provides what the machine knows of tracees beyond their registers
// and memory: the files behind descriptors, names of processes, addresses of
// sockets, ids in pid namespaces, mappings.
//
// A decoder uses a Host. Local queries the machine that trapline runs on; no
// other code of the decoder opens files below /proc or netlink sockets. Unknown
// knows nothing. Other Hosts may use a recording, or be made for a test.
package host

import (
	"net/netip"
	"time"
)

// Host answers the queries of a decoder, which are made only for what is going to
// be shown.
//
// There are no errors: if something is unknown because the process has ended, the
// kernel is too old or permission is lacking, the result is nil, zero or false,
// as described for each method.
//
// The argument process is the number of a process or thread in /proc, as returned
// by Process and Find, and fd the number of one of its descriptors. Neither need
// exist, since tracees may use arbitrary numbers.
//
// Methods with an argument b write the result into it and return the part that
// they have written. Longer results are truncated to len(b) bytes. They are bytes
// as the kernel has them, which tracees may have chosen, without a newline or NUL
// at the end unless noted otherwise.
//
// A Host is not safe for concurrent use.
type Host interface {
	// Process returns the number by which the other methods identify a thread,
	// given its id in trapline's own pid namespace; 0 if unknown.
	Process(tid int) int

	// Find looks for the thread, process, process group or session that process
	// refers to by id. It returns the id in trapline's own pid namespace, and the
	// number of a process or thread that has the id; zeros if there is none. If
	// process is 0, id is an id in trapline's own pid namespace.
	Find(process, id int, kind IDKind) (own, found int)

	// Command returns the name of a thread (comm in proc(5)), at most 15 bytes
	// and possibly empty. ok is false if the name is unknown.
	Command(b []byte, process int) (name []byte, ok bool)

	// Identity returns the ids of a thread in trapline's own pid namespace; false if
	// they are unknown.
	Identity(process int) (id Identity, ok bool)

	// Executable returns the file of a process's program, in the form that
	// Descriptor has; nil if unknown.
	Executable(b []byte, process int) []byte

	// Arguments returns the arguments of a process's program, each followed by a
	// NUL, unless the process has changed them; nil if unknown.
	Arguments(process int) []byte

	// Environment returns the environment that a process's program was given, each
	// variable followed by a NUL, unless the process has changed it; nil if unknown.
	Environment(process int) []byte

	// Exists reports whether the file that path refers to in a process exists: see
	// Resolve for the arguments. ok is false if that is unknown.
	Exists(process, dir int, path []byte, link bool) (exists, ok bool)

	// Namespace returns the identity of a namespace of a process, such as
	// "net:[4026531840]". kind is its name in namespaces(7). The result is nil if
	// unknown.
	Namespace(b []byte, process int, kind string) []byte

	// WorkingDir returns the working directory of a process; nil if unknown.
	WorkingDir(b []byte, process int) []byte

	// Root returns the root directory of a process; nil if unknown.
	Root(b []byte, process int) []byte

	// Resolve returns the name of the file that path refers to in a process:
	// absolute, without symbolic links, as seen by trapline. A relative path starts
	// at the directory behind the descriptor dir or, if that is AT_FDCWD, at the
	// working directory. If link is set, a symbolic link at the end of the path is
	// not followed. The part of a path that does not exist is taken literally. The
	// result is nil if the directory is unknown.
	Resolve(b []byte, process, dir int, path []byte, link bool) []byte

	// Descriptor returns what a descriptor refers to: a path, followed by "
	// (deleted)" if the file no longer has that name, or the kernel's name for a
	// file without a path, such as "socket:[4711]". The result is nil if there is
	// no such descriptor or it is unknown, and is not empty otherwise.
	Descriptor(b []byte, process, fd int) []byte

	// HasName reports whether path, as seen by trapline, is a name of the file
	// behind a descriptor. It returns true if that is unknown.
	HasName(process, fd int, path []byte) bool

	// FileType returns the type of the file behind a descriptor; false if
	// unknown.
	FileType(process, fd int) (FileType, bool)

	// DescriptorInfo returns the lines of a descriptor's fdinfo (proc(5)),
	// including newlines; nil if unknown. Field finds a line in them.
	DescriptorInfo(b []byte, process, fd int) []byte

	// SocketProtocol returns the kernel's name of a socket's protocol, such as
	// "TCPv6", "UNIX-STREAM" or "NETLINK"; nil if the descriptor is not a socket
	// or the name is unknown.
	SocketProtocol(b []byte, process, fd int) []byte

	// Socket returns the addresses of a socket. The family is AF_INET, AF_INET6,
	// AF_UNIX or AF_NETLINK; for the first two, protocol is an IPPROTO_ number.
	// The result is false if the kernel does not report the socket, because it
	// has no address or is in a network namespace other than trapline's.
	Socket(family, protocol uint8, inode uint64) (Socket, bool)

	// Interface returns the name of the network interface with that index in
	// trapline's network namespace; false if there is none or it is unknown.
	Interface(index uint32) (name string, ok bool)

	// GenericFamilies returns the families of generic netlink that the kernel
	// currently has; nil if unknown.
	GenericFamilies() []GenericFamily

	// ProcessContext returns the SELinux context of a thread, without a newline;
	// nil if unknown.
	ProcessContext(b []byte, process int) []byte

	// DescriptorContext returns the SELinux context of the file behind a
	// descriptor; nil if it has none or it is unknown. If expect is set, expected
	// is the context that the policy has for a file with that path, or nil. It is
	// valid until the next call.
	DescriptorContext(b []byte, process, fd int, expect bool) (context, expected []byte)

	// PathContext is DescriptorContext for the file that path refers to in a
	// process. A relative path starts at the directory behind the descriptor dir
	// or, if that is AT_FDCWD, at the working directory. Symbolic links are
	// followed.
	PathContext(b []byte, process, dir int, path []byte, expect bool) (context, expected []byte)

	// Mapping returns the addresses of the first mapping of a file called path in
	// /proc/PID/maps: that of its first byte, and that after its last. ok is
	// false if there is none or it is unknown.
	Mapping(process int, path []byte) (first, end uint64, ok bool)

	// MappedFile returns the name of the file that is mapped from first up to
	// end, which must be the bounds of one mapping; nil if unknown.
	MappedFile(b []byte, process int, first, end uint64) []byte

	// CPUSetSize returns the size in bytes of the kernel's sets of processors;
	// LeastCPUSetSize if unknown.
	CPUSetSize() uint64

	// BootTime returns the time of day at which the machine had been running for
	// that long (CLOCK_BOOTTIME); false if unknown.
	BootTime(running time.Duration) (time.Time, bool)
}

// LeastCPUSetSize is the size in bytes of the C library's cpu_set_t, a set of
// 1024 processors.
const LeastCPUSetSize = 128

// IDKind is the kind of an id, numbered like the kernel's enum pid_type.
type IDKind uint8

const (
	Thread IDKind = iota
	ThreadGroup
	ProcessGroup
	Session
)

// FileType is the type of a file, as in stat(2).
type FileType struct {
	Mode   uint32 // file type (S_IFMT) and permissions
	Device uint64 // number of a device file (st_rdev)
}

// Socket has the addresses of a socket. Members that do not apply to its family
// are zero.
type Socket struct {
	// AF_INET and AF_INET6. If the socket is not connected, Remote is zero or
	// invalid.
	Local, Remote netip.AddrPort

	// AF_UNIX. Name is sun_path as it was bound, which may end with NULs; a name
	// in the abstract namespace begins with one. Peer is the inode of the other
	// end. Either may be missing.
	Name []byte
	Peer uint32

	// AF_NETLINK: a NETLINK_ number, and the socket's address.
	Protocol uint8
	Port     uint32
}

// GenericFamily is a family of generic netlink. The kernel assigns numbers to
// families when they are registered.
type GenericFamily struct {
	ID   uint16
	Name string
}

// Unknown is a Host that knows nothing.
type Unknown struct{}

var _ Host = Unknown{}

// The methods of Host.

func (Unknown) Process(int) int                            { return 0 }
func (Unknown) Find(int, int, IDKind) (int, int)           { return 0, 0 }
func (Unknown) Command([]byte, int) ([]byte, bool)         { return nil, false }
func (Unknown) Identity(int) (Identity, bool)              { return Identity{}, false }
func (Unknown) Executable([]byte, int) []byte              { return nil }
func (Unknown) Arguments(int) []byte                       { return nil }
func (Unknown) Environment(int) []byte                     { return nil }
func (Unknown) Namespace([]byte, int, string) []byte       { return nil }
func (Unknown) WorkingDir([]byte, int) []byte              { return nil }
func (Unknown) Root([]byte, int) []byte                    { return nil }
func (Unknown) Descriptor([]byte, int, int) []byte         { return nil }
func (Unknown) HasName(int, int, []byte) bool              { return true }
func (Unknown) FileType(int, int) (FileType, bool)         { return FileType{}, false }
func (Unknown) DescriptorInfo([]byte, int, int) []byte     { return nil }
func (Unknown) SocketProtocol([]byte, int, int) []byte     { return nil }
func (Unknown) Socket(uint8, uint8, uint64) (Socket, bool) { return Socket{}, false }
func (Unknown) Interface(uint32) (string, bool)            { return "", false }
func (Unknown) GenericFamilies() []GenericFamily           { return nil }
func (Unknown) Mapping(int, []byte) (uint64, uint64, bool) { return 0, 0, false }
func (Unknown) Resolve([]byte, int, int, []byte, bool) []byte {
	return nil
}
func (Unknown) Exists(int, int, []byte, bool) (exists, ok bool) {
	return false, false
}
func (Unknown) MappedFile([]byte, int, uint64, uint64) []byte {
	return nil
}
func (Unknown) ProcessContext([]byte, int) []byte { return nil }
func (Unknown) DescriptorContext([]byte, int, int, bool) (context, expected []byte) {
	return nil, nil
}
func (Unknown) PathContext([]byte, int, int, []byte, bool) (context, expected []byte) {
	return nil, nil
}
func (Unknown) CPUSetSize() uint64                       { return LeastCPUSetSize }
func (Unknown) BootTime(time.Duration) (time.Time, bool) { return time.Time{}, false }
