package decode_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/output"
	csvformat "trapline/output/csv"
	jsonformat "trapline/output/json"
	"trapline/tables"
)

// TestCSV writes every call as CSV and as JSON, and compares what their readers find.
func TestCSV(t *testing.T) {
	pointers := []byte{0x10, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 'a', ',', '"', '\n'}
	for _, abi := range []tables.ABI{tables.X86_64, tables.I386} {
		for row := range tables.Syscalls(abi) {
			for _, errno := range []int{0, 2} {
				s := Sample{Abi: abi, Nr: uint64(row.NR), Args: [6]uint64{3, 0x1010, 0x1020, 0x1010, 8, 0x1030}, Ret: 1, Errno: errno}
				s.Mem = &HostileMemory{Bytes: pointers, End: 0x1800}
				compareCSV(t, s)
			}
		}
	}
}

func compareCSV(t *testing.T, s Sample) {
	t.Helper()
	log := s.Record(t, output.Options{Format: csvformat.Format})
	rows, err := csv.NewReader(strings.NewReader(log)).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Errorf("%d rows, %v:\n%s", len(rows), err, log)
		return
	}
	got := map[string]string{}
	for i, title := range rows[0] {
		got[title] = rows[1][i]
	}
	var r struct {
		Event, Name string
		PID         int
		Ret         any
		Error       *struct{ Name string }
	}
	line := s.Record(t, output.Options{Format: jsonformat.Format})
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&r); err != nil {
		t.Errorf("%v: %s", err, line)
		return
	}
	want := map[string]string{"event": r.Event, "name": r.Name, "pid": fmt.Sprint(r.PID), "error": ""}
	if r.Error != nil {
		want["error"] = r.Error.Name
	}
	for column := range want {
		if got[column] != want[column] {
			t.Errorf("%s is %q, in JSON %q:\n%s%s", column, got[column], want[column], log, line)
		}
	}
	// Numbers may be in another base.
	if ret, ok := r.Ret.(json.Number); ok {
		var n int64
		if _, err := fmt.Sscan(strings.Split(got["result"], "<")[0], &n); err != nil || ret.String() != fmt.Sprint(n) {
			t.Errorf("result is %q, in JSON %v:\n%s%s", got["result"], r.Ret, log, line)
		}
	}
}
