package kernel

import (
	"trapline/decode/host"
	. "trapline/decode/lang"
)

// Context is what a Decoder is to tell of the kernel's objects, and where it
// learns of them.
type Context struct {
	FDs        FDs      // --decode-fds
	PIDs       PIDs     // --decode-pids
	Namespaces bool     // --namespace=new: which ones processes enter
	VCPUs      VCPUs    // --kvm
	Contexts   Contexts // --secontext

	Host host.Host // what is known of tracees beside their memory

	// SeeFD, if not nil, is told every file descriptor before it is shown.
	SeeFD func(fd int)
}

var contexts = NewDecoderSlot[Context]()

// ContextOf gives the Context of a Decoder.
func ContextOf(d *Decoder) *Context { return contexts.Of(d) }

// VCPUs is what is shown of virtual processors with KVM_RUN (--kvm).
type VCPUs uint8

const (
	VCPUNone  VCPUs = iota
	VCPUExit        // why the processor exited
	VCPUState       // also its struct kvm_run before and after the call
)
