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
)

// TestProbe compares what strace and trapline make of every system call of both
// ABIs, with many patterns of arguments, most of them senseless. None is
// executed, see testdata/probe. Where the traces differ, testdata/probe/differs.txt
// must say why.
func TestProbe(t *testing.T) {
	need(t, needStrace, needX86, needIA32)
	if testing.Short() {
		t.Skip("some minutes long")
	}
	v := straceVersion(t)
	version := fmt.Sprintf("%d.%d", v/100, v%100)
	for _, abi := range []string{"x86_64", "i386"} {
		t.Run(abi, func(t *testing.T) {
			reasons := probeReasons(t, version, abi)
			used := make(map[string]bool)
			differ := make(map[string]int)
			example := make(map[string]string)
			dir := t.TempDir()
			theirs := probeTrace(t, programPath("strace"), dir, abi)
			ours := probeTrace(t, trapline(t), dir, abi)
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
				if a == b {
					continue
				}
				name := probedCall(b)
				if reasons[name] {
					used[name] = true
					continue
				}
				if differ[name]++; differ[name] == 1 {
					example[name] = a + "\n" + b
				}
			}
			if n < 100000 {
				t.Errorf("the probe made %d calls", n)
			}
			for name, count := range differ {
				t.Errorf("%s: %d lines differ, first\n%s", name, count, example[name])
			}
			for name := range reasons {
				if !used[name] {
					t.Logf("differs.txt has %s, but no line differs", name)
				}
			}
		})
	}
}

// probeReasons reads the calls that differs.txt has for a version of strace.
func probeReasons(t *testing.T, version, abi string) map[string]bool {
	data, err := os.ReadFile("testdata/probe/differs.txt")
	if err != nil {
		t.Fatal(err)
	}
	reasons := make(map[string]bool)
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) < 4 {
			t.Fatalf("differs.txt: %q has no reason", line)
		}
		if (f[0] == "all" || f[0] == version) && (f[1] == "both" || f[1] == abi) {
			reasons[f[2]] = true
		}
	}
	return reasons
}

// probedCall is what differs.txt calls the call of a line: its name, and for
// ioctl the request.
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

// probeLog is the part of a trace that is the probe's.
type probeLog struct {
	scanner *bufio.Scanner
	code    [][2]uint64 // where the probe makes its calls
}

// probeTrace runs the probe under a tracer.
func probeTrace(t *testing.T, tracer, dir, abi string) *probeLog {
	t.Helper()
	log := filepath.Join(dir, filepath.Base(tracer)+".log")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tracer, "-i", "-o", log, program(t, "probe", "amd64"), abi)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout // standard error has a line for each short read of strace's
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

// next gives the next line that is a call of the probe, without its address.
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

// resumedCall is the call before, which may be one of the Go runtime's.
var resumedCall = regexp.MustCompile(`<\.\.\. resuming interrupted \w+ \.\.\.>`)
