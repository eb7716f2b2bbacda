package integration

import (
	"os/exec"
	"strings"
	"testing"

	"trapline/integration/screen"
)

// Reports on a whole trace are the same in a pipe and on a terminal, however narrow: no
// name is cut off.
func TestReportsAreNotCut(t *testing.T) {
	file := recorded(t, []string{"-f", "-k"}, "sh", "-c", "cat /etc/passwd >/dev/null; /bin/true "+strings.Repeat("long ", 40))
	other := recorded(t, []string{"-f"}, "sh", "-c", "cat /etc/group >/dev/null")
	t.Setenv("COLUMNS", "40")
	for _, args := range [][]string{
		{"--from=" + file, "--report=files"}, {"--from=" + file, "--report=tree"}, {"--from=" + file, "--report=fds"},
		{"--from=" + file, "--report=net"}, {"--from=" + file, "--report=time"}, {"--from=" + file, "--report=folded"},
		{"--from=" + file, "--report=seccomp"}, {"--from=" + file, "--report=systemd"},
		{"--from=" + file, "-c", "-w"}, {"--diff", file, other},
	} {
		stdout, stderr, _ := run(t, args...)
		want := stdout + stderr
		shown, err := screen.Run(exec.Command(trapline(t), args...), 24, 40)
		if err != nil && args[0] != "--diff" { // its status says that there is a difference
			t.Fatalf("%q: %v", args, err)
		}
		if i := strings.LastIndex(shown, "\x1b[K"); i >= 0 {
			shown = shown[i+len("\x1b[K"):] // without the progress of reading, which is erased
		}
		if got := strings.ReplaceAll(shown, "\r\n", "\n"); got != want || want == "" {
			t.Errorf("%q on a terminal of 40 columns:\n%s\nin a pipe:\n%s", args, got, want)
		}
	}
}
