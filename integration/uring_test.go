package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trapline/integration/need"
)

// uringEntry is an element of the arguments submitted and completed.
type uringEntry struct {
	Opcode struct {
		Value  uint64
		Symbol string
	}
	UserData struct{ Value any } `json:"user_data"`
	Res      struct {
		Value  int64
		Symbol string
	}
	Addr struct{ Value any }
}

// uringTraced traces the program, and returns what went through the rings, in the form that
// the program prints.
func uringTraced(t *testing.T, log string) (list []string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var call struct {
			Name string
			Args []struct {
				Name  string
				Value json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if call.Name != "io_uring_enter" {
			continue
		}
		for _, a := range call.Args {
			if a.Name != "submitted" && a.Name != "completed" {
				continue
			}
			var entries []struct{ Value uringEntry }
			if err := json.Unmarshal(a.Value, &entries); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			for _, e := range entries {
				number := int64(e.Value.Opcode.Value)
				if a.Name == "completed" {
					number = e.Value.Res.Value
				}
				var data uint64
				if _, err := fmt.Sscan(fmt.Sprint(e.Value.UserData.Value), &data); err != nil {
					t.Fatalf("%v: %s", err, line)
				}
				list = append(list, fmt.Sprintf("%s %d %d\n", a.Name, number, data))
			}
		}
	}
	return list
}

// The trace shows the requests that the program has put into its rings, and the completions
// that it has found there.
func TestUring(t *testing.T) {
	need.All(t, need.IOUring)
	uninterrupted(t)
	tracer, p := trapline(t), program(t, "uring", "amd64")
	for _, flags := range []string{"0", "10000", "400", "800", "c00", "10c00", "4000"} {
		t.Run(flags, func(t *testing.T) {
			t.Chdir(t.TempDir())
			r := trace(t, tracer, []string{"--io-uring", "--json", "-e", "trace=/^io_uring"}, p, flags, "open")
			if r.status == 4 {
				need.All(t, need.NewIOUring)
			}
			if got := strings.Join(uringTraced(t, r.log), ""); got != r.stdout || strings.Count(got, "completed") != 5 {
				t.Errorf("traced\n%swant\n%s%s", got, r.stdout, r.log)
			}
		})
	}
	t.Run("unseen setup", func(t *testing.T) {
		need.All(t, need.Live) // all calls are recorded
		for _, flags := range []string{"0", "400", "800"} {
			t.Chdir(t.TempDir())
			r := trace(t, tracer, []string{"--io-uring", "--json", "-e", "trace=io_uring_enter"}, p, flags, "open")
			if got := strings.Join(uringTraced(t, r.log), ""); r.status != 4 && got != r.stdout {
				t.Errorf("%s: traced\n%swant\n%s%s", flags, got, r.stdout, r.log)
			}
		}
		// The size of such a small ring's requests cannot be determined.
		r := trace(t, tracer, []string{"--io-uring", "-e", "trace=io_uring_enter"}, p, "10000", "open")
		if line, _, _ := strings.Cut(r.log, "\n"); r.status != 4 && !strings.HasSuffix(line, ", NULL, 0, ?, ?) = 2") {
			t.Error(r.log)
		}
	})
	t.Run("attached", func(t *testing.T) {
		need.All(t, need.Live) // the test reads the trace before it ends
		dir := t.TempDir()
		ready, log := filepath.Join(dir, "ready"), filepath.Join(dir, "log")
		cmd := exec.Command(p, "0", "open")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "URING_WAIT="+ready)
		var out strings.Builder
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Process.Kill()
		tracer := exec.Command(tracer, "-f", "--io-uring", "--json", "-o", log, "-e", "trace=io_uring_enter", "-p", fmt.Sprint(cmd.Process.Pid))
		said, err := tracer.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := tracer.Start(); err != nil {
			t.Fatal(err)
		}
		said.Read(make([]byte, 1)) // trapline has attached to it
		eventually(t, func() bool { _, err := os.Stat(ready); return err == nil })
		os.Remove(ready)
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		tracer.Wait()
		text, _ := os.ReadFile(log)
		if got := strings.Join(uringTraced(t, string(text)), ""); got != out.String() {
			t.Errorf("traced\n%swant\n%s%s", got, out.String(), text)
		}
	})
}

// Every operation is shown as it was submitted.
func TestUringOperations(t *testing.T) {
	need.All(t, need.IOUring)
	uninterrupted(t)
	tracer := trapline(t)
	r := trace(t, tracer, []string{"--io-uring", "--json", "-e", "trace=/^io_uring"}, program(t, "uring", "amd64"), "0", "all", "70")
	var want []string
	for line := range strings.Lines(r.stdout) {
		if strings.HasPrefix(line, "submitted") {
			want = append(want, line)
		}
	}
	var got []string
	for _, line := range uringTraced(t, r.log) {
		if strings.HasPrefix(line, "submitted") {
			got = append(got, line)
		}
	}
	if len(want) < 71 || strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("traced\n%swant\n%s%s", strings.Join(got, ""), strings.Join(want, ""), r.log)
	}
}

// -P and --where see the names in the rings. Without --io-uring the line is strace's.
func TestUringNames(t *testing.T) {
	need.All(t, need.IOUring)
	tracer, p := trapline(t), program(t, "uring", "amd64")
	uninterrupted(t)
	dir := t.TempDir()
	t.Chdir(dir)
	const e = "trace=io_uring_enter"
	r := trace(t, tracer, []string{"-e", e}, p, "0", "open")
	if lines := strings.Split(r.log, "\n"); !strings.HasSuffix(lines[0], ", 2, 2, IORING_ENTER_GETEVENTS, NULL, 0) = 2") {
		t.Error(r.log)
	}
	for _, flags := range [][]string{{"-P", dir + "/uring-file"}, {"-P", "**/uring-none"}, {"--where", `submitted.addr endsWith "none"`}} {
		r := trace(t, tracer, append([]string{"--io-uring", "-qqq", "-e", e}, flags...), p, "0", "open")
		line, rest, _ := strings.Cut(r.log, "\n")
		if !strings.Contains(line, `[{opcode=IORING_OP_OPENAT, flags=0, ioprio=0, fd=AT_FDCWD, off=0, addr="uring-file", len=384, open_flags=O_RDWR|O_CREAT`) ||
			!strings.Contains(line, `{opcode=IORING_OP_OPENAT, user_data=0x2, res=-ENOENT, flags=0}`) || rest != "" {
			t.Errorf("%v: %s", flags, r.log)
		}
	}
}

// The kernel's own thread takes the requests: no request is shown as submitted by a call.
func TestUringPolled(t *testing.T) {
	need.All(t, need.IOUring)
	uninterrupted(t)
	tracer, p := trapline(t), program(t, "uring", "amd64")
	t.Chdir(t.TempDir())
	r := trace(t, tracer, []string{"--io-uring", "-e", "trace=io_uring_enter"}, p, "2", "open")
	for line := range strings.Lines(r.log) {
		if strings.HasPrefix(line, "io_uring_enter") && !strings.Contains(line, ", [], [") {
			t.Error(line)
		}
	}
}

// A recording has what was read of the rings, and shows it unchanged, also from the middle
// on.
func TestUringRecorded(t *testing.T) {
	need.All(t, need.IOUring)
	uninterrupted(t)
	tracer, p := trapline(t), program(t, "uring", "amd64")
	for _, flags := range []string{"0", "10000", "400", "c00", "4000"} {
		t.Run(flags, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			file := filepath.Join(dir, "recorded")
			r := trace(t, tracer, []string{"--record=" + file, "--io-uring", "-v", "-e", "trace=/^io_uring"}, p, flags, "open")
			if r.status == 4 {
				need.All(t, need.NewIOUring)
			}
			if got := trace(t, tracer, []string{"--from=" + file, "--io-uring", "-v"}); got.log != r.log || strings.Count(r.log, "IORING_OP_WRITE") != 2 {
				t.Errorf("recorded\n%sthe live trace\n%s%s", got.log, r.log, got.stderr)
			}
			if got := trace(t, tracer, []string{"--from=" + file, "--io-uring", "-qq", "-P", dir + "/uring-none"}); strings.Count(got.log, "\n") != 1 ||
				!strings.Contains(got.log, `addr="uring-none"`) {
				t.Errorf("with -P:\n%s%s", got.log, got.stderr)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "without")
	if r := trace(t, tracer, []string{"--record=" + file, "-e", "trace=/^io_uring"}, p, "0", "all", "1"); r.status != 0 {
		t.Fatal(r.stderr)
	}
	out, err := exec.Command(tracer, "--from="+file, "--io-uring").CombinedOutput()
	if want := "--io-uring was not given to --record"; err == nil || !strings.Contains(string(out), want) {
		t.Errorf("%v, %q lacks %q", err, out, want)
	}
}
