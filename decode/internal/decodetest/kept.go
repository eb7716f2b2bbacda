package decodetest

import (
	"os"
	"testing"

	"trapline/decode"
	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/output"
)

// Every sample is decoded a second time, from what the capture of its call keeps: the
// text must be the same, and nothing else may be read.

// keptSample is the memory of a sample that was kept.
type keptSample struct {
	memory  KeptMemory
	capture *Capture
	tooMuch bool // it is too much to be kept
}

// exit keeps what is kept after the call.
func (k *keptSample) exit(s Sample) {
	after := s.After
	if after == nil {
		after = s.Mem
	}
	if after != nil {
		k.tooMuch = !k.memory.PerformAfter(after, k.capture.Ops, &s.Args, s.Ret, s.Errno != 0)
	}
	k.memory.Exit()
}

// checkKept compares line with the record that is made from the sample's kept memory, if
// the capture is complete.
func (s Sample) checkKept(t testing.TB, looks output.Options, o decode.Options, line string) {
	t.Helper()
	d := decode.NewDecoder(o, s.Host)
	k, again, asked := s.fromKept(t, looks, d)
	if k == nil {
		return
	}
	if n, first := k.memory.Misses(); n > 0 {
		t.Errorf("%d reads of memory that was not kept, the first of %+v; ops %+v\nfor %.500s", n, first, k.capture.Ops, line)
	}
	if again != line {
		t.Errorf("from kept memory: ops %+v\ngot  %.500s\nwant %.500s", k.capture.Ops, again, line)
	}
	if asked {
		return
	}
	// The host was not asked, so neither the host nor earlier calls make a difference: see
	// decode.Asks.
	for what, d := range map[string]*decode.Decoder{"once more": d, "without a host": decode.NewDecoder(o, nil)} {
		if _, again, _ := s.fromKept(t, looks, d); again != line {
			t.Errorf("decoded %s, although it asks nothing:\ngot  %.500s\nwant %.500s", what, again, line)
		}
	}
}

// fromKept returns the record made from the sample's kept memory, and whether the host was
// asked for it. k is nil if that is not possible.
func (s Sample) fromKept(t testing.TB, looks output.Options, d *decode.Decoder) (k *keptSample, line string, asked bool) {
	t.Helper()
	k = &keptSample{memory: KeptMemory{SP: s.Sp}, capture: d.CaptureFor(s.Abi, s.Nr, &s.Args, Detail{Abbrev: !s.Full, Plain: s.Plain})}
	call := Call{Decoder: d, ABI: s.Abi, NR: s.Nr, Args: s.Args, TID: os.Getpid()}
	if k.capture.Gap != "" || k.capture.Special != 0 && decode.IsSpecial(&call) {
		return nil, "", false
	}
	if s.Mem != nil && !k.memory.PerformBefore(s.Mem, k.capture.Ops, &s.Args) {
		return nil, "", false
	}
	asks := decode.Asks(d)
	line = Logged(t, looks, func(trace *output.Record) { s.run(d, trace, k) })
	if k.tooMuch {
		return nil, "", false
	}
	return k, line, decode.Asks(d) != asks
}
