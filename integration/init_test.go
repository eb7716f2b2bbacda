package integration

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// initLine is the runtime's report on the initialization of one package.
var initLine = regexp.MustCompile(`(?m)^init (\S+) .* (\d+) allocs$`)

// The start costs only what is used: the allocations of trapline's packages during
// initialization, which every command pays for, do not grow. The counts do not
// vary. Descriptions that the compiler can lay out do not allocate.
func TestInitAllocations(t *testing.T) {
	most := map[string]int{
		"trapline/tracer":           2,
		"trapline/output":           8,
		"trapline/trace":            18,
		"trapline/decode/registers": 4,
		"main":                      80,
	}
	cmd := exec.Command(trapline(t), "-V")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range initLine.FindAllStringSubmatch(stderr.String(), -1) {
		name := m[1]
		if name != "main" && !strings.HasPrefix(name, "trapline/") || name == "trapline/cmd/trapline/early" {
			continue // early is there to act before all others
		}
		seen++
		allocs, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if allocs > most[name] {
			t.Errorf("package %s allocates %d times when it is initialized, want %d at most", name, allocs, most[name])
		}
	}
	if seen < 2 {
		t.Errorf("the runtime tells of %d packages: %s", seen, stderr.String())
	}
}
