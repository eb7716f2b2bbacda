package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"trapline/integration/jsonlines"
)

// fileRecord is a record of --report=files in JSON.
type fileRecord struct {
	Event        string
	Path         string
	Use          []string
	Calls        int
	Errors       map[string]int
	BytesRead    uint64 `json:"bytes_read"`
	BytesWritten uint64 `json:"bytes_written"`
	Renames      []struct{ From, To string }
	By           []struct {
		PID     int
		Program string
		Use     []string
	}
	Tried []fileRecord
	Found string
	Also  []string `json:"also_found"`
}

// records parses the records of a report, without the first one of the trace.
func reportRecords[T any](t *testing.T, log string) (all []T) {
	t.Helper()
	for line := range strings.Lines(log) {
		if err := jsonlines.Check(line); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		var r T
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if !strings.Contains(line, `"event":"trace"`) {
			all = append(all, r)
		}
	}
	return all
}

// The report of files lists what a script did with each of its files.
func TestReportFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"path1", "path2", "sub"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("sub", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("input", strings.Repeat("x", 70_000), 0o666)
	write("old", "old", 0o666)
	write("gone", "", 0o666)
	write("path2/tool", "#!/bin/sh\nexit 0\n", 0o777)
	write("path2/tool-2.0", "#!/bin/sh\nexit 0\n", 0o777)
	for _, name := range []string{"linked", "asked"} {
		if err := os.Symlink("tool-2.0", filepath.Join(dir, "path2", name)); err != nil {
			t.Fatal(err)
		}
	}
	script := `cd ` + dir + `
PATH=$PWD/path1:$PWD/path2:$PATH
dd if=input of=link/output bs=7000 2>/dev/null
mv old new
rm gone
mkdir made
chmod 600 input
tool
linked
for d in path1 path2; do [ -L $d/asked ]; done
for d in path1 path2; do [ -e $d/asked ]; done
for d in path1 path2; do [ -L $d/asked ]; done
ln -s input symbolic
test -e nowhere/at/all
cat /does/not/exist 2>/dev/null
: >>old2; mv old2 new
true`
	traced := trace(t, trapline(t), []string{"--report=files", "--json"}, "sh", "-c", script)
	find := func(name string) (found fileRecord) {
		for _, r := range reportRecords[fileRecord](t, traced.log) {
			if r.Path == filepath.Join(dir, name) {
				if found.Path != "" {
					t.Errorf("%s appears twice", name)
				}
				found = r
			}
		}
		return found
	}
	for name, want := range map[string]string{
		"input":      "read changed",
		"sub/output": "written created",
		"old":        "renamed",
		"new":        "created renamed replaced",
		"gone":       "removed",
		"made":       "created",
		"path2/tool": "executed read",
		"symbolic":   "created",
	} {
		got := find(name).Use
		slices.Sort(got)
		wanted := strings.Fields(want)
		slices.Sort(wanted)
		if strings.Join(got, " ") != strings.Join(wanted, " ") {
			t.Errorf("%s was %v, want %v", name, got, wanted)
		}
	}
	if r := find("input"); r.BytesRead != 70_000 || r.BytesWritten != 0 {
		t.Errorf("input: %d bytes read, %d written", r.BytesRead, r.BytesWritten)
	}
	if r := find("sub/output"); r.BytesWritten != 70_000 || r.BytesRead != 0 || len(r.By) != 1 || r.By[0].Program != "dd" {
		t.Errorf("output: %+v", r)
	}
	if r := find("old"); len(r.Renames) != 1 || r.Renames[0].To != filepath.Join(dir, "new") {
		t.Errorf("old was renamed: %+v", r.Renames)
	}
	if r := find("link/output"); r.Path != "" {
		t.Errorf("a name with a symbolic link in it is there: %+v", r)
	}
	var searches []fileRecord
	for _, r := range reportRecords[fileRecord](t, traced.log) {
		if r.Event == "file_search" {
			searches = append(searches, r)
		}
	}
	search := func(tried string) (found fileRecord) {
		for _, r := range searches {
			if len(r.Tried) > 0 && r.Tried[0].Path == tried {
				return r
			}
		}
		t.Errorf("no search begins with %s", tried)
		return found
	}
	if r := search(filepath.Join(dir, "path1/tool")); r.Found != filepath.Join(dir, "path2/tool") || len(r.Tried) != 1 {
		t.Errorf("tool was looked for: %+v", r)
	}
	if r := search(filepath.Join(dir, "path1/linked")); r.Found != filepath.Join(dir, "path2/tool-2.0") {
		t.Errorf("linked was looked for: %+v", r)
	}
	asked := filepath.Join(dir, "path1/asked")
	r := search(asked)
	if r.Found != filepath.Join(dir, "path2/asked") || !slices.Equal(r.Also, []string{filepath.Join(dir, "path2/tool-2.0")}) {
		t.Errorf("a link and its target were looked for: %+v", r)
	}
	if n := strings.Count(traced.log, `{"path":"`+asked+`"`); n != 1 {
		t.Errorf("%s appears %d times", asked, n)
	}
	if r := search("/does/not/exist"); r.Found != "" || r.Tried[0].Errors["ENOENT"] != r.Tried[0].Calls || r.Tried[0].By[0].Program != "cat" {
		t.Errorf("what does not exist was looked for: %+v", r)
	}
	search(filepath.Join(dir, "nowhere/at/all"))
}

// The bytes in the report are the bytes that the kernel counts.
func TestReportFilesAgainstProcIO(t *testing.T) {
	const script = `i=0; while [ $i -lt 20 ]; do cat /etc/passwd >>"$0"; i=$((i+1)); done; cat /proc/self/io; grep -E "rchar|wchar" /proc/$$/io`
	file := filepath.Join(t.TempDir(), "sum")
	traced := trace(t, trapline(t), []string{"--report=files", "--json"}, "sh", "-c", script, file)
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reportRecords[fileRecord](t, traced.log) {
		switch {
		case r.Path == "/etc/passwd" && len(r.By) == 20 && r.BytesRead != uint64(20*len(passwd)),
			r.Path == file && r.BytesWritten != uint64(20*len(passwd)):
			t.Errorf("%s: %d read, %d written; /etc/passwd has %d bytes", r.Path, r.BytesRead, r.BytesWritten, len(passwd))
		}
	}
}

// One call may concern many files. Reading a directory does not use the files in it.
func TestReportFilesOfManyAtOnce(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const program = `import os, select, sys
d = sys.argv[1]
p = select.poll()
for fd in [os.open(os.path.join(d, str(i)), os.O_RDONLY) for i in range(20)]: p.register(fd)
p.poll(0)
os.listdir(d)`
	traced := trace(t, trapline(t), []string{"--report=files", "--json"}, "python3", "-I", "-S", "-c", program, dir)
	if traced.status != 0 {
		t.Fatalf("trapline exits with %d: %s", traced.status, traced.stderr)
	}
	inside := make(map[string]bool)
	for _, r := range reportRecords[fileRecord](t, traced.log) {
		if filepath.Dir(r.Path) == dir {
			inside[filepath.Base(r.Path)] = true
		}
	}
	for i := range 300 {
		if name := strconv.Itoa(i); inside[name] != (i < 20) {
			t.Errorf("%s: used is %v", name, inside[name])
		}
	}
}

// File names may contain any bytes. In text, a terminal must not interpret them.
func TestReportFilesHostileNames(t *testing.T) {
	dir := t.TempDir()
	names := []string{"a\x1b[31m", "new\nline", "\xff\xfe", "\u202eleft", "qu\"ote", " lead", "ok name"}
	args := []string{"-c", `cd "$0"; for f; do : >"$f"; done`, dir}
	args = append(args, names...)
	text := trace(t, trapline(t), []string{"--report=files"}, append([]string{"sh"}, args...)...).log
	for _, r := range text {
		if r != '\n' && (r < ' ' || r == 0x7f || r == '\u202e' || r == '\ufffd') {
			t.Errorf("the report has %q", r)
		}
	}
	for _, want := range []string{`a\x1b[31m"`, `new\nline"`, `\xff\xfe"`, `\u202eleft"`, `qu\"ote"`, "/ok name\n"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q appears %d times, want once", want, strings.Count(text, want))
		}
	}
	found := 0
	for _, r := range reportRecords[fileRecord](t, trace(t, trapline(t), []string{"--report=files", "--json"}, append([]string{"sh"}, args...)...).log) {
		if slices.Contains(names, filepath.Base(r.Path)) {
			found++
		}
	}
	if found != len(names)-1 { // not UTF-8
		t.Errorf("%d of %d names are in JSON", found, len(names)-1)
	}
}
