package integration

import (
	"strings"
	"testing"

	"trapline/integration/need"
)

// With buffered calls, too, the processes of a tree see only their own affinity masks: by
// sched_getaffinity and in files, their own and each other's, whether they have rings or
// not.
func TestBufferedAffinity(t *testing.T) {
	need.All(t, need.Processors)
	const (
		reads = `masks() { while read -r a b; do case $a in Cpus_allowed:) echo $b;; esac; done </proc/self/status; }
			n() { i=0; while [ $i -lt $1 ]; do i=$((i+1)); $2; done; }
			`
		tree = `look() { grep -h Cpus_allowed: /proc/self/status /proc/$$/status; nproc; masks; }
			all() { /bin/true; /bin/true; look; (look); look </dev/null; }
			n 6 all; exec sh -c 'i=0; while [ $i -lt 10 ]; do i=$((i+1)); nproc; grep Cpus_allowed: /proc/$$/status; done'`
		// A process that shares the memory of one that opened files without a stop, and
		// that lives longer.
		orphan = `commands() { for k in 1 2 3 4 5 6; do /bin/true; done; masks; }
			n 44 masks; (n 6 masks; n 6 commands) & exec true`
	)
	for name, script := range map[string]string{"tree": tree, "orphan": orphan} {
		want := outcomeOf(t, 0, "sh", "-c", reads+script)
		for _, flags := range []string{"", "--colocate=always", "-y", "--colocate=always -e trace=openat"} {
			r := trace(t, trapline(t), append([]string{"-d", "-f", "--buffered=always"}, strings.Fields(flags)...), "sh", "-c", reads+script)
			if r.stdout != want.stdout || r.status != 0 {
				t.Errorf("%s %s: traced it sees, with status %d\n%s\nuntraced\n%s", name, flags, r.status, r.stdout, want.stdout)
			}
			bufferedCalls(t, r.stderr)
			if strings.Contains(flags, "always") && !strings.Contains(r.stderr, "co-location: guardian started\n") {
				t.Errorf("%s %s: there was no co-location", name, flags)
			}
		}
	}
}
