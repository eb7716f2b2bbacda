package integration

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/jsonlines"
	"trapline/integration/need"
)

// edgeCalls are the calls by which testdata/edges is recognized.
const edgeCalls = "trace=openat,write,writev,nanosleep,poll,execveat,connect,sendmsg,rt_sigprocmask,select,getdents64"

// TestEdges checks strings, structs and arrays that are cut off by the end of
// memory, and lengths that exceed any buffer.
func TestEdges(t *testing.T) {
	need.All(t, need.X86)
	edges := program(t, "edges", "amd64")
	log := trace(t, trapline(t), []string{"-e", edgeCalls, "-e", "signal=none"}, edges).log
	for _, want := range []string{
		// Up to the end of memory, without a zero byte; and with one.
		`openat(-1, 0x`,
		`openat(-1, "uvwxyzabcdefghijklmnopqrstuvwxyza", O_RDONLY)`,
		`openat(-1, "a", O_RDONLY)`,
		`openat(-1, "", O_RDONLY)`,
		// The maximum length of a path, and more.
		`abcdefg"..., O_RDONLY) = -1 ENAMETOOLONG`,
		// Exactly 4 bytes.
		`, 9223372036854775808) = -1 EBADF`,
		`, 18446744073709551615) = -1 EBADF`,
		// Two vectors, one of them readable.
		`writev(-1, [{iov_base=NULL, iov_len=0}, ... /* 0x`,
		`writev(-1, 0x`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
	for line := range strings.Lines(log) {
		if len(line) > unix.PathMax+100 {
			t.Errorf("a line of %d bytes: %.200s...", len(line), line)
		}
	}
}

func TestEdgesAlike(t *testing.T) {
	need.All(t, need.X86, need.Strace)
	uninterrupted(t) // an interrupted nanosleep writes the time that is left
	edges := program(t, "edges", "amd64")
	age := agingOf(straceVersion(t))
	lines := func(tracer string) string {
		var b strings.Builder
		for line := range strings.Lines(trace(t, tracer, []string{"-e", edgeCalls, "-e", "signal=none"}, edges).log) {
			if !strings.Contains(line, "AT_FDCWD") && !strings.Contains(line, "SIG_SETMASK") { // Go's own
				b.WriteString(age(normal(line, nil)))
			}
		}
		return b.String()
	}
	if diff := difference(strings.Split(lines(need.StracePath()), "\n"), strings.Split(lines(trapline(t)), "\n")); diff != "" {
		t.Error(diff)
	}
}

// TestRace has another thread change what is being read.
func TestRace(t *testing.T) {
	need.All(t, need.X86)
	edges := program(t, "edges", "amd64")
	t.Run("text", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"-f", "-v", "-y", "-s", "5000", "-e", "signal=none"}, edges, "200ms")
		if tr.status != 0 || !strings.HasSuffix(tr.log, " +++ exited with 0 +++\n") {
			t.Errorf("exit status %d, at the end %q", tr.status, tr.log[max(0, len(tr.log)-200):])
		}
		printable(t, tr.log)
	})
	t.Run("JSON", func(t *testing.T) {
		tr := trace(t, trapline(t), []string{"-f", "-v", "-y", "-s", "5000", "--json"}, edges, "200ms")
		calls := 0
		for line := range strings.Lines(tr.log) {
			var r jsonRecord
			if err := jsonlines.Check(line); err != nil {
				t.Errorf("%v: %s", err, line)
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if r.Name == "sendmsg" {
				calls++
			}
		}
		if calls == 0 || tr.status != 0 {
			t.Errorf("%d calls of sendmsg, exit status %d", calls, tr.status)
		}
	})
}

// printable checks that a text cannot affect a terminal: it has no control
// characters of ASCII or, in JSON, of Unicode. Outside JSON it must be ASCII.
func printable(t *testing.T, text string) {
	t.Helper()
	isJSON := strings.HasPrefix(text, "{")
	for i, r := range text {
		if r != '\n' && (r < ' ' || r > '~' && r < 0xa0 || r > '~' && !isJSON) {
			t.Errorf("character %#x in %q", r, text[max(0, i-80):min(len(text), i+20)])
			return
		}
	}
}

// TestTerminalEscapes uses a command, a directory and file names that would
// change the title and the colours of a terminal.
func TestTerminalEscapes(t *testing.T) {
	const evil = "\x1b]0;title\a\x1b[31m\r\b\x7f\x9b1m\u009b1m\n"
	dir := filepath.Join(t.TempDir(), evil)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(program(t, "edges", "amd64"))
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(dir, evil)
	if err := os.WriteFile(command, b, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, flags := range [][]string{{"-yy", "-Y"}, {"-X", "verbose", "-N", "-y"}, {"-c"}, {"--json", "-Y", "-yy"}, {"-P", dir}} {
		log := filepath.Join(t.TempDir(), "log")
		cmd := exec.Command(trapline(t), append(append([]string{"-f", "-o", log}, flags...), "./"+evil)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%q", err, out)
		}
		b, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		printable(t, string(b))
	}
}

// TestKilled kills a process while its calls are being read.
func TestKilled(t *testing.T) {
	need.All(t, need.X86)
	edges := program(t, "edges", "amd64")
	for i := range 6 {
		log := filepath.Join(t.TempDir(), "log")
		cmd := exec.Command(trapline(t), "-f", "-s", "1000", "-o", log, edges, "1m")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var pid int
		eventually(t, func() bool {
			b, _ := os.ReadFile(log)
			fmt.Sscan(string(b), &pid)
			return bytes.Contains(b, []byte("sendmsg("))
		})
		time.Sleep(time.Duration(i) * 3 * time.Millisecond)
		syscall.Kill(pid, syscall.SIGKILL)
		cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
			t.Errorf("trapline: %v, want its command's end", cmd.ProcessState)
		}
		b, _ := os.ReadFile(log)
		if want := fmt.Sprintf("%-5d +++ killed by SIGKILL +++\n", pid); !bytes.HasSuffix(b, []byte(want)) {
			t.Errorf("no %q at the end: %q", want, b[max(0, len(b)-300):])
		}
	}
}
