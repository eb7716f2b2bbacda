package integration

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// startTerminal starts a command in a terminal of a tmux(1) of its own, and returns
// tmux's socket. When the test ends, the terminal is hung up, and the command and all
// that it has started have ended: they write no more to folders that are removed then.
func startTerminal(t *testing.T, columns, rows int, cmd *exec.Cmd) (socket string) {
	t.Helper()
	dir := t.TempDir()
	socket = filepath.Join(dir, "tmux")
	// The command and its descendants have this pipe open. Its end is read once none of them lives.
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	alive, err := os.OpenFile(pipe, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		defer alive.Close()
		hangUp(socket)
		if err := alive.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadAll(alive); err != nil {
			t.Errorf("%q: some process outlives its terminal: %v", cmd.Args, err)
		}
	})
	server := exec.Command("tmux", append([]string{"-S", socket, "-f", os.DevNull, "new-session", "-d",
		"-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows), "sh", "-c", `exec 9>"$0" && exec "$@"`, pipe}, cmd.Args...)...)
	server.Dir, server.Env = cmd.Dir, cmd.Env
	if out, err := server.CombinedOutput(); err != nil {
		t.Fatalf("tmux: %v\n%s", err, out)
	}
	return socket
}

// hangUp takes the terminals of a tmux away.
func hangUp(socket string) { exec.Command("tmux", "-S", socket, "kill-server").Run() }

// A process that a hangup does not end has ended as well when the test has.
func TestTerminalEnds(t *testing.T) {
	need.All(t, need.Tmux)
	file := filepath.Join(t.TempDir(), "file")
	t.Run("terminal", func(t *testing.T) {
		startTerminal(t, 80, 25, exec.Command("sh", "-c", `trap "" HUP; echo >"$0.ready"; sleep 0.5; echo >"$0"`, file))
		eventually(t, func() bool { _, err := os.Stat(file + ".ready"); return err == nil })
	})
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the process had not written its file at the end of the test: %v", err)
	}
}
