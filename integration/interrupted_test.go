package integration

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/integration/screen"
)

// synthetic makes a recording by the program of that name.
func synthetic(t *testing.T, what string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), what)
	if out, err := exec.Command(program(t, "synthetic", "amd64"), what, file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// interruptReading runs trapline on a terminal and presses ^C when it shows how much it
// has read. It returns what the terminal has shown. trapline must die of SIGINT. If it may
// have read all while this process waited for a processor, it is run again.
func interruptReading(t *testing.T, args ...string) string {
	t.Helper()
	const tries = 10
	shown, state := tryToInterruptReading(t, args...)
	for try := 1; try < tries && (state.Exited() || hasReadAll(shown)); try++ {
		shown, state = tryToInterruptReading(t, args...)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != unix.SIGINT {
		t.Errorf("%q: %v:\n%q", args, state, shown)
	}
	return shown
}

// shares are the shares of a recording that were shown as read, in percent.
var shares = regexp.MustCompile(`(\d+) % of `)

// hasReadAll reports whether trapline may have read all of a recording, by the last share that
// it has shown.
func hasReadAll(shown string) bool {
	all := shares.FindAllStringSubmatch(shown, -1)
	if len(all) == 0 {
		return false
	}
	last := all[len(all)-1][1]
	return last == "99" || last == "100"
}

// tryToInterruptReading does it once.
func tryToInterruptReading(t *testing.T, args ...string) (text string, state *os.ProcessState) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), trapline(t), args...)
	terminal, err := screen.Start(cmd, 24, 300) // with room for the names of files in any folder
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var shown strings.Builder
	pressed := false
	for b := make([]byte, 4096); ; {
		n, err := terminal.Read(b)
		shown.Write(b[:n])
		if !pressed && strings.Contains(shown.String(), " % of ") {
			pressed = true
			terminal.WriteString("\x03")
		}
		if errors.Is(err, syscall.EIO) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd.Wait()
	return shown.String(), cmd.ProcessState
}

// Reading that takes long shows on a terminal how far it is. ^C ends it, and there is a
// report of what was read, which says that the rest is missing.
func TestReadingInterrupted(t *testing.T) {
	file := synthetic(t, "long")
	short := recorded(t, nil, "true")
	missing := `interrupted: the rest is missing after [1-9]\d* of 2000000 calls`
	for _, tt := range []struct {
		args  []string
		shows []string
	}{
		{[]string{"--from=" + file, "--report=systemd"}, []string{missing, `SystemCallFilter=getppid `}},
		{[]string{"--from=" + short, "--from=" + file, "--report=systemd"},
			[]string{`recording 2 of 2`, missing, `in these 2 runs`, `SystemCallFilter=.*execve.* getppid `}},
		{[]string{"--from=" + file, "-c", "-w"}, []string{missing, `getppid\r`}},
		{[]string{"--diff", short, file}, []string{missing, ` 0 differences;`}},
	} {
		shown := interruptReading(t, tt.args...)
		for _, re := range tt.shows {
			if !regexp.MustCompile(re).MatchString(shown) {
				t.Errorf("%q: %q is missing:\n%s", tt.args, re, shown)
			}
		}
	}
	for _, kind := range []string{"files", "tree", "fds", "net", "time", "folded", "seccomp"} {
		if shown := interruptReading(t, "--from="+file, "--report="+kind); !regexp.MustCompile(missing).MatchString(shown) {
			t.Errorf("--report=%s: %q is missing:\n%s", kind, missing, shown)
		}
	}
	out := filepath.Join(t.TempDir(), "out")
	interruptReading(t, "--from="+file, "--report=files", "--json", "-o", out)
	type incomplete struct{ Event, Message string }
	all := reportRecords[incomplete](t, string(readAll(t, out)))
	if n := len(all); n == 0 || all[n-1].Event != "incomplete" || !regexp.MustCompile(missing).MatchString(all[n-1].Message) {
		t.Errorf("%+v", all)
	}
	// The missing part of a recording that was not read to its end does not count as a difference.
	interruptReading(t, "--diff", file, file)
}

// After ^C each report, and the table of -c, has what a live trace has seen until then, and trapline
// dies of SIGINT.
func TestViewsAfterInterrupt(t *testing.T) {
	for view, want := range map[string]string{
		"--report=files":   `read .* cat +/etc/passwd\n`,
		"--report=tree":    `\[\d+, lives on[^\n]*\n.*then sleep 1000\n`,
		"--report=fds":     `All descriptors that were opened were closed`,
		"--report=net":     `No socket was connected`,
		"--report=time":    `(?m)^ *\d.* cat$`,
		"--report=folded":  `(?m)^cat;.*openat \d+$`,
		"--report=seccomp": `"openat"`,
		"--report=systemd": `SystemCallFilter=.* openat `,
		"-cf":              `(?m) openat$`,
	} {
		log := filepath.Join(t.TempDir(), "log")
		cmd := exec.Command(trapline(t), view, "-I2", "-o", log, "sh", "-c", "cat /etc/passwd >/dev/null; echo ready; exec sleep 1000")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		out.Read(make([]byte, 16))
		command := child(t, cmd.Process.Pid)
		eventually(t, func() bool {
			comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", command))
			nr, _, _ := asleep.Call(command)
			return string(comm) == "sleep\n" && slices.Contains(asleep.Sleeping, uintptr(nr))
		})
		cmd.Process.Signal(syscall.SIGINT)
		cmd.Wait()
		syscall.Kill(command, syscall.SIGKILL) // it continues after the trace
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != unix.SIGINT {
			t.Errorf("%s: %v", view, cmd.ProcessState)
		}
		if text := string(readAll(t, log)); !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s lacks %q:\n%s", view, want, text)
		}
	}
}

// Without a terminal nothing shows how much was read.
func TestNoProgressInPipes(t *testing.T) {
	file := synthetic(t, "long")
	_, stderr, state := run(t, "--from="+file, "--report=systemd", "-o", os.DevNull)
	if state.ExitCode() != 0 || stderr != "" {
		t.Errorf("status %d: %q", state.ExitCode(), stderr)
	}
}
