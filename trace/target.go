//go:build linux && amd64

package trace

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"golang.org/x/sys/unix"
)

// Target describes processes to attach to other than by their ids. ParseTarget makes one.
type Target struct {
	text string
	kind targetKind
	name string // a pattern for names of commands, or the path of a cgroup
	file bool   // the path is a folder, relative to /sys/fs/cgroup
	pid  int    // the root of a tree
}

type targetKind uint8

const (
	byName targetKind = iota
	byTree
	byCgroup
)

func (t *Target) String() string { return t.text }

// ParseTarget reads name:NAME, for the processes whose command or program has
// that name or matches that pattern; tree:PID, for a process and all its
// descendants; or cgroup:PATH, for the processes of a control group and of those
// below it. PATH is as in /proc/PID/cgroup, or below /sys/fs/cgroup.
func ParseTarget(text string) (*Target, error) {
	kind, value, ok := strings.Cut(text, ":")
	t := &Target{text: text, name: value}
	valid := ok && value != ""
	switch kind {
	case "name":
		valid = valid && doublestar.ValidatePattern(value)
	case "tree":
		pid, isNumber := ParseNumber(value, math.MaxInt32)
		t.kind, t.pid = byTree, int(pid)
		valid = valid && isNumber && pid > 0
	case "cgroup":
		rest, file := strings.CutPrefix(path.Clean(value)+"/", "/sys/fs/cgroup/")
		t.kind, t.name, t.file = byCgroup, path.Clean("/"+rest), file
	default:
		valid = false
	}
	if !valid {
		return nil, parseErrorf("Invalid process id: '%s'", text)
	}
	return t, nil
}

// Find returns the ids of the processes that the target describes now, without this
// process and its descendants.
func (t *Target) Find() []int {
	parents := parentsOfAll()
	var found []int
	for pid := range parents {
		if descends(pid, os.Getpid(), parents) {
			continue
		}
		ok := false
		switch t.kind {
		case byName:
			ok = t.hasName(pid)
		case byTree:
			ok = descends(pid, t.pid, parents)
		case byCgroup:
			cgroups, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
			ok = t.hasCgroup(cgroups)
		}
		if ok {
			found = append(found, pid)
		}
	}
	slices.Sort(found)
	return found
}

// parentsOfAll maps the id of each process to that of its parent.
func parentsOfAll() map[int]int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	parents := make(map[int]int)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if stat, err := os.ReadFile("/proc/" + name + "/stat"); err == nil {
			parents[pid] = parentIn(stat)
		}
	}
	return parents
}

// Processes yields the ids of all processes, in no order, with the names of their
// commands. It leaves out kernel threads, which cannot be traced, and processes that have
// ended in the meantime.
func Processes() iter.Seq2[int, string] {
	return func(yield func(pid int, name string) bool) {
		const kthreadd = 2 // if it is a kernel thread, the parent of all other kernel threads
		parents := parentsOfAll()
		kernel := commandName(kthreadd) == "kthreadd"
		for pid, parent := range parents {
			if kernel && (pid == kthreadd || parent == kthreadd) {
				continue
			}
			if name := commandName(pid); name != "" && !yield(pid, name) {
				return
			}
		}
	}
}

// commandName returns the name of a process's command, or "" if there is none.
func commandName(pid int) string {
	comm, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSuffix(string(comm), "\n")
}

// parentIn returns the parent's id in /proc/PID/stat, or 0 if there is none. The command's
// name there, in parentheses, may contain anything.
func parentIn(stat []byte) int {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	pid, _ := strconv.Atoi(string(fields[1]))
	return pid
}

// descends reports whether a process is root or a descendant of it.
func descends(pid, root int, parents map[int]int) bool {
	for range len(parents) + 1 {
		if pid == root {
			return true
		}
		parent, ok := parents[pid]
		if !ok || parent == 0 {
			return false
		}
		pid = parent
	}
	return false // a cycle: processes were created while they were listed
}

// hasName reports whether a process's command, or its program's file, has the
// target's name. The kernel cuts the names of commands after 15 bytes.
func (t *Target) hasName(pid int) bool {
	dir := "/proc/" + strconv.Itoa(pid)
	comm, err := os.ReadFile(dir + "/comm")
	if err != nil {
		return false
	}
	if doublestar.MatchUnvalidated(t.name, strings.TrimSuffix(string(comm), "\n")) {
		return true
	}
	exe, err := os.Readlink(dir + "/exe")
	return err == nil && doublestar.MatchUnvalidated(t.name, path.Base(strings.TrimSuffix(exe, " (deleted)")))
}

// hasCgroup reports whether a line of a /proc/PID/cgroup, of the form
// ID:CONTROLLERS:PATH, names the target's control group or one below it
// (cgroups(7)).
func (t *Target) hasCgroup(lines []byte) bool {
	for line := range strings.Lines(string(lines)) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) < 3 {
			continue
		}
		name := t.name
		if t.file {
			name = belowHierarchy(name, strings.TrimPrefix(parts[1], "name="))
		}
		rest, ok := strings.CutPrefix(parts[2], name)
		if name != "" && ok && (rest == "" || rest[0] == '/' || name == "/") {
			return true
		}
	}
	return false
}

// belowHierarchy removes the folder of a hierarchy from a path below /sys/fs/cgroup.
// Version 1 has a folder for each of its controllers; version 2 may have one beside them.
// It returns "" if the path is in another hierarchy.
func belowHierarchy(name, controllers string) string {
	first, rest, _ := strings.Cut(name[1:], "/")
	switch {
	case controllers == "" && first != "unified":
		return name
	case controllers == "", slices.Contains(strings.Split(controllers, ","), first), first == controllers:
		return "/" + rest
	}
	return ""
}

// Await waits until the target describes at least one process.
func (t *Target) Await(ctx context.Context) error {
	const interval = 20 * time.Millisecond
	for len(t.Find()) == 0 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(interval):
		}
	}
	return nil
}

// AttachTo attaches to all threads of all processes that a target describes, and repeats
// that until it finds no new ones. It returns the number of processes attached to. For
// each of the others it calls refused with the error of Attach.
func (s *Session) AttachTo(t *Target, refused func(error)) (attached int) {
	const rounds = 100 // in case that processes appear faster than they are attached to
	done := make(map[int]bool)
	for range rounds {
		news := false
		for _, pid := range t.Find() {
			threads, err := s.attachThreads(pid)
			news = news || threads > 0
			if threads > 0 && !done[pid] {
				attached++
			}
			if err != nil && !done[pid] {
				refused(err)
			}
			if threads > 0 || err != nil {
				done[pid] = true
			}
		}
		if !news {
			break
		}
	}
	return attached
}

// attachThreads attaches to the threads of a process that are not yet tracees, and returns
// their number. Threads that have ended are not an error.
func (s *Session) attachThreads(pid int) (threads int, err error) {
	tasks := []int{pid}
	if !s.o.Follow { // otherwise Attach finds them
		tasks = threadsOf(pid)
	}
	for _, tid := range tasks {
		n, attachErr := s.tracer.Attach(tid)
		var refused *AttachError
		switch {
		case attachErr == nil:
			threads += n
		case errors.As(attachErr, &refused) && (refused.Errno == unix.ESRCH || isTraced(tid)):
		default:
			err = attachErr
		}
	}
	s.sayAttached(pid, threads)
	return threads, err
}

// threadsOf returns the ids of a process's threads.
func threadsOf(pid int) (threads []int) {
	entries, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			threads = append(threads, tid)
		}
	}
	return threads
}

// isTraced reports whether this thread already traces another one, which a tracee may have
// just created.
func isTraced(tid int) bool {
	status, _ := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	for line := range strings.Lines(string(status)) {
		if tracer, ok := strings.CutPrefix(line, "TracerPid:"); ok {
			id, _ := strconv.Atoi(strings.TrimSpace(tracer))
			return id == unix.Gettid()
		}
	}
	return false
}
