package integration

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

// initLine is the runtime's report on the initialization of one package.
var initLine = regexp.MustCompile(`(?m)^init (\S+) .* (\d+) allocs$`)

// initAllocations are the highest numbers of allocations that packages make during
// initialization. Packages outside Go's library that are not listed allocate nothing.
var initAllocations = map[string]int{
	"main": 8, // for locking the main thread

	"github.com/alecthomas/participle/v2/lexer": 21,
	"github.com/bmatcuk/doublestar/v4":          4,
	"github.com/charmbracelet/colorprofile":     4,
	"github.com/charmbracelet/ultraviolet":      12,
	"github.com/charmbracelet/x/ansi":           5,
	"github.com/charmbracelet/x/ansi/parser":    3,
	"github.com/charmbracelet/x/termios":        18,
	"github.com/fatih/color":                    1,
	"github.com/ianlancetaylor/demangle":        102,
	"github.com/klauspost/compress/flate":       15,
	"github.com/mattn/go-runewidth":             9,
	"github.com/muesli/cancelreader":            1,
	"github.com/spf13/pflag":                    1,
	"github.com/xo/terminfo":                    1,
	"golang.org/x/net/dns/dnsmessage":           14,
	"golang.org/x/sys/unix":                     1,
}

// What packages allocate during initialization does not grow, because every command pays
// for it. The counts do not vary. Descriptions that the compiler can lay out do not
// allocate.
func TestInitAllocations(t *testing.T) {
	cmd := exec.Command(trapline(t), "-V")
	cmd.Env = []string{"GODEBUG=inittrace=1"}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range initLine.FindAllStringSubmatch(stderr.String(), -1) {
		name := m[1]
		if ofGo(name) || name == "trapline/cmd/trapline/early" {
			continue // early must run before all others
		}
		seen++
		allocs, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		if most := initAllocations[name]; allocs > most {
			t.Errorf("package %s allocates %d times when it is initialized, want %d at most", name, allocs, most)
		}
	}
	if seen < 2 {
		t.Errorf("the runtime reports %d packages: %s", seen, stderr.String())
	}
}

// ofGo reports whether a package belongs to Go's library.
func ofGo(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return name != "main" && first != "trapline" && !strings.Contains(first, ".")
}

// TestStartPopulates checks that the code and the zeroed variables that each start uses
// are mapped when trapline starts. Under a seccomp filter that refuses madvise, variables
// that it has not used are not mapped.
func TestStartPopulates(t *testing.T) {
	need.All(t, need.Populate, need.Live) // the filter is not meant for the recording replayer
	// mapped returns which pages are mapped at the beginning of trapline's code and of its
	// zeroed variables.
	mapped := func(refused string) (code, zeroed []bool) {
		nr := tables.ByName(tables.X86_64, refused).NR
		cmd := exec.Command(program(t, "refuse", "amd64"), fmt.Sprint(nr), fmt.Sprint(int(unix.EPERM)), trapline(t), "-o", os.DevNull, "cat")
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			stdin.Close()
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		}()
		fmt.Fprintln(stdin, "started")
		if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "started\n" {
			t.Errorf("cat writes %q, %v", line, err)
		}
		dir := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
		maps, err := os.ReadFile(dir + "maps")
		if err != nil {
			t.Fatal(err)
		}
		const headers, codeUsed, zeroedUsed = 2, 0x180, 32 // pages
		code = presentPages(t, dir, codeOf.FindSubmatch(maps), codeUsed)[headers:]
		return code, presentPages(t, dir, zeroedOf.FindSubmatch(maps), zeroedUsed)
	}
	if code, zeroed := mapped("acct"); slices.Contains(code, false) || slices.Contains(zeroed, false) {
		t.Errorf("of code that is used these pages are mapped: %v; of zeroed variables: %v", code, zeroed)
	}
	if _, zeroed := mapped("madvise"); !slices.Contains(zeroed, false) {
		t.Errorf("without madvise all of the first %d pages of zeroed variables are mapped as well", len(zeroed))
	}
}

// codeOf matches the first mapping of code in a file maps; zeroedOf matches the mapping
// that follows the last one of the same file.
var (
	codeOf   = regexp.MustCompile(`(?m)^([0-9a-f]+)-[0-9a-f]+ r-xp .*/`)
	zeroedOf = regexp.MustCompile(`(?m)^[0-9a-f]+-[0-9a-f]+ rw-p .*/.*\n([0-9a-f]+)-[0-9a-f]+ rw-p [0-9a-f]+ 00:00 0 *$`)
)

// presentPages reports which pages are present, starting at an address that was matched.
func presentPages(t *testing.T, dir string, found [][]byte, pages int) []bool {
	t.Helper()
	if found == nil {
		t.Fatal("no such mapping")
	}
	start, err := strconv.ParseInt(string(found[1]), 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(dir + "pagemap")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	entries := make([]byte, 8*pages)
	if _, err := file.ReadAt(entries, start/int64(os.Getpagesize())*8); err != nil {
		t.Fatal(err)
	}
	present := make([]bool, pages)
	for i := range present {
		present[i] = binary.LittleEndian.Uint64(entries[8*i:])>>63 != 0
	}
	return present
}
