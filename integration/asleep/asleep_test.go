package asleep

import (
	"os"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	type result struct {
		nr   int64
		args [6]uint64
		ok   bool
	}
	for text, want := range map[string]result{
		"running\n":        {-1, [6]uint64{}, true},
		"":                 {-1, [6]uint64{}, true}, // it ends
		"-1 0x7ffe 0x55\n": {-1, [6]uint64{}, true},
		"0 0x3 0x7f 0x1 0x0 0x2 0xffffffffffffffff 0x7ffe 0x7f\n": {0, [6]uint64{3, 0x7f, 1, 0, 2, 1<<64 - 1}, true},
		"0 0x3 0x7f\n":          {-1, [6]uint64{}, false},
		"x 0x3 1 1 1 1 1 1 1\n": {-1, [6]uint64{}, false},
	} {
		nr, args, err := parse(text)
		if got := (result{nr, args, err == nil}); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

// What has been started is no longer in the middle of execve, and waits in its call.
func TestStart(t *testing.T) {
	for range 20 {
		cmd := Sleep(t)
		arguments, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/cmdline")
		if string(arguments) != "sleep\x001000\x00" {
			t.Errorf("arguments %q, %v", arguments, err)
		}
	}
	cmd := exec.Command("cat")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	Start(t, cmd, unix.SYS_READ)
	if nr, args, err := Call(cmd.Process.Pid); nr != unix.SYS_READ || args[0] != 0 || err != nil {
		t.Errorf("cat is in call %d(%d, ...), %v", nr, args[0], err)
	}
}
