package output_test

import (
	"bytes"
	"testing"

	"trapline/output"
	"trapline/output/outputtest"
)

func dump(tr *output.Record) {
	tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
	tr.Entered()
	tr.Resume(outputtest.Start)
	tr.Return()
	tr.Number(18, output.Signed)
	tr.Dump(output.DumpPart{Kind: output.DumpMessage, Index: 1, Size: 2})
	tr.Dump(output.DumpPart{Kind: output.DumpBuffer, Index: 0, Size: 18})
	tr.Dump(output.DumpPart{Kind: output.DumpData, Offset: 0, Size: 18, Data: []byte("0123456789abcde~\x00\x7f")})
	tr.Dump(output.DumpPart{Kind: output.DumpBuffer, Index: 1, Size: 1<<20 + 17})
	tr.Dump(output.DumpPart{Kind: output.DumpData, Offset: 1 << 20, Size: 1<<20 + 17, Data: []byte("x")})
	tr.Dump(output.DumpPart{Kind: output.DumpLost, Addr: 0x1000, Size: 16})
	tr.EndCall(&output.Result{})
}

func TestDump(t *testing.T) {
	got := record(t, output.Options{Statuses: output.AllStatuses}, func(l *output.Log) { dump(outputtest.NewRecord(t, l, 7)) })
	want := `f() = 18
 = 2 buffers in vector 1
 * 18 bytes in buffer 0
 | 00000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 7e  0123456789abcde~ |
 | 00010  00 7f                                             ..               |
 * 1048593 bytes in buffer 1
 | 100000  78                                                x                |
 | <Cannot fetch 16 bytes from pid 7 @0x1000>
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	got = record(t, output.Options{Statuses: output.Failed}, func(l *output.Log) { dump(outputtest.NewRecord(t, l, 7)) })
	if got != "" {
		t.Errorf("a call that is not wanted: got\n%s", got)
	}
	line := []byte(recordJSON(t, output.Options{Statuses: output.AllStatuses}, func(l *output.Log) { dump(outputtest.NewRecord(t, l, 7)) })[0])
	if want := []byte(`"ret":18,"dump":[{"message":1,"buffers":2},{"buffer":0,"size":18},` +
		`{"offset":0,"length":18,"hex":"303132333435363738396162636465` + `7e007f"},` +
		`{"buffer":1,"size":1048593},{"offset":1048576,"length":1,"hex":"78"},` +
		`{"unreadable":"0x1000","length":16}],"duration_ns":0}`); !bytes.HasSuffix(line, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", line, want)
	}
}
