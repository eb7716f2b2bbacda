package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"trapline/integration/jsonlines"

	"trapline/integration/need"
)

// row is a record of a summary in JSON.
type row struct {
	Event, Name, Comm, Errno, FD, PID string
	Path                              *string
	Calls, Errors                     int
	Percentiles                       map[string]int64               `json:"percentiles_ns"`
	Wall                              struct{ Total, Longest int64 } `json:"wall_ns"`
	Elapsed                           int64                          `json:"elapsed_ns"`
	From                              int64                          `json:"from_ns"`
	To                                int64                          `json:"to_ns"`
	Overlapped                        bool
}

// rows parses the summary in a trace in JSON.
func rows(t *testing.T, log string) (all []row) {
	t.Helper()
	for line := range strings.Lines(log) {
		if err := jsonlines.Check(line); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if !strings.Contains(line, `"event":"summary`) {
			continue
		}
		var r row
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, r)
	}
	return all
}

// The rows of a summary are what --summary-by says, and add up to the calls made.
func TestSummaryBy(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "größe")
	if err := os.WriteFile(file, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := "cd " + dir + "; cat größe größe >/dev/null; cat /does/not/exist 2>/dev/null; true"
	by := func(key string) []row {
		return rows(t, trace(t, trapline(t), []string{"-c", "-f", "--json", "--summary-by=" + key, "-e", "trace=openat,read,close"}, "sh", "-c", script).log)
	}
	find := func(all []row, is func(row) bool) (found row) {
		for _, r := range all {
			if r.Event == "summary" && is(r) {
				found = r
			}
		}
		return found
	}
	if r := find(by("path"), func(r row) bool { return r.Path != nil && *r.Path == file }); r.Calls < 6 || r.Errors != 0 {
		t.Errorf("%s is used by %d calls, want 2 of openat, read and close each: %+v", file, r.Calls, r)
	}
	if r := find(by("path"), func(r row) bool { return r.Path != nil && *r.Path == "/does/not/exist" }); r.Calls != 1 || r.Errors != 1 {
		t.Errorf("the file that does not exist is used by %+v", r)
	}
	if r := find(by("errno"), func(r row) bool { return r.Errno == "ENOENT" }); r.Calls == 0 || r.Calls != r.Errors {
		t.Errorf("calls that fail with ENOENT: %+v", r)
	}
	if r := find(by("comm"), func(r row) bool { return r.Comm == "cat" }); r.Calls < 10 {
		t.Errorf("calls of cat: %+v", r)
	}
	if r := find(by("fd"), func(r row) bool { return r.FD == "3" }); r.Calls < 6 {
		t.Errorf("calls on descriptor 3: %+v", r)
	}
	pids := 0
	for _, r := range by("pid") {
		if r.Event == "summary" {
			pids++
		}
	}
	if pids != 3 {
		t.Errorf("%d processes, want 3", pids)
	}
	text := trace(t, trapline(t), []string{"-c", "--summary-by=errno", "-e", "trace=access,openat"}, "true").log
	if !strings.Contains(text, " errors errno\n") {
		t.Errorf("no column of errors in\n%s", text)
	}
}

// Percentiles are of the time that the calls took; overlapping time counts once.
func TestSummaryOfOverlappingCalls(t *testing.T) {
	need.All(t, need.Unbuffered) // calls that do not stop are not seen when they begin
	longer(t, func(seconds string) error {
		script := "sleep " + seconds + " & sleep " + seconds + " & wait"
		return errors.Join(overlappingRows(t, script, seconds), overlappingTable(t, script))
	})
	flags := []string{"-c", "-w", "-f", "-e", "trace=clock_nanosleep"}
	if text := trace(t, trapline(t), flags, "sh", "-c", "sleep 0.3 & sleep 0.3 & wait").log; strings.Contains(text, "overlap") {
		t.Errorf("strace's table has changed:\n%s", text)
	}
}

// overlappingRows checks the rows of a script that sleeps twice at the same time.
func overlappingRows(t *testing.T, script, seconds string) error {
	slept, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return err
	}
	least := int64(slept) - 10e6
	all := rows(t, traceFor(t, 5*time.Minute, trapline(t), []string{"-c", "-f", "--json", "-e", "trace=wait4,clock_nanosleep"}, "sh", "-c", script).log)
	total := all[len(all)-1]
	var sum int64
	for _, r := range all[:len(all)-1] {
		sum += r.Wall.Total
		if r.Name == "clock_nanosleep" {
			if p := r.Percentiles["p50"]; r.Calls != 2 || p < least || p > r.Wall.Longest+r.Wall.Longest/30 {
				t.Errorf("half of the sleeps took up to %d ns: %+v", p, r)
			}
		}
	}
	if total.Event != "summary_total" || total.Elapsed < least {
		t.Errorf("the last row is %+v", total)
	}
	if !total.Overlapped || total.Elapsed >= sum || total.Elapsed > sum*3/4 {
		return fmt.Errorf("calls were in progress for %d ns, and took %d one by one", total.Elapsed, sum)
	}
	return nil
}

// overlappingTable is overlappingRows for the table.
func overlappingTable(t *testing.T, script string) error {
	flags := []string{"-c", "-w", "-f", "-e", "trace=clock_nanosleep", "-U", "time-percent,total-time,calls,p99,name"}
	note := "Calls overlapped: at least one was in progress for "
	text := traceFor(t, 5*time.Minute, trapline(t), flags, "sh", "-c", script).log
	m := regexp.MustCompile(`(?m)^100\.00 +([\d.]+) +2 +[\d.]+ total\n` + note + `([\d.]+) seconds, and all durations add up to ([\d.]+)\.$`).FindStringSubmatch(text)
	if m == nil || m[1] != m[2] || m[2] >= m[3] {
		return fmt.Errorf("the table does not say that calls overlap:\n%s", text)
	}
	return nil
}

// --every writes tables while the command runs; together they are the last one.
func TestSummaryEvery(t *testing.T) {
	flags := []string{"-c", "--every=100ms", "--json", "-f", "-e", "trace=clone,clone3,vfork,wait4"}
	all := rows(t, trace(t, trapline(t), flags, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 0.1; done").log)
	var parts, calls, tables, until = 0, 0, 0, int64(0)
	for _, r := range all {
		if r.Event == "summary_total" {
			tables++
			until = max(until, r.To)
		}
	}
	from := all[len(all)-1].From
	last := 0
	for _, r := range all {
		switch {
		case r.Event != "summary" || r.Name != "wait4":
		case r.From == from && r.To == until:
			last = r.Calls
		default:
			parts++
			calls += r.Calls
		}
	}
	if tables < 4 || parts < 2 || last < 12 || last != calls && parts > 1 && calls < last {
		t.Errorf("%d tables; %d of them have %d calls of wait4, the last one has %d", tables, parts, calls, last)
	}
}

// At SIGUSR1 trapline prints a table of all calls so far, and the trace continues.
func TestSummaryOnSignal(t *testing.T) {
	need.All(t, need.Live) // the table is read before the end
	log := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(trapline(t), "-c", "-o", log, "-e", "trace=read", "sh", "-c", "echo ready; read x; read x")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stdout.Read(make([]byte, 10))
	stdin.Write([]byte("1\n"))
	content := func() string {
		b, _ := os.ReadFile(log)
		return string(b)
	}
	awaitHandler(t, cmd.Process.Pid, syscall.SIGUSR1)
	cmd.Process.Signal(syscall.SIGUSR1)
	for !strings.Contains(content(), "total\n") {
		time.Sleep(10 * time.Millisecond)
	}
	if got := content(); !regexp.MustCompile(`^The first \d+\.\d{3} seconds:\n% time`).MatchString(got) {
		t.Errorf("the table is\n%s", got)
	}
	stdin.Write([]byte("2\n"))
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := content(); strings.Count(got, " total\n") != 2 {
		t.Errorf("after the end there are the tables\n%s", got)
	}
}

// A table that is written while nothing happens is of that time, not of the last event.
func TestSummaryOnSignalMuchLater(t *testing.T) {
	need.All(t, need.Live)
	for _, flags := range [][]string{{"-c"}, {"-c", "-f", "--buffered=always"}, {"-c", "--record=" + filepath.Join(t.TempDir(), "recording")}} {
		t.Run(strings.Split(strings.Join(flags, " "), "=/")[0], func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			const script = "i=0; while [ $i -lt 200 ]; do i=$((i+1)); cd /; done; echo ready; read x"
			cmd := exec.Command(trapline(t), append(flags, "-o", log, "sh", "-c", script)...)
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			started := time.Now()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			stdout.Read(make([]byte, 10))
			ready := time.Now()
			awaitHandler(t, cmd.Process.Pid, syscall.SIGUSR1)
			time.Sleep(2*ready.Sub(started) + 200*time.Millisecond) // longer than until the last event
			waited := time.Since(ready)
			cmd.Process.Signal(syscall.SIGUSR1)
			var table []byte
			for !strings.Contains(string(table), "total\n") {
				time.Sleep(10 * time.Millisecond)
				table, _ = os.ReadFile(log)
			}
			var seconds float64
			fmt.Sscanf(string(table), "The first %f seconds:", &seconds)
			if seconds < waited.Seconds()-0.001 {
				t.Errorf("%v after all but the last call the table is\n%s", waited, table)
			}
			stdin.Close()
			cmd.Wait()
		})
	}
}

// With -c -ff each process has a table in a file of its own.
func TestSummaryOfEachProcess(t *testing.T) {
	dir := t.TempDir()
	_, stderr, _ := run(t, "-q", "-c", "-ff", "-o", filepath.Join(dir, "log"), "-e", "trace=execve,chdir", "sh", "-c", "cd /; cd /; /bin/true; exit 0")
	files, _ := filepath.Glob(filepath.Join(dir, "log.*"))
	if len(files) != 2 || stderr != "" {
		t.Fatalf("files %q, messages %q", files, stderr)
	}
	var chdirs, execs []string
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			switch f := strings.Fields(line); {
			case strings.HasSuffix(line, " chdir\n"):
				chdirs = append(chdirs, f[3])
			case strings.HasSuffix(line, " execve\n"):
				execs = append(execs, f[3])
			}
		}
	}
	if strings.Join(chdirs, " ") != "2" || strings.Join(execs, " ") != "1 1" {
		t.Errorf("calls of chdir %q, of execve %q", chdirs, execs)
	}
	// The table of a process counts the calls of all its threads.
	uninterrupted(t)
	run(t, "-q", "-c", "-ff", "-o", filepath.Join(dir, "threads"), program(t, "threads", "amd64"))
	if files, _ := filepath.Glob(filepath.Join(dir, "threads.*")); len(files) != 1 {
		t.Errorf("the files of a process with threads are %q", files)
	}
}

// awaitHandler waits until trapline handles a signal: it sets its handlers after
// it has started the command.
func awaitHandler(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	for {
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(status)) {
			mask, ok := strings.CutPrefix(line, "SigCgt:\t")
			if n, _ := strconv.ParseUint(strings.TrimSpace(mask), 16, 64); ok && n>>(sig-1)&1 != 0 {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
}
