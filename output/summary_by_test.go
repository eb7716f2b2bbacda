package output_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"trapline/output"
	csvformat "trapline/output/csv"
	jsonformat "trapline/output/json"
	"trapline/output/outputtest"
	"trapline/output/text"
	"trapline/tables"
)

// paths is a summary by paths, of calls that overlapped.
func paths() *output.Summary {
	s := &output.Summary{
		Columns: []output.Column{output.ColumnPercent, output.ColumnTime, output.ColumnCalls, output.ColumnP50, output.ColumnP99, output.ColumnName},
		Sort:    output.ColumnPercent, WallClock: true, By: output.ByPath, Percentiles: true, Overlaps: true, Histogram: true,
	}
	ms := time.Millisecond
	s.Count(tables.X86_64, 0, "/größe,\x1b", 0, 30*ms, false)
	s.Count(tables.X86_64, 0, "/größe,\x1b", 0, 30*ms, true)
	s.Count(tables.X86_64, 0, output.NoKey, 0, 40*ms, false)
	s.Elapsed, s.Overlapped = 50*ms, true
	return s
}

func TestSummaryByPath(t *testing.T) {
	const want = `
% time     seconds     calls p50 usecs p99 usecs path
------ ----------- --------- --------- --------- ----------------
 60.00    0.060000         2   30000.0   30000.0 /größe,\33
 40.00    0.040000         1   40000.0   40000.0 -
------ ----------- --------- --------- --------- ----------------
100.00    0.050000         3   30000.0   40000.0 total
Calls overlapped: at least one was in progress for 0.050000 seconds, and all durations add up to 0.100000.

/größe,\33:
  16.8ms to 33.6ms           2 |########################################

-:
  33.6ms to 67.1ms           1 |########################################
`
	got := "\n" + outputtest.Record(t, output.Options{Format: text.Format, ReadableNames: true}, func(l *output.Log) { l.Summary(paths()) })
	if got != want {
		t.Errorf("got%swant%s", got, want)
	}
	if got := summary(t, text.Format, paths()); !strings.Contains(got, `/gr\303\266\303\237e,\33:`) {
		t.Errorf("without a locale of UTF-8 there is no octal in\n%s", got)
	}
	rows := summary(t, csvformat.Format, paths())
	if want := "abi,path,calls,errors,cpu,cpu_shortest,cpu_longest,wall,wall_shortest,wall_longest,p50,p95,p99\n" +
		`x86_64,"/gr\303\266\303\237e,\33",2,1,`; !strings.HasPrefix(rows, want) {
		t.Errorf("got %s, want %s", rows, want)
	}
}

// The columns of a summary are aligned on a terminal, where a letter may take two columns
// or none.
func TestSummaryOfWideNames(t *testing.T) {
	const want = `
path                 calls
---------------- ---------
éé                       1
日本語                   1
---------------- ---------
total                    2

`
	s := &output.Summary{Columns: []output.Column{output.ColumnName, output.ColumnCalls}, Sort: output.ColumnPercent, By: output.ByPath}
	s.Count(tables.X86_64, 0, "日本語", 0, 2, false)
	s.Count(tables.X86_64, 0, "e\u0301e\u0301", 0, 1, false)
	got := "\n" + outputtest.Record(t, output.Options{Format: text.Format, ReadableNames: true}, func(l *output.Log) { l.Summary(s) }) + "\n"
	if got != want {
		t.Errorf("got%swant%s", got, want)
	}
}

func TestSummaryByPathInJSON(t *testing.T) {
	lines := outputtest.Lines(t, summary(t, jsonformat.Format, paths()))
	if len(lines) != 3 {
		t.Fatalf("%d lines", len(lines))
	}
	var row struct {
		Event       string
		Path        *string
		Percentiles map[string]int64 `json:"percentiles_ns"`
		Histogram   []struct {
			From  int64 `json:"from_ns"`
			To    int64 `json:"to_ns"`
			Calls int
		}
		Elapsed    int64 `json:"elapsed_ns"`
		Overlapped bool
	}
	if err := json.Unmarshal([]byte(lines[0]), &row); err != nil {
		t.Fatal(err)
	}
	if row.Event != "summary" || *row.Path != "/größe,\x1b" || row.Percentiles["p50"] != 30000000 || len(row.Histogram) != 1 || row.Histogram[0].Calls != 2 {
		t.Errorf("a row is %s", lines[0])
	}
	if !strings.Contains(lines[1], `"path":null,`) {
		t.Errorf("the row of calls without a path is %s", lines[1])
	}
	if err := json.Unmarshal([]byte(lines[2]), &row); err != nil {
		t.Fatal(err)
	}
	if row.Event != "summary_total" || row.Elapsed != 50e6 || !row.Overlapped {
		t.Errorf("the last record is %s", lines[2])
	}
}

// The tables of the parts of a trace add up to the table of the whole.
func TestMergedSummaries(t *testing.T) {
	whole := output.Summary{Columns: output.DefaultColumns, Percentiles: true}
	total := whole.Empty()
	for part := range 3 {
		p := total.Empty()
		for i := range part + 2 {
			for _, s := range []*output.Summary{p, &whole} {
				s.Count(tables.X86_64, uint64(i), string(rune('a'+i)), time.Duration(i*part)*time.Millisecond, time.Duration(7*i+part)*time.Microsecond, i == 1)
			}
		}
		total.Merge(p)
	}
	whole.Columns, _ = output.ParseColumns("name,calls,errors,total-time,min-time,max-time,wall-total,wall-min,wall-max,p50,p95,p99")
	total.Columns = whole.Columns
	if got, want := summary(t, text.Format, total), summary(t, text.Format, &whole); got != want || !strings.Contains(got, "total") {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
