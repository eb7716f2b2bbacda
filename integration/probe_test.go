package integration

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"trapline/integration/need"
)

// TestProbe compares how strace and trapline show every system call of both
// ABIs, with many patterns of arguments, most of them senseless. No call is
// executed, see testdata/probe. Any difference must be listed, with its reason,
// in testdata/probe/differs.txt. If TRAPLINE_PROBE_EVERY is a number n, only
// every n-th pattern is tried: an emulated machine takes hours for all.
func TestProbe(t *testing.T) {
	need.All(t, need.Time, need.X86, need.Strace, need.StraceOf("6.1", "7.2")) // the versions in differs.txt
	version, err := need.StraceVersion()
	if err != nil {
		t.Fatal(err)
	}
	abis := []string{"x86_64", "i386"}
	excused, err := divergencesFrom("testdata/probe/differs.txt", version)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, abi := range abis {
		t.Run(abi, func(t *testing.T) {
			if abi == "i386" {
				need.All(t, need.I386)
			}
			n := 0
			for part := range probeParts {
				dir := t.TempDir()
				theirs := probeTrace(t, need.StracePath(), dir, abi, part)
				ours := probeTrace(t, trapline(t), dir, abi, part)
				n += compareProbes(t, abi, theirs, ours, excused)
			}
			least := 100000
			if every, err := strconv.Atoi(os.Getenv("TRAPLINE_PROBE_EVERY")); err == nil {
				least /= every
			}
			if n < least {
				t.Errorf("the probe made %d calls", n)
			}
			compared++
		})
	}
	if compared == len(abis) && os.Getenv("TRAPLINE_PROBE_EVERY") == "" {
		excused.checkUsed(t)
	}
}

// probeParts is the number of parts of the probe, each in a process of its own. strace
// alone takes minutes for the whole.
const probeParts = 8

// compareProbes compares two traces of the probe line by line, and returns the number of calls.
func compareProbes(t *testing.T, abi string, theirs, ours *probeLog, excused *divergences) int {
	t.Helper()
	differ := make(map[string]int)
	example := make(map[string]string)
	n := 0
	for {
		a, okA := theirs.next()
		b, okB := ours.next()
		if okA != okB {
			t.Fatalf("one trace ends after %d calls:\n%s\n%s", n, a, b)
		}
		if !okA {
			break
		}
		n++
		call := probedCall(b)
		if a == b || excused.excuse(abi, call, a, b) {
			continue
		}
		if differ[call]++; differ[call] == 1 {
			example[call] = a + "\n" + b
		}
	}
	for call, count := range differ {
		t.Errorf("%s: %d lines differ, first\n%s", call, count, example[call])
	}
	return n
}

// probedCall returns the name in differs.txt of a line's call: its name, and
// for ioctl the request.
func probedCall(line string) string {
	name, args, _ := strings.Cut(line, "(")
	if name == "ioctl" {
		if m := ioctlRequest.FindStringSubmatch(args); m != nil {
			return name + ":" + m[1]
		}
	}
	return name
}

var ioctlRequest = regexp.MustCompile(`^-1, ([A-Z]\w*)`)

// probeLog is the probe's part of a trace.
type probeLog struct {
	scanner *bufio.Scanner
	code    [][2]uint64 // where the probe makes its calls
}

// probeTrace runs a part of the probe under a tracer.
func probeTrace(t *testing.T, tracer, dir, abi string, part int) *probeLog {
	t.Helper()
	log := filepath.Join(dir, filepath.Base(tracer)+".log")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tracer, "-i", "-o", log, program(t, "probe", "amd64"), abi, fmt.Sprintf("%d/%d", part, probeParts))
	var stdout bytes.Buffer
	cmd.Stdout = &stdout // strace writes a line to standard error for each short read
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v", tracer, err)
	}
	f, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	p := &probeLog{scanner: bufio.NewScanner(f)}
	p.scanner.Buffer(nil, 16<<20)
	for line := range strings.Lines(stdout.String()) {
		var r [2]uint64
		if _, err := fmt.Sscanf(line, "%v %v", &r[0], &r[1]); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		p.code = append(p.code, r)
	}
	return p
}

// next returns the next line with a call of the probe, without its address.
func (p *probeLog) next() (string, bool) {
	for p.scanner.Scan() {
		line := p.scanner.Text()
		at, call, ok := strings.Cut(strings.TrimPrefix(line, "["), "] ")
		if !ok || strings.HasPrefix(call, "--- ") {
			continue
		}
		ip, err := strconv.ParseUint(at, 16, 64)
		if err == nil && slices.ContainsFunc(p.code, func(r [2]uint64) bool { return r[0] <= ip && ip < r[1] }) {
			return resumedCall.ReplaceAllString(call, "<...>"), true
		}
	}
	return "", false
}

// resumedCall is the interrupted call, which may be one of the Go runtime's.
var resumedCall = regexp.MustCompile(`<\.\.\. resuming interrupted \w+ \.\.\.>`)
