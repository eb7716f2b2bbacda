package decode

import (
	"trapline/decode/host"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/decode/uring"
)

// What a program that decodes calls needs of the packages below.
type (
	// A Decoder holds what the calls of all tracees share.
	Decoder = lang.Decoder
	// A Call is a system call of one tracee on its way from its enter-stop to its
	// exit-stop.
	Call = lang.Call
	// A Signature is what Decoder.Lookup knows of a call.
	Signature = lang.Signature
	// Memory is the memory of one tracee.
	Memory = lang.Memory

	// What has to be kept of a call that is decoded later: see lang.Capture.
	Capture     = lang.Capture
	Detail      = lang.Detail
	Command     = lang.Command
	KeptMemory  = lang.KeptMemory
	NotedMemory = lang.NotedMemory
	Piece       = lang.Piece
	PieceEnd    = lang.PieceEnd
	Moment      = lang.Moment
	Miss        = lang.Miss

	// Single gives access to single arguments of a Call.
	Single = lang.Single
	// A Type says how a value is laid out and shown.
	Type = lang.Type
	// Naming is what a call looks for by a file name: Call.Naming.
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

// The values of what a Capture is made of, and how a Piece ends: see there.
const (
	KeepBytes   = lang.KeepBytes
	KeepString  = lang.KeepString
	KeepCounted = lang.KeepCounted
	KeepBuffers = lang.KeepBuffers
	KeepNull    = lang.KeepNull

	AnyTime     = lang.AnyTime
	BeforeCall  = lang.BeforeCall
	IfSucceeded = lang.IfSucceeded
	AfterCall   = lang.AfterCall

	FromResult = lang.FromResult

	AsksResult = lang.AsksResult
	AsksMemory = lang.AsksMemory

	Whole      = lang.Whole
	AtNUL      = lang.AtNUL
	Unreadable = lang.Unreadable
)

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

// HostOf returns what d asks of tracees' descriptors and processes.
func HostOf(d *Decoder) host.Host { return kernel.SettingsOf(d).Host() }

// Asks is an upper limit of how often d's host has been asked. A call that is decoded
// without asking it looks the same whenever it is decoded: it depends only on its
// arguments, its memory and its result, and on the name of the call that
// restart_syscall resumes.
func Asks(d *Decoder) uint64 { return kernel.SettingsOf(d).Asks }

// ProcessOf returns the number that the host knows c's tracee by, 0 if it does not.
func ProcessOf(c *Call) int { return kernel.ProcessOf(c) }

// ShareRings lets a Decoder know the rings of io_uring that another one knows: what it shows of
// them depends on the calls before.
func ShareRings(from, with *Decoder) { uring.Share(from, with) }

// SeeFDs has see called with every file descriptor before d shows it; dir says that
// paths may be relative to it. nil ends that.
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

// SeeFDUses has see called with every file descriptor before d shows it, and what the
// call does with it. nil ends that.
func SeeFDUses(d *Decoder, see func(c *Call, fd int, use FDUse)) {
	kernel.SettingsOf(d).SeeFDUse = see
}

// SeePaths has see called with every file name that d has shown, the directory
// descriptor that it is relative to, or AT_FDCWD, and whether a symbolic link of that
// name is the file itself. The path is valid until see returns.
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

// ShowSiginfo shows the siginfo_t in raw, laid out as 64-bit programs have it:
// so PTRACE_GETSIGINFO gives it, whatever the tracee's ABI.
func ShowSiginfo(c *Call, raw []byte) { kernel.ShowSiginfo(c, raw) }

// A Shape is what types may show, as far as descriptions say that.
type Shape = lang.Shape

// ShapeOf returns the shape of types that may all stand in one place.
func ShapeOf(types ...Type) *Shape { return lang.ShapeOf(types...) }

// KnownAtEntry reports whether an argument of that type is known at the enter-stop:
// the kernel does not write what it points to.
func KnownAtEntry(t Type) bool { return lang.DirOf(t) == lang.In }
