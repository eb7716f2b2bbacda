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

// startTerminal starts a command in a terminal of its own tmux(1), and returns tmux's
// socket. When the test ends, the terminal is hung up, and the command and everything
// that it started have ended, so that they no longer write to folders that are then
// removed.
func startTerminal(t *testing.T, columns, rows int, cmd *exec.Cmd) (socket string) {
	t.Helper()
	dir := t.TempDir()
	socket = filepath.Join(dir, "tmux")
	// The command and its descendants have this pipe open. Its reader sees the end of file
	// once all of them have ended.
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

// hangUp hangs up the terminals of a tmux.
func hangUp(socket string) { exec.Command("tmux", "-S", socket, "kill-server").Run() }

// Processes that survive the hangup have also ended when the test ends.
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
