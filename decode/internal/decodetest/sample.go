package decodetest

import (
	"os"
	"strings"
	"testing"
	"time"

	"trapline/decode"
	"trapline/decode/host"
	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/integration/jsonlines"
	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/tables"
)

// Sample is one call for a test.
type Sample struct {
	Abi    tables.ABI
	Nr     uint64
	Args   [6]uint64
	Sp     uint64
	Mem    Memory
	After  Memory // at the exit-stop, if it is another one
	Ret    int64
	Errno  int
	Full   bool // -v
	Plain  bool // -e verbose=none
	limit  int  // -s, 32 if 0
	Traits decode.Options
	Host   host.Host // nil: nothing is known
}

// Named makes a sample of the call of that name.
func Named(t testing.TB, abi tables.ABI, name string, args ...uint64) Sample {
	t.Helper()
	row := tables.ByName(abi, name)
	if row == nil {
		t.Fatalf("%v has no %s", abi, name)
	}
	s := Sample{Abi: abi, Nr: uint64(row.NR)}
	copy(s.Args[:], args)
	return s
}

// Record runs a sample through the description of its call into the records of a log.
func (s Sample) Record(t testing.TB, looks output.Options) string {
	t.Helper()
	o := s.Traits
	if o.StringLimit = s.limit; o.StringLimit == 0 {
		o.StringLimit = 32
	}
	line := Logged(t, looks, func(trace *output.Record) { s.run(decode.NewDecoder(o, s.Host), trace, nil) })
	s.checkKept(t, looks, o, line)
	return line
}

// run decodes the sample, from kept memory or, if kept is nil, from the sample's own.
func (s Sample) run(d *Decoder, trace *output.Record, kept *keptSample) {
	c := Call{Decoder: d, Out: trace.Encoder, Outcome: trace, Mem: s.Mem, TID: os.Getpid(), ABI: s.Abi, NR: s.Nr, Args: s.Args,
		SP: s.Sp, Sig: d.Lookup(s.Abi, s.Nr), Abbrev: !s.Full, Plain: s.Plain}
	if kept != nil {
		c.Mem = &kept.memory
	}
	c.Begin()
	trace.BeginCall(&output.Header{Time: time.Unix(0, 0), ABI: s.Abi, NR: s.Nr, Name: c.Sig.Name})
	c.Enter()
	trace.Entered()
	trace.Resume(time.Unix(0, 0))
	if kept != nil {
		kept.exit(s)
	} else if s.After != nil {
		c.Mem = s.After
	}
	c.Ret, c.Errno = s.Ret, s.Errno
	if s.Errno != 0 {
		c.Ret = -int64(s.Errno)
	}
	c.Exit()
	c.Result()
	trace.EndCall(&output.Result{})
}

// Text is the sample as a line of strace's text. JSON must agree with it.
func (s Sample) Text(t testing.TB) string {
	t.Helper()
	line := s.Record(t, output.Options{Format: jsonformat.Format})
	if err := jsonlines.Check(line); err != nil {
		t.Errorf("%v: %s", err, line)
	}
	return strings.TrimSuffix(s.Record(t, output.Options{}), "\n")
}

// CheckText compares a sample's text.
func CheckText(t *testing.T, name string, s Sample, want string) {
	t.Helper()
	if got := s.Text(t); got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
	}
}
