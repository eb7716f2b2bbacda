//go:build linux && amd64

package trace

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPathSets(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := os.Mkdir("folder", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("folder", "link"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		paths   string // between blanks
		in, out string // full names; those that begin with "." are below dir
	}{
		{"/etc/hostname", "/etc/hostname", "/etc/hostname2 /etc /"},
		{"folder", "./folder", "./folder/x"},
		{"link", "./folder", "./link2"},
		{"folder/", "./folder ./folder/x ./folder/x/y", "./folders ./fold"},
		{"link/", "./folder/x", "./other"},
		{"/", "/", "/x"},
		{"//", "/ /x", ""},
		{"/etc/**/*.conf", "/etc/a.conf /etc/b/c/a.conf", "/etc/a.con /etc/a.conf/x /a.conf /etc"},
		{"/b*/", "/bin /bin/x /b/x/y", "/ /x/b"},
		{"/etc/*.conf", "/etc/a.conf", "/etc/b/a.conf"},
		{"/etc/[ab]?", "/etc/a1 /etc/b2", "/etc/c1 /etc/a"},
		{"/{usr,opt}/bin/*", "/usr/bin/x /opt/bin/y", "/bin/x /usr/bin/x/y"},
		{"**/*.c", "./x.c ./folder/y.c", "/x.c ./x.h"},
		{"link/*", "./folder/x", "./folder/x/y"},
		{"/**", "/ /a /a/b", ""},
		{"!/proc/**", "/etc /procs ", "/proc /proc/1 /proc/1/maps"},
		{"^/proc/**", "/etc", "/proc/1"},
		{"!/proc/", "/etc", "/proc /proc/1"},
		{"!/proc/** !/sys/**", "/etc", "/proc/1 /sys/x"},
		{"/etc/ !/etc/ssl/**", "/etc/a", "/etc/ssl /etc/ssl/b /usr"},
		{"/etc/ !/etc/ssl/** /etc/ssl/cert.pem", "/etc/a /etc/ssl/cert.pem", "/etc/ssl/b"},
		{"!/etc/ssl/** /etc/", "/etc/a /etc/ssl/b", "/usr"}, // the last one decides
		{"/a[b", "/a[b", "/ab"},
		{"/a*b", "/a*b /axb", "/ab/c"},
		{"!", "./!", "./x"}, // a file of that name
	} {
		set := newPathSet(strings.Fields(tt.paths), false)
		for _, c := range []struct {
			names string
			want  bool
		}{{tt.in, true}, {tt.out, false}} {
			for name := range strings.FieldsSeq(c.names) {
				if rest, ok := strings.CutPrefix(name, "."); ok {
					name = dir + rest
				}
				f := &usedFile{text: []byte("something else")}
				f.names[0] = []byte(name)
				if tt.paths == "!" {
					f.text = []byte(strings.TrimPrefix(name, dir+"/"))
				}
				if got := set.wants(f); got != c.want {
					t.Errorf("%s: %s is in: %v", tt.paths, name, got)
				}
			}
		}
	}
}

// The path that a call passes is compared with the given one as written, as strace does.
func TestPathTexts(t *testing.T) {
	for _, tt := range []struct {
		path, text string
		strict     bool
		want       bool
	}{
		{"some", "some", false, true},
		{"./some", "some", false, false},
		{"/etc/", "/etc/", false, true},
		{"/etc/", "/etc/", true, true},
		{"/etc/", "/etc", true, true}, // what it resolves to
		{"/etc/", "/etc/x", true, false},
		{"/tm*", "/tm*", true, true},
		{"/tm*", "/tmp", true, false},
		{"!x", "!x", true, true},
		{"!x", "y", true, false},
		{"", "", false, true},
	} {
		set := newPathSet([]string{tt.path}, tt.strict)
		if got := set.wants(&usedFile{text: []byte(tt.text)}); got != tt.want {
			t.Errorf("%q (strict: %v): %q is in: %v", tt.path, tt.strict, tt.text, got)
		}
		if set.decidedByText([]byte(tt.text)) && !tt.want {
			t.Errorf("%q: decided by %q", tt.path, tt.text)
		}
	}
}

func TestResolvePattern(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	os.Mkdir("a", 0o755)
	for path, want := range map[string]string{
		"a": dir + "/a", "a/": dir + "/a/", "!a/": "!" + dir + "/a/", dir + "/a/": dir + "/a/", "a/*.c": dir + "/a/*.c", "**": dir + "/**", "!a/**": "!" + dir + "/a/**",
		"none": "none", "none/*": "none/*", "/**": "/**", "/": "/", "": "", "a[": "a[",
	} {
		if got := ResolvePattern(path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
	for path, want := range map[string]bool{"/a[": false, "!/{a": false, "/a*": true, "a\\": true, "!": true, "": true} {
		if ValidPath(path) != want {
			t.Errorf("%q is valid: %v", path, !want)
		}
	}
}

// No pattern and no name makes the filter fail, and a name without wildcards always selects
// itself.
func FuzzPathSet(f *testing.F) {
	for _, s := range []string{"/etc/", "/**/*.c", "!/{a,b}", "/a[^b-c]", "\\", "^", "//", "/x/**/", "{,}", "/[!]"} {
		f.Add(s, "/etc/x")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 1000 || len(name) > 4096 {
			return
		}
		set := newPathSet([]string{pattern}, false)
		file := &usedFile{text: []byte(name)}
		file.names[0] = []byte("/" + name)
		set.wants(file)
		ResolvePattern(pattern)
		rest, except := cutNot(pattern)
		file = &usedFile{text: []byte(rest)}
		if set.wants(file) == except {
			t.Errorf("%q does not match itself", pattern)
		}
		if strict := newPathSet([]string{pattern}, true); !strict.wants(&usedFile{text: []byte(pattern)}) {
			t.Errorf("%q is not a name", pattern)
		}
	})
}
