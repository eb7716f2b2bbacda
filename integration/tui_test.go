package integration

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/integration/screen"
)

// pane is a terminal in which a command runs, that of tmux.
type pane struct {
	t      *testing.T
	socket string
}

// newPane starts a shell command in a terminal.
func newPane(t *testing.T, dir, command string) *pane {
	t.Helper()
	need.All(t, need.Tmux)
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TERM=xterm", "LC_ALL=C.UTF-8")
	return &pane{t, startTerminal(t, 130, 30, cmd)}
}

// screen is what the terminal shows.
func (p *pane) screen() string {
	b, _ := exec.Command("tmux", "-S", p.socket, "capture-pane", "-p").Output()
	return string(b)
}

// await waits until the terminal shows matches of all patterns.
func (p *pane) await(patterns ...string) string {
	p.t.Helper()
	var screen string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		screen = p.screen()
		missing := ""
		for _, re := range patterns {
			if !regexp.MustCompile(re).MatchString(screen) {
				missing = re
			}
		}
		if missing == "" {
			return screen
		}
	}
	p.t.Fatalf("no %q on the screen:\n%s", patterns, screen)
	return ""
}

// keys presses keys, by tmux's names.
func (p *pane) keys(keys ...string) {
	p.t.Helper()
	if b, err := exec.Command("tmux", append([]string{"-S", p.socket, "send-keys"}, keys...)...).CombinedOutput(); err != nil {
		p.t.Fatalf("send-keys: %v\n%s", err, b)
	}
}

// escape presses the escape key, and waits until what the key closes is no longer on the
// screen. A terminal would read a key that follows at once as part of one key.
func (p *pane) escape(ends string) {
	p.t.Helper()
	p.await(ends)
	p.keys("Escape")
	eventually(p.t, func() bool { return !strings.Contains(p.screen(), ends) })
}

// back is on the last line of whatever covers the list.
const back = "esc: back"

// text types a text.
func (p *pane) text(s string) { p.keys("-l", s) }

// TestWindowLive uses the window while the command runs: its calls appear, it gets keys
// when it should, and after its end the terminal is as it was.
func TestWindowLive(t *testing.T) {
	script := `echo "pid $$ on $(tty)"; read line; echo "got $line"; cat /nonexistent; exec sleep 0.1`
	p := newPane(t, t.TempDir(), fmt.Sprintf("%s --tui sh -c '%s'; echo \"status $?\"; exec cat", trapline(t), script))
	p.await(`running`, `● \d+ sh in read`, `write\(1.*<.*pts.*"pid`)
	p.keys("o")
	p.await(`pid \d+ on /dev/pts/\d+`)
	p.keys("i")
	p.await(`keys go to the command`)
	p.text("a line")
	p.keys("Enter", "C-]")
	p.await(`got a line`, `nonexistent`, `No such file`)
	p.escape(back)
	p.await(`ended`, `✗ \d+ cat`, `○ \d+ sleep`)
	p.keys("f")
	p.text("errno == ENOENT and pathname == '/nonexistent'")
	p.keys("Enter")
	p.await(`1/1`, `"/nonexistent", O_RDONLY`)
	p.keys("Enter")
	p.await(`pathname "/nonexistent"`, `errno 2`)
	p.escape(back)
	p.keys("?")
	p.await(`other half`)
	p.escape(back)
	p.await(`1/1`)
	p.keys("q")
	screen := p.await(`status 0`)
	if strings.Contains(screen, "trapline") {
		t.Errorf("the window has left something on the screen:\n%s", screen)
	}
}

// TestWindowLeft quits the window while the command runs. The command's terminal is hung
// up, so that the command ends.
func TestWindowLeft(t *testing.T) {
	dir := t.TempDir()
	p := newPane(t, dir, fmt.Sprintf("%s --tui sh -c 'trap \"echo hung up >file; exit\" HUP; while :; do sleep 0.1; done'; exec cat", trapline(t)))
	p.await(`running`, sleeps)
	p.keys("q")
	p.await(`still running`)
	p.keys("x")
	p.await(`\? keys`)
	p.keys("q", "q")
	awaitHangup(t, dir)
}

// sleeps appears in the list of processes once the command of these tests has set its trap.
const sleeps = `[●○] \d+ sleep`

// awaitHangup waits until the command has noticed that its terminal is gone.
func awaitHangup(t *testing.T, dir string) {
	t.Helper()
	eventually(t, func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "file"))
		return string(b) == "hung up\n"
	})
}

// TestWindowHangup hangs up the terminal, or sends SIGTERM. The window ends, and hangs up
// the command's terminal. A window on a recording ends as well.
func TestWindowHangup(t *testing.T) {
	t.Run("hangup", func(t *testing.T) {
		kill := func(p *pane, _ int) { hangUp(p.socket) }
		awaitHangup(t, testWindowEnds(t, kill))
	})
	t.Run("SIGTERM", func(t *testing.T) {
		testWindowEnds(t, func(_ *pane, pid int) { unix.Kill(pid, unix.SIGTERM) })
	})
}

// testWindowEnds ends windows. It returns the folder to which the command of one of them
// writes.
func testWindowEnds(t *testing.T, end func(p *pane, pid int)) string {
	dir := t.TempDir()
	recording := filepath.Join(dir, "recording")
	if _, stderr, state := run(t, "--record="+recording, "true"); !state.Success() {
		t.Fatal(stderr)
	}
	read := func(name string) string {
		b, _ := os.ReadFile(filepath.Join(dir, name))
		return string(b)
	}
	for command, shown := range map[string]string{
		"--tui sh -c 'trap \"echo hung up >file; exit\" HUP; while :; do sleep 0.1; done'": sleeps,
		"--from=" + recording + " --tui": "ended",
	} {
		p := newPane(t, dir, "echo $$ >pid; exec "+trapline(t)+" "+command)
		p.await(shown)
		pid, err := strconv.Atoi(strings.TrimSpace(read("pid")))
		if err != nil || pid <= 1 {
			t.Fatalf("process id %d: %v", pid, err)
		}
		end(p, pid)
		process := fmt.Sprintf("/proc/%d", pid)
		eventually(t, func() bool { _, err := os.Stat(process); return err != nil })
	}
	return dir
}

// TestWindowOfRecording uses the window on a recording: it shows the same calls as the
// recording's text.
func TestWindowOfRecording(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "recording")
	if _, stderr, state := run(t, "-f", "--record="+file, "sh", "-c", "cat /etc/hostname | wc -c"); !state.Success() {
		t.Fatal(stderr)
	}
	text, _, _ := run(t, "--from="+file, "-f", "-o", "|cat", "-z", "-e", "trace=pipe2")
	if strings.Count(text, "pipe2(") != 1 {
		t.Fatalf("not one pipe in\n%s", text)
	}
	p := newPane(t, dir, trapline(t)+" --from="+file+" --tui; echo \"status $?\"; exec cat")
	p.await(`3 processes`, `ended`, `○ \d+ cat`, `○ \d+ wc`)
	p.keys("/")
	p.text("pipe2(")
	p.keys("Enter")
	p.await(`took`, `pipe2\(\[3<pipe:`)
	p.keys("d")
	p.await(`follow descriptor: 3`)
	p.keys("Enter")
	followed := p.await(`following descriptor 3`, `read\(0<pipe:\[\d+\]>`)
	if strings.Contains(followed, "write(1<pipe:") {
		t.Errorf("the other half is in\n%s", followed)
	}
	p.keys("/")
	p.text("read(0<pipe")
	p.keys("Enter")
	p.await(`took \S+ +wc +following`, `read\(0<pipe`, `\? keys`)
	p.keys("p") // to a call that is not among those that are listed
	p.await(`everything is listed again`, `write\(1<pipe:`)
	p.keys("x")
	p.await(`Buffers \d+`, `0000  .*\|`)
	p.escape(back)
	p.keys("g", "x")
	p.await(`this record has no buffers`)
	p.keys("q")
	p.await(`status 0`)
}

// TestWindowOfLargeRecording moves through a recording of which only a part is in memory:
// to its end and back, with a filter, and with searches that read all of it.
func TestWindowOfLargeRecording(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "recording")
	script := "dd if=/dev/zero of=/dev/null bs=1 count=20000 status=none; cat /nonexistent"
	if _, stderr, state := run(t, "-f", "--record="+file, "sh", "-c", script); state.ExitCode() != 1 {
		t.Fatal(stderr)
	}
	p := newPane(t, dir, trapline(t)+" --from="+file+" --tui; echo \"status $?\"; exec cat")
	p.await(`3 processes`, `ended`, `○ \d+ dd +40\d\d\d`, `✗ \d+ cat`, `execve\("`, ` 1/40\d\d\d`)
	p.keys("G")
	p.await(`\+\+\+ exited with 1 \+\+\+`, `"/nonexistent".*ENOENT`)
	p.keys("f")
	p.text("name == 'write' and fd == 2")
	p.keys("Enter")
	p.await(`filter: name`, ` 4/4  took`, `write\(2.*"cat: "`) // the last one, as before
	p.keys("F")
	p.await(`\d+/40\d\d\d`, `"/nonexistent".*ENOENT`)
	p.keys("g")
	p.await(` 1/40\d\d\d`, `execve\("`)
	p.keys("/")
	p.text("text that no call has")
	p.keys("Enter")
	p.await(`not found: text that no call has`)
	p.keys("/")
	p.text("/nonexistent\", O_")
	p.keys("Enter")
	p.await(`took`, `openat\(AT_FDCWD, "/nonexistent"`)
	p.keys("Enter")
	p.await(`Record \d+`, `= result`, `pathname "/nonexistent"`)
	p.keys("q", "q")
	p.await(`status 0`)
}

// TestWindowNeedsTerminal checks the errors of --tui.
func TestWindowNeedsTerminal(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"--tui", "true"}, "--tui needs a terminal"},
		{[]string{"--tui", "-o", "/dev/null", "true"}, "--tui and -o/--output are mutually exclusive"},
		{[]string{"--tui", "--json", "true"}, "--tui and --format are mutually exclusive"},
		{[]string{"--tui", "-c", "true"}, "--tui and -c/--summary-only are mutually exclusive"},
	} {
		_, stderr, state := run(t, tt.args...)
		if first, _, _ := strings.Cut(stderr, "\n"); state.ExitCode() != 1 || !strings.Contains(first, tt.want) {
			t.Errorf("%q: status %d, %q", tt.args, state.ExitCode(), stderr)
		}
	}
}

// TestWindowOfCutRecording opens the window on a recording that lacks its end, and so has
// to be read first. The terminal shows the progress, and then the window.
func TestWindowOfCutRecording(t *testing.T) {
	shown := ""
	for _, what := range []string{"long", "longer"} { // nothing is shown if reading takes less than half a second
		file := synthetic(t, what)
		size := int64(len(readAll(t, file)))
		if err := os.Truncate(file, size-size/10); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), trapline(t), "--from="+file, "--tui")
		cmd.Env = append(os.Environ(), "TERM=xterm")
		terminal, err := screen.Start(cmd, 24, 300)
		if err != nil {
			t.Fatal(err)
		}
		shown = ""
		for b := make([]byte, 4096); !strings.Contains(shown, " 1 processes"); {
			n, err := terminal.Read(b)
			if shown += string(b[:n]); err != nil {
				t.Fatalf("%v:\n%q", err, shown)
			}
		}
		terminal.WriteString("q")
		io.Copy(io.Discard, terminal)
		terminal.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v:\n%q", err, shown)
		}
		if strings.Contains(shown, " % of ") {
			break
		}
	}
	if progress, window := strings.Index(shown, " % of "), strings.Index(shown, " 1 processes"); progress < 0 || progress > window {
		t.Errorf("what is read is not shown before the window:\n%q", shown)
	}
}
