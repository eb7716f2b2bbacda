package integration

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"trapline/integration/jsonlines"
	"trapline/integration/need"
)

// cell is a value in JSON output, as described in docs/json.md.
type cell struct {
	Name    string
	Value   any
	Hex     string
	Length  int
	Cut     bool
	Symbol  string
	Flags   []string
	Unknown any
}

// bytes returns the string that the tracee passed.
func (c *cell) bytes(t *testing.T) string {
	t.Helper()
	if c.Hex == "" {
		s, _ := c.Value.(string)
		return s
	}
	b, err := hex.DecodeString(c.Hex)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

type jsonRecord struct {
	Schema     int
	Event      string
	PID        int
	Time       json.Number
	ABI, Name  string
	NR         int
	Args       []cell
	Ret        any
	Error      *struct{ Errno int }
	DurationNS int64 `json:"duration_ns"`
	Code       int
}

// hostileCalls are the calls by which testdata/hostile is recognized.
const hostileCalls = "trace=openat,write,pwrite64,mmap,ioctl"

// TestJSONIsLossless passes every byte and the largest numbers through the trace, and
// compares the results.
func TestJSONIsLossless(t *testing.T) {
	need.All(t, need.X86)
	tr := trace(t, trapline(t), []string{"--json", "-s", "300", "-yy", "-e", hostileCalls}, program(t, "hostile", "amd64"))
	var all []byte
	for i := range 256 {
		all = append(all, byte(i))
	}
	found := map[string]bool{}
	var last jsonRecord
	for line := range strings.Lines(tr.log) {
		var r jsonRecord
		if err := jsonlines.Check(line); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		last = r
		if r.Schema != 2 || r.Event == "" || r.PID == 0 != (r.Event == "trace") || !strings.Contains(string(r.Time), ".") {
			t.Errorf("lacks what every record has: %s", line)
		}
		if r.Event != "syscall" {
			continue
		}
		if r.ABI != "x86_64" || r.DurationNS <= 0 {
			t.Errorf("lacks what every call has: %s", line)
		}
		switch a := r.Args; {
		case r.Name == "openat" && a[1].bytes(t) == "/nowhere/"+string(all[1:]):
			found["openat"] = a[0].Symbol == "AT_FDCWD" && fmt.Sprint(a[2].Flags) == "[O_WRONLY O_CREAT]" &&
				a[2].Value == 65.0 && r.Ret == -1.0 && r.Error.Errno == 2
		case r.Name == "openat" && a[1].Value == "0xffffffffffffffff":
			found["openat of nothing"] = a[0].Value == -1.0 && r.Error.Errno == 14
		case r.Name == "write" && a[1].bytes(t) == string(all):
			found["write"] = a[1].Length == 256 && !a[1].Cut && a[2].Value == 256.0 && r.Ret == 256.0
		case r.Name == "write" && a[1].Value == "0xffffffffffffffff":
			found["write of nothing"] = a[2].Value == "18446744073709551615"
		case r.Name == "pwrite64":
			found["pwrite64"] = a[3].Value == "9223372036854775744"
		case r.Name == "mmap" && a[0].Value == "0xffffffffffffffff":
			found["mmap"] = a[1].Value == "18446744073709551615" && len(a[2].Flags) > 0 && a[4].Value == -1.0
		case strings.HasPrefix(r.Name, "syscall_0x"):
			found["no call"] = r.Name == "syscall_0x1ff" && r.NR == 0x1ff && r.Error.Errno == 38
		}
	}
	for _, what := range []string{"openat", "openat of nothing", "write", "write of nothing", "pwrite64", "mmap", "no call"} {
		if ok, seen := found[what]; !ok {
			t.Errorf("%s: seen %v, right %v", what, seen, ok)
		}
	}
	if last.Event != "exit" || last.Code != 0 {
		t.Errorf("at the end %+v", last)
	}
	if t.Failed() {
		t.Log(tr.log)
	}
}

// TestJSONWithJQ lets jq read every line; numbers must pass through it
// unchanged.
func TestJSONWithJQ(t *testing.T) {
	need.All(t, need.X86, need.JQ)
	tr := trace(t, trapline(t), []string{"--json", "-f", "-v", "-s", "300", "-yy", "-Y"}, program(t, "hostile", "amd64"))
	for filter, want := range map[string]string{
		".":                                      strings.Repeat("\n", strings.Count(tr.log, "\n")),
		`select(.name == "pwrite64").args[3]`:    `{"name":"offset","value":"9223372036854775744"}` + "\n",
		`select(.name == "syscall_0x1ff").error`: `{"errno":38,"name":"ENOSYS","message":"Function not implemented"}` + "\n",
	} {
		cmd := exec.Command("jq", "-c", filter)
		cmd.Stdin = strings.NewReader(tr.log)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("jq %s: %v", filter, err)
		}
		got := string(out)
		if filter == "." {
			got = strings.Repeat("\n", strings.Count(got, "\n"))
		}
		if got != want {
			t.Errorf("jq %s: got %q, want %q", filter, got, want)
		}
	}
}
