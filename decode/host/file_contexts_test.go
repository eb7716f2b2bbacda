package host

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// policyFiles are the files of a policy, by the suffix of file_contexts.
var policyFiles = map[string]string{
	"": `# comment
/.*	system_u:object_r:default_t:s0
/etc(/.*)?	system_u:object_r:etc_t:s0
/etc/shadow.*	--	system_u:object_r:shadow_t:s0
/etc/ld\.so\.cache	--	system_u:object_r:ld_so_cache_t:s0
/etc/shadowed	system_u:object_r:early_t:s0
/usr/lib(/.*)?	system_u:object_r:lib_t:s0
/usr/lib/.*\.so(\.[^/]*)*	--	system_u:object_r:shlib_t:s0
/dev/.*tty[^/]*	-c	system_u:object_r:tty_t:s0
/a|/b	system_u:object_r:either_t:s0
/(c|d)/e?	system_u:object_r:group_t:s0
/proc/.*	<<none>>
/broken(	system_u:object_r:broken_t:s0
/type	-x	system_u:object_r:broken_t:s0
/alone
`,
	".homedirs":  "/home/[^/]+(/.*)?\tunconfined_u:object_r:user_home_t:s0\n",
	".local":     "/etc/local(/.*)?\tsystem_u:object_r:local_t:s0\n",
	".subs_dist": "/lib /usr/lib\n/run /var/run\n",
	".subs":      "/chroot /\n/opt/lib\t/lib\n",
}

// TestFileContexts compares with the results of libselinux 3.4.
func TestFileContexts(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "contexts/files")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for suffix, text := range policyFiles {
		if err := os.WriteFile(filepath.Join(folder, "file_contexts"+suffix), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var f fileContexts
	if err := f.load(root); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path string
		mode uint32
		want string // the type, or ""
	}{
		{"/", unix.S_IFDIR, "default_t"},
		{"/etc", unix.S_IFDIR, "etc_t"},
		{"/etc/", unix.S_IFDIR, "etc_t"},
		{"/etc//passwd", unix.S_IFREG, "etc_t"},
		{"/etc/shadow-", unix.S_IFREG, "shadow_t"},
		{"/etc/shadow-", unix.S_IFDIR, "etc_t"},
		{"/etc/shadowed", unix.S_IFREG, "early_t"}, // literal paths take precedence over expressions
		{"/etc/ld.so.cache", unix.S_IFREG, "ld_so_cache_t"},
		{"/etc/ldxso.cache", unix.S_IFREG, "etc_t"},
		{"/etc/local/x", unix.S_IFREG, "local_t"},
		{"/etcetera", unix.S_IFREG, "default_t"},
		{"/lib/x.so.6", unix.S_IFREG, "shlib_t"},
		{"/opt/lib/x.so.6", unix.S_IFLNK, "lib_t"},
		{"/chroot/lib", unix.S_IFDIR, "lib_t"},
		{"/chrooted", unix.S_IFDIR, "default_t"},
		{"/home/user/.profile", unix.S_IFREG, "user_home_t"},
		{"/dev/pts/tty\n1", unix.S_IFCHR, "tty_t"},
		{"/dev/tty1", unix.S_IFREG, "default_t"},
		{"/b", unix.S_IFREG, "either_t"},
		{"/d/", unix.S_IFDIR, "default_t"},
		{"/d/e", unix.S_IFDIR, "group_t"},
		{"/proc/1", unix.S_IFDIR, ""},
		{"/broken", unix.S_IFREG, "default_t"},
		{"socket:[1]", unix.S_IFSOCK, ""},
	} {
		for range 2 { // first searched, then cached
			got := string(f.lookup(tt.path, tt.mode))
			want := "system_u:object_r:" + tt.want + ":s0"
			switch tt.want {
			case "":
				want = ""
			case "user_home_t":
				want = "unconfined_u:object_r:user_home_t:s0"
			}
			if got != want {
				t.Errorf("%s %o: %q, want %q", tt.path, tt.mode, got, want)
			}
		}
	}
	var none fileContexts
	if err := none.load(root + "/nowhere"); err != unix.ENOENT {
		t.Errorf("without a policy: %v", err)
	}
	if got := none.lookup("/etc", unix.S_IFDIR); got != nil {
		t.Errorf("without a policy: %s", got)
	}
}

func FuzzFileContexts(f *testing.F) {
	f.Add([]byte(policyFiles[""]), "/etc/shadow")
	f.Add([]byte("/a?b system_u\n/a{2}\\d x\n\\ y\n"), "/b")
	f.Fuzz(func(t *testing.T, text []byte, path string) {
		var f fileContexts
		f.parse(text)
		f.local = parseSubstitutions(text)
		f.lookup(path, unix.S_IFREG)
		for i := range f.specs {
			// The fixed prefix (stem) must not exclude a path that matches.
			s := f.specs[i]
			if s.literal || s.compiled && s.re == nil {
				continue
			}
			with := s.matches(path)
			s.stem = ""
			if s.matches(path) != with {
				t.Errorf("%q does not begin %q, which %q matches", f.specs[i].stem, path, s.expr)
			}
		}
	})
}
