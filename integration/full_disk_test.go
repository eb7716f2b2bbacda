package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// fillsTrace calls cat, waits until this call is in the trace, whose files begin with $1,
// and then moves more random data than there is room for. It shows the action of SIGXFSZ
// that it inherited, and what this action does to a program that writes too much to $2.
const fillsTrace = `exec 2>&1
cat /etc/hosts >/dev/null
sizes() { stat -c %s "$1"* 2>/dev/null; }
first=$(sizes "$1")
[ -z "$3" ] || while [ "$(sizes "$1")" = "$first" ]; do sleep 0.1; done
dd if=/dev/urandom of=/dev/null bs=4096 count=1000 status=none
echo "dd $?"
grep SigIgn /proc/self/status
head -c 2000000 /dev/zero >"$2"
echo "head $?"
exit 7
`

// A full disk may end the trace at any moment. There is one message, and only output that
// had not been written yet is lost. The program continues as without trapline, and
// trapline exits in the same way as the program.
func TestFullDiskWhileTracing(t *testing.T) {
	need.All(t, need.Live) // the test reads the trace before it ends
	for _, full := range []struct {
		name, message string
		prepare       func(t *testing.T, dir string)
		limit         string // limit on the size of files, for ulimit -f
	}{
		{"tmpfs", "No space left on device", smallTmpfs, "unlimited"},
		{"RLIMIT_FSIZE", "File too large", func(*testing.T, string) {}, "2048"},
	} {
		t.Run(full.name, func(t *testing.T) {
			for _, kind := range []struct {
				name    string
				options []string // the file follows
				shows   []string // how to show what was written; nil: read it as it is
			}{
				{"recording", []string{"-f", "--record"}, []string{"--from"}},
				{"text", []string{"-f", "-s", "4096", "-o"}, nil},
				{"JSON", []string{"-f", "--json", "-s", "4096", "-o"}, nil},
				{"separate", []string{"-ff", "-s", "4096", "-o"}, nil},
			} {
				t.Run(kind.name, func(t *testing.T) {
					dir := t.TempDir()
					full.prepare(t, dir)
					file, other := filepath.Join(dir, "trace"), filepath.Join(t.TempDir(), "other")
					runScript := func(wait string, tracer ...string) (stdout, stderr string, status int) {
						args := slices.Concat([]string{"-c", "ulimit -f " + full.limit + `; exec "$@"`, "sh"}, tracer,
							[]string{"sh", "-c", fillsTrace, "sh", file, other, wait})
						var out, errors strings.Builder
						cmd := exec.CommandContext(t.Context(), "sh", args...)
						cmd.Stdout, cmd.Stderr = &out, &errors
						cmd.Run()
						return out.String(), errors.String(), cmd.ProcessState.ExitCode()
					}
					want, _, status := runScript("")
					if status != 7 || !strings.Contains(want, "dd 0") {
						t.Fatalf("without trapline: status %d: %s", status, want)
					}
					stdout, stderr, status := runScript("wait", slices.Concat([]string{trapline(t)}, kind.options, []string{file})...)
					if stdout != want || status != 7 {
						t.Errorf("status %d, want 7; the program says %q, and without trapline %q", status, stdout, want)
					}
					if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, file) || !strings.Contains(stderr, full.message) {
						t.Errorf("the messages are %q", stderr)
					}
					text := ""
					if kind.shows != nil {
						_, text, _ = run(t, append(slices.Clone(kind.shows), file)...)
						if !strings.HasSuffix(text, "the end of the recording is missing: the recorder was killed, or could not write\n") {
							t.Errorf("--from does not report the missing end: %.1000s", text)
						}
					} else {
						names, _ := filepath.Glob(file + "*")
						for _, name := range names {
							text += string(readAll(t, name))
						}
					}
					if !strings.Contains(text, "/etc/hosts") {
						t.Errorf("earlier output is lost: %.1000s", text)
					}
				})
			}
		})
	}
}

// smallTmpfs mounts a file system of 1 MB on a folder.
func smallTmpfs(t *testing.T, dir string) {
	t.Helper()
	need.All(t, need.Root)
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(os.NewSyscallError("umount", err))
		}
	})
}
