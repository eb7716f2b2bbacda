package kernel

import (
	"trapline/decode/host"
	. "trapline/decode/lang"
)

// Settings select what a Decoder shows of the kernel's objects, and have the
// source of this data.
type Settings struct {
	FDs        FDs      // --decode-fds
	PIDs       PIDs     // --decode-pids
	Namespaces bool     // --namespace=new: which ones processes enter
	VCPUs      VCPUs    // --kvm
	Contexts   Contexts // --secontext

	Rings bool // what io_uring_enter submits and what was completed

	Source host.Host // what is known of tracees beyond their memory: see Host
	Asks   uint64    // how often Host was called

	// SeeFD, if not nil, is called with each file descriptor before it is shown. dir
	// says that paths may be relative to it.
	SeeFD func(fd int, dir bool)

	// SeeFDUse, if not nil, is called with each file descriptor before it is shown,
	// and what the call does with it.
	SeeFDUse func(c *Call, fd int, use FDUse)
}

var settings DecoderSlot[Settings]

// SettingsOf returns the Settings of a Decoder.
func SettingsOf(d *Decoder) *Settings { return settings.Of(d) }

// Host returns what is known of tracees beyond their memory. Asks counts the calls of
// Host, because the same question may have another answer the next time.
func (s *Settings) Host() host.Host {
	s.Asks++
	return s.Source
}

// VCPUs selects what is shown of virtual processors with KVM_RUN (--kvm).
type VCPUs uint8

const (
	VCPUNone  VCPUs = iota
	VCPUExit        // why the processor exited
	VCPUState       // and its struct kvm_run before and after the call
)
