package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// lastFailure traces testdata/limits and returns the error of the last call that failed in
// one way, and the reason.
func lastFailure(t *testing.T, call, mode, dir string) (name, reason string) {
	t.Helper()
	r := trace(t, trapline(t), []string{"--explain", "--json", "-Z", "-e", "trace=" + call}, program(t, "limits", "amd64"), mode, dir)
	for line := range strings.Lines(r.log) {
		var c struct {
			Event, Reason string
			Error         struct{ Name string }
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if c.Event == "syscall" {
			name, reason = c.Error.Name, c.Reason
		}
	}
	if name == "" {
		t.Errorf("%s: no call of %s has failed: %s%s", mode, call, r.stdout, r.stderr)
	}
	return name, reason
}

// setSysctl changes a limit of the whole machine until the test ends.
func setSysctl(t *testing.T, name, value string) {
	t.Helper()
	file := "/proc/sys/" + name
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(value), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.WriteFile(file, before, 0) })
}

// All files of the machine are open. A pipe that would need too much memory gives the same error.
func TestExplainAllFiles(t *testing.T) {
	need.All(t, need.OwnMachine, need.Root)
	uninterrupted(t)
	setSysctl(t, "fs/pipe-user-pages-soft", "32")
	setSysctl(t, "fs/pipe-user-pages-hard", "64")
	if name, reason := lastFailure(t, "pipe2", "pipes", "/"); name != "ENFILE" || reason != "" {
		t.Errorf("pipes: %s: %q, want ENFILE and no reason", name, reason)
	}
	var used int
	state, err := os.ReadFile("/proc/sys/fs/file-nr")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(state), &used); err != nil {
		t.Fatal(err)
	}
	limit := used + 300
	setSysctl(t, "fs/file-max", fmt.Sprint(limit))
	want := fmt.Sprintf("all %d files that fs.file-max allows are open", limit)
	if name, reason := lastFailure(t, "openat", "files", "/"); name != "ENFILE" || reason != want {
		t.Errorf("files: %s: %q, want ENFILE: %q", name, reason, want)
	}
}

// Quotas of a user are reached.
func TestExplainQuota(t *testing.T) {
	need.All(t, need.Quota)
	uninterrupted(t)
	for _, tt := range []struct{ mode, call, reason string }{
		{"bytes", "write", "user 1234 may have 65536 bytes on DIR (tmpfs), and has 65536"},
		{"theirs", "write", "user 1235 may have 65536 bytes on DIR (tmpfs), and has 65536"},
		{"inodes", "openat", "user 1234 may have 5 files on DIR (tmpfs), and has 5"},
	} {
		dir := t.TempDir()
		if err := unix.Mount("quota", dir, "tmpfs", 0, need.QuotaOptions+",usrquota_block_hardlimit=64k,usrquota_inode_hardlimit=5,mode=1777"); err != nil {
			t.Fatal(err)
		}
		name, reason := lastFailure(t, tt.call, tt.mode, dir)
		if want := strings.ReplaceAll(tt.reason, "DIR", dir); name != "EDQUOT" || reason != want {
			t.Errorf("%s: %s: %q, want EDQUOT: %q", tt.mode, name, reason, want)
		}
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}
}

// The quota of keys gives the same error, and does not belong to a file system.
func TestExplainKeyQuota(t *testing.T) {
	need.All(t, need.Root)
	uninterrupted(t)
	if name, reason := lastFailure(t, "add_key", "keys", "/"); name != "EDQUOT" || reason != "" {
		t.Errorf("%s: %q, want EDQUOT and no reason", name, reason)
	}
}
