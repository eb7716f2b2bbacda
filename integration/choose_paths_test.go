package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trapline/integration/need"
)

// chosenCalls runs a command with -f and more flags, as text and as JSON, and
// returns the lines of the text. Both must have chosen the same calls.
func chosenCalls(t *testing.T, flags []string, command ...string) []string {
	t.Helper()
	flags = append([]string{"-e", "signal=none", "--quiet=attach,exit"}, flags...)
	text := trace(t, trapline(t), append([]string{"-f"}, flags...), command...)
	inJSON := trace(t, trapline(t), append([]string{"-f", "--json"}, flags...), command...)
	var lines, names, jsonNames []string
	for line := range strings.Lines(text.log) {
		if m := beginning.FindStringSubmatch(line); m != nil {
			names = append(names, m[1])
			_, call, _ := strings.Cut(strings.TrimSpace(line), " ")
			lines = append(lines, strings.TrimSpace(call))
		}
	}
	for line := range strings.Lines(inJSON.log) {
		var r jsonRecord
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if r.Event == "syscall" {
			jsonNames = append(jsonNames, r.Name)
		}
	}
	slices.Sort(names)
	slices.Sort(jsonNames)
	if !slices.Equal(names, jsonNames) {
		t.Errorf("%q: text has %v, JSON %v; standard error:\n%s", flags, names, jsonNames, text.stderr)
	}
	return lines
}

var beginning = regexp.MustCompile(`^\d+ +(\w+)\(`)

// -P finds files by the names under which the kernel finds them, whatever names the program
// uses.
func TestPathsAsTheKernelFindsThem(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	script := `cd "$0" && mkdir -p sub/dir && echo x >sub/dir/file && ln -s sub/dir link && cat link/file && cat link/../dir/./file &&
		mv link/file sub/moved && ln sub/moved sub/hard && rm -r sub link`
	for _, tt := range []struct {
		name  string
		paths []string
		calls string
		want  []string // the beginnings of the lines, in order
	}{
		{"through a link, dot-dot, relative", []string{dir + "/sub/dir/file"}, "/^open", []string{
			`openat(AT_FDCWD, "sub/dir/file", O_WRONLY|O_CREAT`, `openat(AT_FDCWD, "link/file", O_RDONLY`, `openat(AT_FDCWD, "link/../dir/./file", O_RDONLY`}},
		{"both names of a rename", []string{dir + "/sub/dir/file"}, "/^rename", []string{`rename`}},
		{"the new name of a rename", []string{dir + "/sub/moved"}, "/^rename", []string{`rename`}},
		{"the new name of a link", []string{dir + "/sub/hard"}, "/^link", []string{`link`}},
		{"the new name of a symbolic link", []string{dir + "/link"}, "/^symlink", []string{`symlink`}},
		{"a new folder", []string{dir + "/sub"}, "/^mkdir", []string{`mkdir("sub"`}},
		{"a victim seen from a descriptor", []string{dir + "/sub/hard"}, "/^unlink", []string{`unlinkat(`}},
		{"a link that is removed is not its target", []string{dir + "/sub/dir"}, "unlinkat,unlink", []string{`unlinkat(`}},
		{"a subtree", []string{dir + "/sub/"}, "/^unlink", []string{`unlinkat(`, `unlinkat(`, `unlinkat(`, `unlinkat(`}},
		{"a glob", []string{dir + "/**/m*"}, "/^unlink,/^rename", []string{`rename`, `unlinkat(`}},
		{"a subtree but for a part", []string{dir + "/sub/", "!" + dir + "/sub/{hard,moved}"}, "/^unlink", []string{`unlinkat(`, `unlinkat(`}},
		{"strictly", []string{"--strict-path", "link/file"}, "/^open", []string{`openat(AT_FDCWD, "link/file"`}},
	} {
		var flags []string
		for _, p := range tt.paths {
			if strings.HasPrefix(p, "-") {
				flags = append(flags, p)
			} else {
				flags = append(flags, "-P", p)
			}
		}
		lines := chosenCalls(t, append(flags, "-e", "trace="+tt.calls), "sh", "-c", script, dir)
		ok := len(lines) == len(tt.want)
		for i := range min(len(lines), len(tt.want)) {
			ok = ok && strings.HasPrefix(lines[i], tt.want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want %q", tt.name, lines, tt.want)
		}
	}
}

// A process in another root directory is found by its own names and by trapline's names.
func TestPathsInRoot(t *testing.T) {
	need.All(t, need.Root)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// This root contains only a static program.
	hello, err := os.ReadFile(program(t, "hello", "amd64"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir+"/bin", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/bin/hello", hello, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/bin/hello", dir+"/entry"); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/bin/hello", dir + "/bin/hello", dir + "/b*/", "/b*/hello"} {
		lines := chosenCalls(t, []string{"-P", p, "-e", "trace=execve"}, "chroot", dir, "/../entry")
		if len(lines) != 1 || !strings.HasPrefix(lines[0], `execve("/../entry"`) {
			t.Errorf("%s: %q", p, lines)
		}
	}
}

// If there are only exceptions, everything else is shown, including calls without files.
func TestExceptedPaths(t *testing.T) {
	lines := chosenCalls(t, []string{"-P", "!/etc/**", "-e", "trace=%file,getppid,read"}, "sh", "-c", "exec cat /etc/passwd")
	has := func(part string) bool {
		return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, part) })
	}
	if has(`openat(AT_FDCWD, "/etc/passwd"`) || has(`"root:`) || !has("getppid(") || !has("execve(") {
		t.Errorf("%q", lines)
	}
}
