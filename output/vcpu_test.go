package output_test

import (
	"strings"
	"testing"

	"trapline/output"
	"trapline/output/outputtest"
)

func vcpu(tr *output.Record) {
	tr.BeginCall(&output.Header{Time: outputtest.Start, Name: "f"})
	tr.Entered()
	tr.Resume(outputtest.Start)
	tr.Return()
	tr.Number(0, output.Signed)
	for _, left := range []bool{false, true} {
		tr.BeginVCPU(3, left)
		tr.BeginStruct()
		tr.Field("n")
		tr.Number(7, output.Unsigned)
		tr.EndStruct()
		tr.EndVCPU()
	}
	tr.EndCall(&output.Result{Tampered: "INJECTED"})
}

func TestVCPU(t *testing.T) {
	got := record(t, output.Options{Statuses: output.AllStatuses}, func(l *output.Log) { vcpu(outputtest.NewRecord(t, l, 7)) })
	if want := "f() = 0 (INJECTED)\n VCPU:3< {n=7}\n VCPU:3> {n=7}\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := record(t, output.Options{Statuses: output.Failed}, func(l *output.Log) { vcpu(outputtest.NewRecord(t, l, 7)) }); got != "" {
		t.Errorf("a call that is not wanted: got\n%s", got)
	}
	line := recordJSON(t, output.Options{Statuses: output.AllStatuses}, func(l *output.Log) { vcpu(outputtest.NewRecord(t, l, 7)) })[0]
	want := `"ret":0,"vcpu":[{"cpu":3,"value":{"n":{"value":7}}},{"cpu":3,"left":true,"value":{"n":{"value":7}}}],"tampered":"INJECTED","duration_ns":0}`
	if !strings.HasSuffix(line, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", line, want)
	}
}
