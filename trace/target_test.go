//go:build linux && amd64

package trace

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"name:nginx":                       {kind: byName, name: "nginx"},
		"name:a:b c":                       {kind: byName, name: "a:b c"},
		"tree:12":                          {kind: byTree, name: "12", pid: 12},
		"cgroup:/system.slice/x":           {kind: byCgroup, name: "/system.slice/x"},
		"cgroup:system.slice/":             {kind: byCgroup, name: "/system.slice"},
		"cgroup:/sys/fs/cgroup/x/y/":       {kind: byCgroup, name: "/x/y", file: true},
		"cgroup:/sys/fs/cgroup":            {kind: byCgroup, name: "/", file: true},
		"cgroup:/sys/fs/cgroupx":           {kind: byCgroup, name: "/sys/fs/cgroupx"},
		"cgroup:/sys/fs/cgroup/unified/..": {kind: byCgroup, name: "/", file: true},
	} {
		want.text = text
		if got, err := ParseTarget(text); err != nil || *got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "12", "name:", "tree:", "tree:0", "tree:x", "tree:-1", "cgroup:", "nonsense:1", "name:[", "1:2"} {
		if _, err := ParseTarget(text); err == nil || err.Error() != "Invalid process id: '"+text+"'" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCgroups(t *testing.T) {
	const lines = "4:memory:/box/1\n3:cpu,cpuacct:/box/2\n2:name=systemd:/user\n0::/slice/a:b\n"
	for path, want := range map[string]bool{
		"/box/1": true, "box/2": true, "/box": true, "/bo": false, "/box/1/2": false, "/slice/a:b": true, "/": true,
		"/sys/fs/cgroup/memory/box": true, "/sys/fs/cgroup/memory/box/2": false, "/sys/fs/cgroup/cpuacct/box/2": true,
		"/sys/fs/cgroup/cpu,cpuacct/box/2": true, "/sys/fs/cgroup/systemd/user": true, "/sys/fs/cgroup/box": false,
		"/sys/fs/cgroup/slice": true, "/sys/fs/cgroup/unified/slice": true, "/sys/fs/cgroup/unified/box": false,
	} {
		target, err := ParseTarget("cgroup:" + path)
		if err != nil {
			t.Fatal(err)
		}
		if target.hasCgroup([]byte(lines)) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
}

func TestDescends(t *testing.T) {
	parents := map[int]int{1: 0, 2: 1, 3: 2, 4: 1, 10: 11, 11: 10}
	for _, tt := range []struct {
		pid, root int
		want      bool
	}{{3, 1, true}, {3, 2, true}, {3, 3, true}, {3, 4, false}, {2, 3, false}, {99, 1, false}, {99, 99, true}, {10, 1, false}} {
		if descends(tt.pid, tt.root, parents) != tt.want {
			t.Errorf("%d below %d: %v", tt.pid, tt.root, !tt.want)
		}
	}
}

// The test's own children are never found: a tracer must not attach to its own children.
func TestFindLeavesOutOwnProcesses(t *testing.T) {
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleep.Wait()
	defer sleep.Process.Kill()
	if parents := parentsOfAll(); parents[sleep.Process.Pid] != os.Getpid() {
		t.Errorf("the parent is %d", parents[sleep.Process.Pid])
	}
	for _, text := range []string{"tree:" + strconv.Itoa(os.Getppid()), "tree:" + strconv.Itoa(os.Getpid()), "name:sleep"} {
		target, err := ParseTarget(text)
		if err != nil {
			t.Fatal(err)
		}
		if found := target.Find(); slices.Contains(found, os.Getpid()) || slices.Contains(found, sleep.Process.Pid) {
			t.Errorf("%s: %v", text, found)
		}
	}
}

func FuzzTarget(f *testing.F) {
	f.Add("name:x", "1 (a b) c) S 7 1")
	f.Add("cgroup:/sys/fs/cgroup/a", "1:cpu:/a\n0::/b")
	f.Add("tree:1", ")")
	f.Fuzz(func(t *testing.T, text, file string) {
		parentIn([]byte(file))
		if target, err := ParseTarget(text); err == nil && target.kind == byCgroup {
			target.hasCgroup([]byte(file))
		}
	})
}
