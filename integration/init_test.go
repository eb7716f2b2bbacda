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

// initLine is what the runtime says of the initialization of one package.
var initLine = regexp.MustCompile(`(?m)^init (\S+) .* (\d+) allocs$`)

// A start costs what is used: what trapline's packages allocate when they are
// initialized, for every command however short, does not grow. The counts do
// not vary. Descriptions that the compiler can lay out allocate nothing.
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
