package integration

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trapline/integration/need"
)

// buildPackages builds the packages of version 1.2.3 from the sources in a folder,
// and returns their contents by name.
func buildPackages(t *testing.T, source, out string) map[string][]byte {
	t.Helper()
	cmd := exec.Command("go", "run", "./packages", "-version", "1.2.3", "-o", out)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("packages: %v\n%s", err, text)
	}
	files, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	built := map[string][]byte{}
	for _, f := range files {
		if built[f.Name()], err = os.ReadFile(filepath.Join(out, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return built
}

// copySources copies the files of the module that git knows, with the time of now.
func copySources(t *testing.T, to string) {
	t.Helper()
	list, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			continue // deleted
		}
		name = filepath.Join(to, name)
		os.MkdirAll(filepath.Dir(name), 0o777)
		if err := os.WriteFile(name, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// mustRun runs a command that must not fail, and returns its output.
func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// filesBelow lists the files below a folder.
func filesBelow(t *testing.T, root string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, strings.TrimPrefix(name, root))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// checkInstalled checks what a package has put below root.
func checkInstalled(t *testing.T, root, completions string) {
	t.Helper()
	bin := filepath.Join(root, "usr/bin/trapline")
	if out := mustRun(t, bin, "-V"); !strings.HasPrefix(out, "trapline -- version 1.2.3\n") {
		t.Errorf("-V: %s", out)
	}
	if out := mustRun(t, bin, "-e", "trace=close", "true"); !strings.Contains(out, "+++ exited with 0 +++") {
		t.Errorf("the trace: %s", out)
	}
	for shell, name := range map[string]string{
		"bash": "usr/share/bash-completion/completions/trapline", "zsh": completions,
		"fish": "usr/share/fish/vendor_completions.d/trapline.fish",
	} {
		if text, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(text) != mustRun(t, bin, "--completion="+shell) {
			t.Errorf("%s is not the script for %s: %v", name, shell, err)
		}
	}
	page, err := os.Open(filepath.Join(root, "usr/share/man/man1/trapline.1.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	r, err := gzip.NewReader(page)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil || !bytes.Contains(text, []byte(".TH TRAPLINE 1")) {
		t.Errorf("the man page: %v", err)
	}
	all := filesBelow(t, root)
	for _, name := range []string{"README.md", "CHANGELOG.md", "docs/json.md"} {
		if !slices.Contains(all, "/usr/share/doc/trapline/"+name) {
			t.Errorf("the package lacks %s", name)
		}
	}
	licence := regexp.MustCompile(`^/usr/share/(doc/trapline/copyright|licenses/trapline/LICENSE)$`)
	if !slices.ContainsFunc(all, licence.MatchString) {
		t.Error("the package lacks the licence")
	}
	for _, name := range all {
		if filepath.Base(name) == "strace" {
			t.Errorf("the package has %s, which is for users to choose", name)
		}
	}
}

// Packages of the same sources in another folder are the same, byte by byte; they can
// be installed and removed, and leave nothing behind.
func TestPackages(t *testing.T) {
	need.All(t, need.X86, need.Git, need.NFPM, need.Time)
	dir := t.TempDir()
	copySources(t, filepath.Join(dir, "here"))
	copySources(t, filepath.Join(dir, "elsewhere"))
	built := buildPackages(t, filepath.Join(dir, "here"), filepath.Join(dir, "first"))
	again := buildPackages(t, filepath.Join(dir, "elsewhere"), filepath.Join(dir, "out"))
	const deb, rpm, tarball = "trapline_1.2.3_amd64.deb", "trapline-1.2.3-1.x86_64.rpm", "trapline-1.2.3-linux-amd64.tar.gz"
	for _, name := range []string{deb, rpm, tarball} {
		if len(built[name]) == 0 {
			t.Fatalf("%s is not built", name)
		}
		if !bytes.Equal(built[name], again[name]) {
			t.Errorf("two builds of %s differ", name)
		}
	}
	out := filepath.Join(dir, "out")

	t.Run("tarball", func(t *testing.T) {
		root := t.TempDir()
		mustRun(t, "tar", "-xzf", filepath.Join(out, tarball), "-C", root)
		top := filepath.Join(root, "trapline-1.2.3")
		if text := mustRun(t, filepath.Join(top, "trapline"), "-V"); !strings.Contains(text, "version 1.2.3\n") {
			t.Errorf("-V: %s", text)
		}
		all := filesBelow(t, top)
		for _, name := range []string{"/LICENSE", "/trapline.1.gz", "/completion/_trapline", "/completion/trapline.bash", "/completion/trapline.fish"} {
			if !slices.Contains(all, name) {
				t.Errorf("the tarball lacks %s: %q", name, all)
			}
		}
	})

	t.Run("deb", func(t *testing.T) {
		need.All(t, need.Root, need.Dpkg)
		root := t.TempDir()
		for _, name := range []string{"var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/dpkg/alternatives", "etc/alternatives", "usr/local/bin"} {
			os.MkdirAll(filepath.Join(root, name), 0o777)
		}
		os.WriteFile(filepath.Join(root, "var/lib/dpkg/status"), nil, 0o666)
		before := filesBelow(t, root)
		mustRun(t, "dpkg", "--root="+root, "--force-not-root", "--log="+filepath.Join(dir, "log"), "-i", filepath.Join(out, deb))
		checkInstalled(t, root, "usr/share/zsh/vendor-completions/_trapline")

		// trapline as strace, by choice.
		mustRun(t, "update-alternatives", "--root", root, "--log", "/var/lib/dpkg/log",
			"--install", "/usr/local/bin/strace", "strace", "/usr/bin/trapline", "10")
		if link, err := os.Readlink(filepath.Join(root, "usr/local/bin/strace")); err != nil || link != "/etc/alternatives/strace" {
			t.Errorf("usr/local/bin/strace: %q, %v", link, err)
		}
		mustRun(t, "update-alternatives", "--root", root, "--log", "/var/lib/dpkg/log",
			"--remove", "strace", "/usr/bin/trapline")

		mustRun(t, "dpkg", "--root="+root, "--log="+filepath.Join(dir, "log"), "--purge", "trapline")
		for _, name := range filesBelow(t, root) {
			if !slices.Contains(before, name) && !strings.HasPrefix(name, "/var/lib/dpkg/") {
				t.Errorf("%s remains", name)
			}
		}
	})

	t.Run("rpm", func(t *testing.T) {
		need.All(t, need.Root, need.RPM)
		root := t.TempDir()
		// Debian's rpm warns that packages are not for it.
		rpmArgs := []string{"--root", root, "--force-debian", "--nodeps"}
		if exec.Command("rpm", "--force-debian", "--version").Run() != nil {
			rpmArgs = slices.Delete(rpmArgs, 2, 3)
		}
		mustRun(t, "rpm", append(rpmArgs, "-i", filepath.Join(out, rpm))...)
		checkInstalled(t, root, "usr/share/zsh/site-functions/_trapline")
		mustRun(t, "rpm", append(rpmArgs, "-e", "trapline")...)
		for _, name := range filesBelow(t, root) {
			if strings.Contains(name, "trapline") {
				t.Errorf("%s remains", name)
			}
		}
	})
}
