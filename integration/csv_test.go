package integration

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestCSV checks that --format=csv has the same content as --json.
func TestCSV(t *testing.T) {
	command := []string{"sh", "-c", "cat /nonexistent 2>/dev/null; kill -USR1 $$"}
	var want []string
	for line := range strings.Lines(trace(t, trapline(t), []string{"-f", "--format=json"}, command...).log) {
		var e struct {
			Event, Name, Signal string
			Error               struct{ Name string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if slices.Contains([]string{"trace", "start", "exec"}, e.Event) {
			continue // CSV has none
		}
		want = append(want, e.Event+" "+e.Name+e.Signal+" "+e.Error.Name)
	}
	log := trace(t, trapline(t), []string{"-f", "--format=csv"}, command...).log
	rows, err := csv.NewReader(strings.NewReader(log)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, log)
	}
	column := func(name string) int { return slices.Index(rows[0], name) }
	var got []string
	for _, row := range rows[1:] {
		got = append(got, row[column("event")]+" "+row[column("name")]+" "+row[column("error")])
	}
	// The order of what two processes do at the same time varies.
	slices.Sort(want)
	slices.Sort(got)
	if len(got) < 50 || !slices.Equal(got, want) {
		t.Errorf("in CSV:\n%q\nin JSON:\n%q", got, want)
	}
	if !slices.Contains(got, "killed SIGUSR1 ") || !slices.Contains(got, "syscall openat ENOENT") {
		t.Errorf("no end by SIGUSR1, or no failed call, in\n%s", log)
	}
}
