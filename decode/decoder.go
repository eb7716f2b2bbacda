package decode

import (
	"sync"

	"trapline/decode/host"
	"trapline/decode/kernel"
	"trapline/decode/lang"
	"trapline/tables"
)

// Options say how much of a call is shown. The zero value shows what strace
// shows by default, except StringLimit, which is 0.
type Options struct {
	StringLimit int      // -s: bytes shown of a string, 32 by default
	FDs         FDs      // --decode-fds
	PIDs        PIDs     // --decode-pids
	Namespaces  bool     // --namespace=new: which ones processes enter
	VCPUs       VCPUs    // --kvm
	Contexts    Contexts // --secontext
	Rings       bool     // --io-uring: what lies in the rings of io_uring_enter
}

// NewDecoder makes a Decoder that asks h what descriptors, processes and sockets
// are. If h is nil, nothing is known of them: they are shown by their numbers
// alone.
func NewDecoder(o Options, h host.Host) *Decoder {
	if h == nil {
		h = host.Unknown{}
	}
	d := lang.NewDecoderOf(lang.Catalogue{Describe: descriptionOf, DescribeInner: description, Resuming: "restart_syscall"}, o.StringLimit)
	*kernel.SettingsOf(d) = kernel.Settings{FDs: o.FDs, PIDs: o.PIDs, Namespaces: o.Namespaces, VCPUs: o.VCPUs, Contexts: o.Contexts, Rings: o.Rings, Source: h}
	if o.Contexts != 0 {
		d.AfterPath = kernel.ContextOfPath
	}
	return d
}

// Renew returns a Decoder like d, with the same host, but without anything that d has
// remembered.
func Renew(d *Decoder) *Decoder {
	n := d.Renewed()
	*kernel.SettingsOf(n) = *kernel.SettingsOf(d)
	return n
}

// place says where the description of a call is: in which of subsystems, in which of its
// groups, whether that is a list for one ABI only, and the index in the list.
type place struct {
	subsystem, group uint8
	own              bool
	call             uint8
}

// noPlace is the place of calls without a description.
const noPlace = 1<<16 - 1

// packed is a place in the form that callIndex uses.
func (p place) packed() uint16 {
	n := uint16(p.subsystem)<<13 | uint16(p.group)<<8 | uint16(p.call)<<1
	if p.own {
		n |= 1
	}
	return n
}

// unpack is the inverse of packed.
func unpack(n uint16) place {
	return place{uint8(n >> 13), uint8(n >> 8 & 0x1f), n&1 != 0, uint8(n >> 1 & 0x7f)}
}

// calls is the list that contains the place.
func (p place) calls(abi tables.ABI) lang.Calls {
	g := &(*subsystems[p.subsystem])[p.group]
	switch {
	case !p.own:
		return g.Both
	case abi == tables.I386:
		return g.I386
	}
	return g.X86
}

// descriptionOf finds the description of a call by its ABI and number, or returns nil. The
// index makes sure that no other descriptions are touched.
func descriptionOf(abi tables.ABI, nr uint64) *lang.Desc {
	if index := callIndex[abi]; nr < uint64(len(index)) && index[nr] != noPlace {
		p := unpack(index[nr])
		return &p.calls(abi)[p.call]
	}
	return nil
}

// descriptions are an ABI's descriptions by the names of calls. They are gathered when
// first needed: for calls inside multiplexers, which may have no numbers.
var descriptions [tables.NumABI]struct {
	once   sync.Once
	byName map[string]*lang.Desc
}

// description finds the description of a call by its ABI and name, or returns nil.
func description(abi tables.ABI, name string) *lang.Desc {
	t := &descriptions[abi]
	t.once.Do(func() {
		t.byName = make(map[string]*lang.Desc, 512)
		for _, groups := range subsystems {
			lang.Gather(t.byName, abi, *groups)
		}
	})
	return t.byName[name]
}
