package surroundings

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// showing is the only argument of the test binary when it is to settle and show what a
// child finds. A variable would not outlast Settle.
const showing = "show"

// child shows what it was started with.
const child = `grep -E '^(Sig(Blk|Ign)|Umask):' /proc/self/status; grep FDSize /proc/$$/status; ls /proc/self/fd | wc -l
ulimit -c; ulimit -Sn; ulimit -s; env | grep -vE '^(_|SHLVL|OLDPWD)='`

func TestMain(m *testing.M) {
	Settle()
	if len(os.Args) != 2 || os.Args[1] != showing {
		os.Exit(m.Run())
	}
	cmd := exec.Command("sh", "-c", child)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		panic(err)
	}
}

// show starts the test binary from a shell script that runs "$0" "$1", with all signals
// blocked or none, and returns what it shows.
func show(t *testing.T, script string, block bool, env ...string) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", script, exe, showing)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	for range 100 { // which make the table of descriptors large
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.Stderr)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if block {
		var all, before unix.Sigset_t
		all.Val[0] = ^uint64(0)
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
			t.Fatal(err)
		}
		defer unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	}
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return out.String()
}

// What tests find does not depend on who starts them.
func TestSettle(t *testing.T) {
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	const bare = "GOFLAGS=-mod=readonly\nGIT_AUTHOR_EMAIL=a@example.org\nGIT_AUTHOR_NAME=A\nGIT_COMMITTER_EMAIL=a@example.org\nGIT_COMMITTER_NAME=A\n" +
		"GIT_CONFIG_GLOBAL=/dev/null\nGIT_CONFIG_NOSYSTEM=1\nTMPDIR=/tmp\nTZ=UTC0\nXDG_CONFIG_HOME=/proc/none\n"
	want := func(more string) string {
		env := strings.Split(strings.TrimSuffix(bare+"PATH="+os.Getenv("PATH")+"\nPWD="+folder+"\n"+more, "\n"), "\n")
		slices.Sort(env)
		// ls has its standard streams and the folder that it lists.
		return "Umask:\t0022\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nFDSize:\t64\n4\n0\n1024\n8192\n" + strings.Join(env, "\n") + "\n"
	}
	for _, tt := range []struct {
		name   string
		script string
		block  bool
		env    []string
		more   string
	}{
		{"empty", `exec "$0" "$1"`, false, nil, ""},
		{"signals ignored", `trap '' HUP INT QUIT PIPE CHLD TERM TSTP TTIN TTOU USR1 64; exec "$0" "$1"`, false, nil, ""},
		{"signals blocked", `exec "$0" "$1"`, true, nil, ""},
		{"descriptors, limits and mask", `umask 077; ulimit -Ss unlimited || :; ulimit -Sc unlimited || :; ulimit -Sn 1025; exec 5>&1 7</dev/null; exec "$0" "$1"`, false, nil, ""},
		{"no standard streams", `exec "$0" "$1" <&-`, false, nil, ""},
		{"a folder by a link", `cd ` + link + ` && exec "$0" "$1"`, false, []string{"PWD=" + link}, ""},
		{"variables", `exec "$0" "$1"`, false, []string{"SHELL=/bin/sh", "LANG=de_DE.UTF-8", "LC_ALL=C", "TZ=CET", "TERM=xterm", "NO_COLOR=1",
			"STRACE_COLORS=x", "COLORFGBG=0;15", "USER=u", "LD_LIBRARY_PATH=/lib", "GOMAXPROCS=1", "GODEBUG=inittrace=0", "GOTRACEBACK=all",
			"GOFLAGS=-count=1", "PAGER=false", "LESS=-X", "POSIXLY_CORRECT=1", "MAKEFLAGS=-j", "PYTHONPATH=/x", "BASH_ENV=/x", "ENV=/x",
			"XDG_CONFIG_HOME=/x", "HOME=/", "GOPROXY=off", "TRAPLINE_MAY_LACK=x"},
			"HOME=/\nGOPROXY=off\nTRAPLINE_MAY_LACK=x\nGOENV=/x/go/env\n"},
	} {
		got := show(t, tt.script, tt.block, tt.env...)
		head, env, _ := strings.Cut(got, "\n8192\n")
		lines := strings.Split(strings.TrimSuffix(env, "\n"), "\n")
		slices.Sort(lines)
		if got := head + "\n8192\n" + strings.Join(lines, "\n") + "\n"; got != want(tt.more) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, want(tt.more))
		}
	}
}

// A folder for temporary files has a short, plain name.
func TestTemporary(t *testing.T) {
	folder, err := os.MkdirTemp("/tmp", "t")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	long, spaced, link, private := filepath.Join(folder, "quite-a-long-name"), filepath.Join(folder, "a b"), filepath.Join(folder, "link"), filepath.Join(folder, "p")
	for _, name := range []string{long, spaced, private + "/d"} {
		if err := os.MkdirAll(name, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[string]string{
		folder: folder, link: folder, long: "/tmp", spaced: "/tmp", folder + "/none": "/tmp", private + "/d": "/tmp", ".": "/tmp", "": "/tmp",
	} {
		if got := temporary(asked); got != want {
			t.Errorf("%q: %s, want %s", asked, got, want)
		}
	}
}

// A file of the name that is to stand for none is reported, whatever it is.
func TestAbsent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := absent(name); err != nil {
		t.Error(err)
	}
	if err := os.Symlink("nothing", name); err != nil {
		t.Fatal(err)
	}
	if err := absent(name); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("error %v", err)
	}
}

// Each package whose tests start processes settles first.
func TestEveryPackageSettles(t *testing.T) {
	const root = "../.."
	starts, settles := map[string]string{}, map[string]bool{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && name != root && (base == "testdata" || strings.HasPrefix(base, ".")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		folder := filepath.Dir(name)
		for _, i := range file.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if slices.Contains(starters, path) {
				starts[folder] = fmt.Sprintf("%s imports %s", name, path)
			}
		}
		if strings.Contains(string(text), "func TestMain(m *testing.M) {") && strings.Contains(string(text), "Settle()") {
			settles[folder] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(settles) < 10 || len(starts) < 10 {
		t.Errorf("only %d packages start processes, %d settle", len(starts), len(settles))
	}
	for folder, why := range starts {
		if !settles[folder] {
			t.Errorf("%s has no TestMain that calls surroundings.Settle, and %s", folder, why)
		}
	}
}

// starters are packages that start processes.
var starters = []string{"os/exec", "trapline/integration/asleep", "trapline/integration/programs", "trapline/trace"}
