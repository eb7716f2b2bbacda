package decode

import (
	"trapline/decode/host"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/decode/uring"
)

// What programs that decode calls need from the packages below.
type (
	// A Decoder holds what the calls of all tracees share.
	Decoder = lang.Decoder
	// A Call is a system call of one tracee, from its enter-stop to its exit-stop.
	Call = lang.Call
	// A Signature is what Decoder.Lookup knows about a call.
	Signature = lang.Signature
	// Memory is the memory of one tracee.
	Memory = lang.Memory

	// What has to be kept of a call to decode it later: see lang.Capture.
	Capture     = lang.Capture
	Detail      = lang.Detail
	Command     = lang.Command
	KeptMemory  = lang.KeptMemory
	NotedMemory = lang.NotedMemory
	Piece       = lang.Piece
	PieceEnd    = lang.PieceEnd
	Moment      = lang.Moment
	Miss        = lang.Miss
	Amount      = lang.Amount

	// Single gives access to single arguments of a Call.
	Single = lang.Single
	// A Type says how a value is laid out and shown.
	Type = lang.Type
	// Naming is what a call does with a file name: Call.Naming.
	Naming = lang.Naming

	// FDs is what is shown of file descriptors beside their numbers.
	FDs = kernel.FDs
	// PIDs is what is shown of process ids beside their numbers.
	PIDs = kernel.PIDs
	// VCPUs is what is shown of virtual processors with KVM_RUN.
	VCPUs = kernel.VCPUs
	// Contexts is what is shown of SELinux contexts.
	Contexts = kernel.Contexts
)

// The values of FDs, PIDs, VCPUs and Contexts: see there.
const (
	FDPath     = kernel.FDPath
	FDSocket   = kernel.FDSocket
	FDDevice   = kernel.FDDevice
	FDEventfd  = kernel.FDEventfd
	FDPidfd    = kernel.FDPidfd
	FDSignalfd = kernel.FDSignalfd

	PIDComm      = kernel.PIDComm
	PIDNamespace = kernel.PIDNamespace

	VCPUNone  = kernel.VCPUNone
	VCPUExit  = kernel.VCPUExit
	VCPUState = kernel.VCPUState

	ContextShown    = kernel.ContextShown
	ContextFull     = kernel.ContextFull
	ContextMismatch = kernel.ContextMismatch
)

// The parts of a Capture, and how a Piece ends: see there.
const (
	KeepBytes   = lang.KeepBytes
	KeepString  = lang.KeepString
	KeepCounted = lang.KeepCounted
	KeepBuffers = lang.KeepBuffers
	KeepNull    = lang.KeepNull
	KeepStruct  = lang.KeepStruct
	KeepAddress = lang.KeepAddress
	KeepLesser  = lang.KeepLesser

	AnyTime     = lang.AnyTime
	BeforeCall  = lang.BeforeCall
	IfSucceeded = lang.IfSucceeded
	AfterCall   = lang.AfterCall

	FromResult = lang.FromResult
	Unbounded  = lang.Unbounded
	WordBefore = lang.WordBefore
	WordAfter  = lang.WordAfter

	AsksResult = lang.AsksResult
	AsksMemory = lang.AsksMemory

	Whole      = lang.Whole
	AtNUL      = lang.AtNUL
	Unreadable = lang.Unreadable
)

// SpecialFamily is the family of the sockets that Capture.Special means.
const SpecialFamily = kernel.SpecialFamily

// The bits of Naming: see there.
const (
	NamesLink    = lang.NamesLink
	NamesNew     = lang.NamesNew
	NamesEntry   = lang.NamesEntry
	NamesByRules = lang.NamesByRules
	NamesRead    = lang.NamesRead
	NamesWritten = lang.NamesWritten
	NamesRun     = lang.NamesRun
	NamesEntered = lang.NamesEntered
	NamesForReal = lang.NamesForReal
	NamesAsked   = lang.NamesAsked
	NamesChanged = lang.NamesChanged
	NamesNothing = lang.NamesNothing
)

// HostOf returns the host that d asks about tracees' descriptors and processes.
func HostOf(d *Decoder) host.Host { return kernel.SettingsOf(d).Host() }

// Asks is an upper limit of how often d's host has been asked. A call that is decoded
// without asking the host always looks the same: it depends only on its arguments, its
// memory and its result, and on the name of the call that restart_syscall resumes.
func Asks(d *Decoder) uint64 { return kernel.SettingsOf(d).Asks }

// ProcessOf returns the host's number of c's tracee, or 0 if the host does not know it.
func ProcessOf(c *Call) int { return kernel.ProcessOf(c) }

// IsSpecial reports whether the descriptor that Capture.Special means is of the special kind
// now. c is at the entry of its call.
func IsSpecial(c *Call) bool { return kernel.IsNetlink(c) }

// ShareRings makes a Decoder use what another one knows about rings of io_uring, which
// depends on earlier calls.
func ShareRings(from, with *Decoder) { uring.Share(from, with) }

// SeeFDs makes d call see with every file descriptor before it shows it; dir says that
// paths may be relative to it. A nil see ends that.
func SeeFDs(d *Decoder, see func(fd int, dir bool)) { kernel.SettingsOf(d).SeeFD = see }

// FDUse is what a call does with a file descriptor.
type FDUse = kernel.FDUse

// The bits of FDUse: see there.
const (
	FDDir      = kernel.FDDir
	FDRead     = kernel.FDRead
	FDWritten  = kernel.FDWritten
	FDMapped   = kernel.FDMapped
	FDChanged  = kernel.FDChanged
	FDEntered  = kernel.FDEntered
	FDNew      = kernel.FDNew
	FDClosed   = kernel.FDClosed
	FDReplaced = kernel.FDReplaced
	FDListens  = kernel.FDListens
	FDConnects = kernel.FDConnects
	FDBinds    = kernel.FDBinds
)

// SeeFDUses makes d call see with every file descriptor before it shows it, and with what
// the call does with it. A nil see ends that.
func SeeFDUses(d *Decoder, see func(c *Call, fd int, use FDUse)) {
	kernel.SettingsOf(d).SeeFDUse = see
}

// SeePaths makes d call see with every file name that it has shown, with the directory
// descriptor that the name is relative to, or AT_FDCWD, and with whether the call uses a
// symbolic link of that name itself. The path is valid until see returns.
func SeePaths(d *Decoder, see func(c *Call, dir int, path []byte, link bool)) {
	before := d.AfterPath
	d.AfterPath = func(c *Call, path []byte) {
		if before != nil {
			before(c, path)
		}
		if c.Naming&lang.NamesNothing == 0 {
			see(c, kernel.DirFDOf(c), path, c.Naming&lang.NamesLink != 0)
		}
	}
}

// ShowSiginfo shows the siginfo_t in raw, which has the layout of 64-bit programs:
// PTRACE_GETSIGINFO returns it so, whatever the tracee's ABI.
func ShowSiginfo(c *Call, raw []byte) { kernel.ShowSiginfo(c, raw) }

// A Shape is what types may show, if descriptions tell it.
type Shape = lang.Shape

// ShapeOf returns the shape of types that may all occur in one place.
func ShapeOf(types ...Type) *Shape { return lang.ShapeOf(types...) }

// KnownAtEntry reports whether an argument of that type is known at the enter-stop, that
// is, whether the kernel leaves what it points to unchanged.
func KnownAtEntry(t Type) bool { return lang.DirOf(t) == lang.In }
