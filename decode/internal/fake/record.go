package fake

import (
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	jsonformat "trapline/output/json"
	textformat "trapline/output/text"
	"trapline/tables"
)

// Logged returns what a log contains after write. The log is in memory: files would cost
// more than everything else in a sample.
func Logged(t testing.TB, looks output.Options, write func(trace *output.Record)) string {
	t.Helper()
	fd, err := unix.MemfdCreate("log", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fd), "log")
	defer file.Close()
	looks.Statuses = output.AllStatuses
	if looks.Format == nil {
		looks.Format = textformat.Format
	}
	log, err := output.OpenLog(output.Destination{Name: fmt.Sprintf("/proc/self/fd/%d", fd)}, looks)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := log.Record(1)
	if err != nil {
		t.Fatal(err)
	}
	write(trace)
	trace.Close()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// BareDecoder makes a Decoder that knows no call and no host.
func BareDecoder() *Decoder {
	d := NewDecoderOf(Catalogue{Describe: func(tables.ABI, uint64) *Desc { return nil }}, 32)
	SettingsOf(d).Source = host.Unknown{}
	return d
}

// Encoded is what show writes, as text.
func Encoded(t testing.TB, show func(c *Call)) string {
	t.Helper()
	return Logged(t, output.Options{}, func(trace *output.Record) {
		trace.BeginSignal(time.Unix(0, 0), "")
		d := BareDecoder()
		show(&Call{Decoder: d, Out: trace.Encoder, Outcome: trace, TID: os.Getpid(), Sig: d.Lookup(tables.X86_64, 0)})
		trace.EndSignal()
	})
}

// RecordValue returns the record of a call whose one argument show writes.
func RecordValue(t testing.TB, looks output.Options, mem Memory, show func(c *Call)) string {
	t.Helper()
	return Logged(t, looks, func(trace *output.Record) {
		d := BareDecoder()
		c := Call{Decoder: d, Out: trace.Encoder, Outcome: trace, Mem: mem, TID: 1, ABI: tables.X86_64, Abbrev: looks.Format != jsonformat.Format, Sig: d.Lookup(tables.X86_64, 0)}
		c.Begin()
		trace.BeginCall(&output.Header{Name: "call"})
		trace.Arg("value", output.NameOptional)
		show(&c)
		trace.Return()
		trace.Number(0, output.Signed)
		trace.EndCall(&output.Result{})
	})
}
