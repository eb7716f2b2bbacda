// Package host asks the machine what it knows of tracees beside their registers
// and memory: what descriptors lead to, the names of processes, addresses of
// sockets, ids in pid namespaces, mappings.
//
// A decoder is given a Host. Local asks the machine that trapline runs on, and is
// the only code of the decoder that opens files below /proc or netlink sockets.
// Unknown answers nothing. Another Host may answer from a recording, or for a
// test.
package host

import (
	"net/netip"
	"time"
)

// Host answers what a decoder asks. Nothing is asked that is not shown.
//
// There are no errors: what cannot be known, because the process has ended, the
// kernel is too old or permission is lacking, is answered by a nil slice, a zero
// or false, as each method says.
//
// A process argument is the number that the procfs has for a process or thread, as
// Process and Find give it, and fd the number of one of its descriptors. Neither
// need exist: a tracee may have made both up.
//
// Methods with an argument b write their answer into it and return the part of it
// that they have written. An answer that is longer is cut to len(b) bytes. It is
// bytes as the kernel gives them, which tracees may have chosen; they end without
// a newline or NUL unless that is said.
//
// A Host is not safe for concurrent use.
type Host interface {
	// Process gives the number that the other methods know a thread by, of which
	// tid is the id in trapline's own pid namespace; 0 if it is not known.
	Process(tid int) int

	// Find looks for what a process calls id: a thread, process, process group or
	// session. It gives the id in trapline's own pid namespace, and the number of
	// a process or thread that has the id; zeros if there is none. An id of process
	// 0 is one in trapline's own pid namespace.
	Find(process, id int, kind IDKind) (own, found int)

	// Command gives the name of a thread (comm in proc(5)), at most 15 bytes, which
	// may be empty. It is false if the name is not known.
	Command(b []byte, process int) (name []byte, ok bool)

	// Namespace gives what identifies a namespace of a process, such as
	// "net:[4026531840]". kind is its name in namespaces(7); nil if not known.
	Namespace(b []byte, process int, kind string) []byte

	// WorkingDir gives the working directory of a process; nil if not known.
	WorkingDir(b []byte, process int) []byte

	// Descriptor gives what a descriptor leads to: a path, with " (deleted)" behind
	// it if the file no longer has that name, or what the kernel calls a file
	// without a path, such as "socket:[4711]". It is nil if there is no such
	// descriptor or it is not known, and is not empty otherwise.
	Descriptor(b []byte, process, fd int) []byte

	// HasName says whether path, seen from trapline, names the file behind a
	// descriptor. It is true if that is not known.
	HasName(process, fd int, path []byte) bool

	// FileType gives the type of the file behind a descriptor; false if not known.
	FileType(process, fd int) (FileType, bool)

	// DescriptorInfo gives the lines of a descriptor's fdinfo (proc(5)), newlines
	// included; nil if not known. Field finds a line in them.
	DescriptorInfo(b []byte, process, fd int) []byte

	// SocketProtocol gives the kernel's name of the protocol of a socket, such as
	// "TCPv6", "UNIX-STREAM" or "NETLINK"; nil if the descriptor is not a socket's
	// or the name is not known.
	SocketProtocol(b []byte, process, fd int) []byte

	// Socket gives what the kernel tells of a socket. The family is AF_INET,
	// AF_INET6, AF_UNIX or AF_NETLINK; for the first two, protocol is an IPPROTO_
	// number. It is false if the kernel does not tell, as of sockets without any
	// address, or if the socket is in another network namespace than trapline.
	Socket(family, protocol uint8, inode uint64) (Socket, bool)

	// Interface gives the name of the network interface with that number in
	// trapline's network namespace; false if there is none or it is not known.
	Interface(index uint32) (name string, ok bool)

	// GenericFamilies gives the families of generic netlink that the kernel has now;
	// nil if not known.
	GenericFamilies() []GenericFamily

	// ProcessContext gives the SELinux context of a thread, without a newline; nil if
	// not known.
	ProcessContext(b []byte, process int) []byte

	// DescriptorContext gives the SELinux context of the file behind a descriptor; nil
	// if it has none or it is not known. If expect is set, expected is the one that
	// the policy has for a file of that path, or nil; it is valid until the next call.
	DescriptorContext(b []byte, process, fd int, expect bool) (context, expected []byte)

	// PathContext is DescriptorContext for the file that a process finds by a path,
	// which is looked for in the directory behind a descriptor or, if dir is AT_FDCWD,
	// in its working directory. Symbolic links are followed.
	PathContext(b []byte, process, dir int, path []byte, expect bool) (context, expected []byte)

	// Mapping gives the addresses of the first mapping of what is called path, as
	// /proc/PID/maps has it: of its first byte, and of the byte behind its last. It is
	// false if there is none or it is not known.
	Mapping(process int, path []byte) (first, end uint64, ok bool)

	// MappedFile gives what is mapped from first up to end, which must be the bounds
	// of one mapping; nil if it is not known.
	MappedFile(b []byte, process int, first, end uint64) []byte

	// CPUSetSize gives the size of the kernel's sets of processors in bytes; if it is
	// not known, LeastCPUSetSize.
	CPUSetSize() uint64

	// BootTime gives the time of day at which the machine had been running for that
	// long (CLOCK_BOOTTIME); false if not known.
	BootTime(running time.Duration) (time.Time, bool)
}

// LeastCPUSetSize is the size in bytes of a set of 1024 processors, which is the
// C library's cpu_set_t.
const LeastCPUSetSize = 128

// IDKind is what an id stands for, numbered as in the kernel's enum pid_type.
type IDKind uint8

const (
	Thread IDKind = iota
	ThreadGroup
	ProcessGroup
	Session
)

// FileType is what stat(2) tells of a file's type.
type FileType struct {
	Mode   uint32 // S_IFMT and permissions
	Device uint64 // number of a device file (st_rdev)
}

// Socket is what the kernel tells of a socket. What does not belong to its family
// is zero.
type Socket struct {
	// AF_INET and AF_INET6. The remote address of a socket that is not connected is
	// all zeros, or not valid.
	Local, Remote netip.AddrPort

	// AF_UNIX. Name is sun_path as it was bound, which may end with NULs; that of
	// the abstract namespace begins with one. Peer is the inode of the other end.
	// Either may be lacking.
	Name []byte
	Peer uint32

	// AF_NETLINK: a NETLINK_ number, and the socket's address.
	Protocol uint8
	Port     uint32
}

// GenericFamily is a family of generic netlink. The kernel numbers families as they
// are registered.
type GenericFamily struct {
	ID   uint16
	Name string
}

// Unknown is a Host of which nothing is known.
type Unknown struct{}

var _ Host = Unknown{}

// The methods of Host.

func (Unknown) Process(int) int                            { return 0 }
func (Unknown) Find(int, int, IDKind) (int, int)           { return 0, 0 }
func (Unknown) Command([]byte, int) ([]byte, bool)         { return nil, false }
func (Unknown) Namespace([]byte, int, string) []byte       { return nil }
func (Unknown) WorkingDir([]byte, int) []byte              { return nil }
func (Unknown) Descriptor([]byte, int, int) []byte         { return nil }
func (Unknown) HasName(int, int, []byte) bool              { return true }
func (Unknown) FileType(int, int) (FileType, bool)         { return FileType{}, false }
func (Unknown) DescriptorInfo([]byte, int, int) []byte     { return nil }
func (Unknown) SocketProtocol([]byte, int, int) []byte     { return nil }
func (Unknown) Socket(uint8, uint8, uint64) (Socket, bool) { return Socket{}, false }
func (Unknown) Interface(uint32) (string, bool)            { return "", false }
func (Unknown) GenericFamilies() []GenericFamily           { return nil }
func (Unknown) Mapping(int, []byte) (uint64, uint64, bool) { return 0, 0, false }
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
