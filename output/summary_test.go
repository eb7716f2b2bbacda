package output_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/output/outputtest"
	"trapline/output/text"
	"trapline/tables"
)

// summary returns what a Log writes of a summary.
func summary(t *testing.T, f *output.Format, s *output.Summary) string {
	t.Helper()
	return outputtest.Record(t, output.Options{Format: f}, func(l *output.Log) { l.Summary(s) })
}

func TestSummary(t *testing.T) {
	s := output.Summary{Columns: output.DefaultColumns, Sort: output.ColumnPercent, Overhead: time.Microsecond}
	us := time.Microsecond
	s.Count(tables.X86_64, 0, "read", 31*us, 100*us, false)
	s.Count(tables.X86_64, 0, "read", 11*us, 200*us, true)
	s.Count(tables.X86_64, 1, "write", 121*us, 1*us, false)
	s.Count(tables.X86_64, 2, "open", 0, 1*us, true)
	s.Count(tables.X86_64, 500, "a_very_long_name_of_a_call", 0, 2*us, false)
	want := `
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ---------------------------
 75.00    0.000120         120         1           write
 25.00    0.000040          20         2         1 read
  0.00    0.000000           0         1         1 open
  0.00    0.000000           0         1           a_very_long_name_of_a_call
------ ----------- ----------- --------- --------- ---------------------------
100.00    0.000160          32         5         2 total
`
	if got := "\n" + summary(t, text.Format, &s); got != want {
		t.Errorf("got%swant%s", got, want)
	}

	s.Columns, _ = output.ParseColumns("name,min_time,longest,wall-total,wall-min,wall-max,wall-avg")
	s.Sort = output.ColumnName
	want = `
syscall                     shortest  longest  wall-total wall-min wall-max    wall-avg
--------------------------- -------- -------- ----------- -------- -------- -----------
a_very_long_name_of_a_call  0.000000 0.000000    0.000001 0.000001 0.000001           1
open                        0.000000 0.000000    0.000000 0.000000 0.000000           0
read                        0.000010 0.000030    0.000298 0.000099 0.000199         149
write                       0.000120 0.000120    0.000000 0.000000 0.000000           0
--------------------------- -------- -------- ----------- -------- -------- -----------
total                       0.000000 0.000120    0.000299 0.000000 0.000199          59
`
	if got := "\n" + summary(t, text.Format, &s); got != want {
		t.Errorf("got%swant%s", got, want)
	}

	for line := range strings.Lines(summary(t, jsonformat.Format, &s)) {
		var v struct {
			Event, Name, ABI string
			Calls, Errors    int
			Wall             struct{ Total, Shortest, Longest int } `json:"wall_ns"`
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		if v.Name == "read" && (v.Event != "summary" || v.ABI != "x86_64" || v.Calls != 2 || v.Errors != 1 ||
			v.Wall.Total != 298000 || v.Wall.Shortest != 99000 || v.Wall.Longest != 199000) {
			t.Errorf("got %s", line)
		}
	}
}

func TestSummaryABIs(t *testing.T) {
	s := output.Summary{Columns: []output.Column{output.ColumnCalls, output.ColumnName}, WallClock: true}
	if got := summary(t, text.Format, &s); got != "" {
		t.Errorf("without calls: %s", got)
	}
	s.Count(tables.I386, 4, "write", 0, time.Second, false)
	s.Count(tables.X86_64, 1, "write", 0, time.Second, false)
	s.Count(tables.X86_64, 0, "read", 0, 0, false)
	want := `
    calls syscall
--------- ----------------
        1 read
        1 write
--------- ----------------
        2 total
System call usage summary for 32 bit mode:
    calls syscall
--------- ----------------
        1 write
--------- ----------------
        1 total
`
	if got := "\n" + summary(t, text.Format, &s); got != want {
		t.Errorf("got%swant%s", got, want)
	}
}

func TestSummarySort(t *testing.T) {
	for _, tt := range []struct{ by, want string }{
		{"time", "c a b"},
		{"min_time", "c b a"},
		{"max-time", "a c b"},
		{"avg_time", "c a b"},
		{"calls", "a b c"},
		{"errors", "b c a"},
		{"syscall-name", "a b c"},
		{"total-wall", "b a c"},
		{"wall_min", "b c a"},
		{"wall_max", "b a c"},
		{"wall_avg", "b a c"},
		{"nothing", "b c a"},
	} {
		by, err := output.ParseSort(tt.by)
		if err != nil {
			t.Fatal(err)
		}
		s := output.Summary{Columns: []output.Column{output.ColumnName}, Sort: by}
		s.Count(tables.X86_64, 9, "a", 1, 1, false)
		s.Count(tables.X86_64, 9, "a", 10, 10, false)
		s.Count(tables.X86_64, 1, "b", 2, 90, true)
		s.Count(tables.X86_64, 2, "c", 9, 3, false)
		if tt.by == "time" {
			s.Count(tables.X86_64, 2, "c", 9, 3, false)
		}
		lines := strings.Split(summary(t, text.Format, &s), "\n")
		if got := strings.Join(lines[2:5], " "); got != tt.want {
			t.Errorf("by %s: got %s, want %s", tt.by, got, tt.want)
		}
	}
}

func TestSummaryErrors(t *testing.T) {
	if _, err := output.ParseSort("size"); err == nil || err.Error() != "invalid sortby: 'size'" {
		t.Errorf("sort: %v", err)
	}
	for in, want := range map[string]string{
		"":                   "unknown column name: ''",
		"calls,none":         "unknown column name: 'none'",
		"calls,count,errors": "call summary column has been provided more than once: 'count' (-U option residual: 'count,errors')",
	} {
		if _, err := output.ParseColumns(in); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", in, err, want)
		}
	}
}
