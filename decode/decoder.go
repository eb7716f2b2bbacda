package decode

import (
	"sync"

	"trapline/decode/host"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/tables"
)

// Options say how much of a call is shown. The zero value shows what strace
// shows by default, but for StringLimit.
type Options struct {
	StringLimit int      // -s: bytes shown of a string, 32 by default
	FDs         FDs      // --decode-fds
	PIDs        PIDs     // --decode-pids
	Namespaces  bool     // --namespace=new: which ones processes enter
	VCPUs       VCPUs    // --kvm
	Contexts    Contexts // --secontext
}

// NewDecoder makes a Decoder that asks h what descriptors, processes and sockets
// are. If h is nil, nothing is known of them: they are shown by their numbers
// alone.
func NewDecoder(o Options, h host.Host) *Decoder {
	if h == nil {
		h = host.Unknown{}
	}
	d := lang.NewDecoderOf(lang.Catalogue{Describe: description, Resuming: "restart_syscall"}, o.StringLimit)
	*kernel.ContextOf(d) = kernel.Context{FDs: o.FDs, PIDs: o.PIDs, Namespaces: o.Namespaces, VCPUs: o.VCPUs, Contexts: o.Contexts, Host: h}
	if o.Contexts != 0 {
		d.AfterPath = kernel.ContextOfPath
	}
	return d
}

// descriptions are found by the names of calls. Each ABI's are gathered when
// they are first needed.
var descriptions [tables.NumABI]struct {
	once   sync.Once
	byName map[string]*lang.Desc
}

// description finds the description of the call that an ABI knows by name, or
// gives nil.
func description(abi tables.ABI, name string) *lang.Desc {
	t := &descriptions[abi]
	t.once.Do(func() { t.byName = lang.Gather(abi, subsystems()) })
	return t.byName[name]
}
