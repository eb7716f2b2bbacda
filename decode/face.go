package decode

import (
	"trapline/decode/host"
	"trapline/decode/kernel"
	"trapline/decode/lang"
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

// HostOf gives what d asks of tracees' descriptors and processes.
func HostOf(d *Decoder) host.Host { return kernel.ContextOf(d).Host }

// ProcessOf gives the number that the host knows c's tracee by, 0 if it does not.
func ProcessOf(c *Call) int { return kernel.ProcessOf(c) }

// SeeFDs has see told every file descriptor before d shows it; nil ends that.
func SeeFDs(d *Decoder, see func(fd int)) { kernel.ContextOf(d).SeeFD = see }

// ShowSiginfo shows the siginfo_t in raw, laid out as 64-bit programs have it:
// so PTRACE_GETSIGINFO gives it, whatever the tracee's ABI.
func ShowSiginfo(c *Call, raw []byte) { kernel.ShowSiginfo(c, raw) }
