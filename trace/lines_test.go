//go:build linux && amd64

package trace

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"trapline/tracer"
)

// bufferedText traces a command with buffered calls or without, and returns the text and
// how many lines were reused.
func bufferedText(t *testing.T, buffering Buffering, env string, argv ...string) (text string, again int) {
	t.Helper()
	var b strings.Builder
	s, err := New(Options{Follow: true, Buffered: buffering, Seccomp: true, KillOnExit: true, Output: &Destination{Writer: &b}, Looks: Looks{PID: PIDColumn}})
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	c := NewCommand(argv[0], argv[1:]...)
	c.Env = append(os.Environ(), env)
	c.Stdin, c.Stdout, c.Stderr = null, null, null
	if _, err := s.Launch(c); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), s.lines.again
}

// A line is reused only if the call has the same arguments, result and data. Here the
// arguments are always the same, and the data that is read alternates.
func TestLinesAgain(t *testing.T) {
	if err := tracer.CanBuffer(); err != nil {
		t.Skip(err)
	}
	if _, err := exec.LookPath("dd"); err != nil {
		t.Skip(err)
	}
	text := t.TempDir() + "/text"
	const bytes = 3000
	content := make([]byte, bytes)
	for i := range content {
		content[i] = 'a' + byte(i*i%7%3)
	}
	if err := os.WriteFile(text, content, 0o600); err != nil {
		t.Fatal(err)
	}
	argv := []string{"dd", "if=" + text, "of=/dev/null", "bs=1", "status=none"}
	calls := regexp.MustCompile(`(?m)(read|write)\([01], ".", 1\) += 1$`)
	always, again := bufferedText(t, BufferAlways, "", argv...)
	got := calls.FindAllString(always, -1)
	if len(got) != 2*bytes {
		t.Fatalf("%d calls, not %d", len(got), 2*bytes)
	}
	for i, line := range got {
		if want := `"` + string(content[i/2]) + `"`; !strings.Contains(line, want) || strings.HasPrefix(line, "read") != (i%2 == 0) {
			t.Fatalf("call %d is %s, of %s", i, line, want)
		}
	}
	if again < bytes {
		t.Errorf("%d lines were written again, of %d calls", again, 2*bytes)
	}
	if _, again := bufferedText(t, BufferNever, "", argv...); again != 0 {
		t.Errorf("%d lines of calls that stopped were written again", again)
	}
}

// After a thread has called execve, it has another id, which its lines show.
func TestLinesAfterExec(t *testing.T) {
	if err := tracer.CanBuffer(); err != nil {
		t.Skip(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const calls = 500
	text, again := bufferedText(t, BufferAlways, "TRACE_TEST_PROGRAM=execute 1", exe)
	lines := regexp.MustCompile(`(?m)^(\d+) +getppid\(`).FindAllStringSubmatch(text, -1)
	leader, _, _ := strings.Cut(text, " ") // which has called the first execve
	if len(lines) != 2*calls {
		t.Fatalf("%d lines, not %d", len(lines), 2*calls)
	}
	for i, line := range lines {
		if (line[1] == leader) != (i >= calls) {
			t.Fatalf("line %d is of %s; the first task of the process is %s", i, line[1], leader)
		}
	}
	if again < calls {
		t.Errorf("%d lines were written again, of %d calls", again, 2*calls)
	}
}
