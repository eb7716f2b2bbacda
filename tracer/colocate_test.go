//go:build linux && amd64

package tracer

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

func affinity(pid int) string {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &set); err != nil {
		return err.Error()
	}
	var cpus []string
	for cpu := range 1024 {
		if set.IsSet(cpu) {
			cpus = append(cpus, strconv.Itoa(cpu))
		}
	}
	return strings.Join(cpus, ",")
}

// busy makes calls long enough for co-location to start: for some time, and at least so
// many, since other processes may have the processor during that time.
func busy() {
	for end, n := time.Now().Add(30*time.Millisecond), 0; n < 1000 || time.Now().Before(end); n++ {
		unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
	}
}

func init() {
	// Makes calls, and so does a child of it, until the given file exists, if one is
	// given. Then it reports the affinity that it sees, the affinity that its child sees,
	// and whether it gets the mask that it sets.
	programs["affinity"] = func() {
		runtime.LockOSThread()
		file, follow := os.Args[1], os.Args[2]
		for len(os.Args) > 3 && unix.Access(os.Args[3], unix.F_OK) != nil {
			busy()
			selfCommand("affinity-child", file+".first", "false").Run()
		}
		var seen []string
		say := func(what string) { seen = append(seen, what+" "+affinity(0)) }
		child := func() {
			out := file + ".child"
			if err := selfCommand("affinity-child", out, follow).Run(); err != nil {
				seen = append(seen, err.Error())
			}
			text, _ := os.ReadFile(out)
			seen = append(seen, "child "+string(text))
		}
		busy()
		say("at first")
		child()
		busy()
		child()
		var one unix.CPUSet
		one.Set(1)
		unix.SchedSetaffinity(0, &one)
		busy()
		say("set")
		child()
		one.Set(0)
		unix.SchedSetaffinity(0, &one)
		busy()
		say("reset")
		if _, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, uintptr(unix.Getppid()), 0, 0); errno != unix.EINVAL {
			seen = append(seen, errno.Error())
		}
		child()
		var stop sync.WaitGroup
		stop.Go(func() { // a thread, while this one makes calls
			runtime.LockOSThread()
			for range 10 {
				busy()
				say("thread")
			}
		})
		stop.Wait()
		os.WriteFile(file, []byte(strings.Join(seen, "\n")), 0o600)
	}
	programs["affinity-child"] = func() {
		seen := affinity(0)
		busy()
		seen += " " + affinity(0)
		if os.Args[2] == "true" { // an untraced process could see that its parent is pinned
			seen += " " + affinity(os.Getppid())
		}
		os.WriteFile(os.Args[1], []byte(seen), 0o600)
	}
	// A tracer that the test kills: it traces the rest of its arguments.
	programs["tracer"] = func() {
		tracer, err := New(Options{Follow: true, Colocate: ColocateAlways})
		if err == nil {
			os.Setenv(programEnv, os.Args[1])
			_, err = tracer.Launch(Command{Path: "/proc/self/exe", Argv: os.Args[1:], Env: os.Environ()})
		}
		for err == nil {
			_, err = tracer.Next()
		}
	}
	programs["busy-tree"] = func() { // reports its id, and makes calls in four threads and processes
		if len(os.Args) == 1 {
			fmt.Println(os.Getpid())
			cmd := selfCommand("busy-tree", "child")
			cmd.Stdout = os.Stdout
			cmd.Start()
		} else {
			fmt.Println(os.Getpid())
		}
		go func() {
			for {
				busy()
			}
		}()
		for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); { // it is killed before it could return
			busy()
		}
	}
}

// buffering returns options with buffered calls.
func buffering(mode Colocation, calls func(nr uint64) BufferedCall) Options {
	return Options{Follow: true, Colocate: mode, Traced: func(tables.ABI, uint64) bool { return true }, Buffered: calls}
}

// canBuffer reports whether the options ask for no buffered calls, or buffered calls are
// possible.
func canBuffer(t *testing.T, opts *Options) bool {
	if opts.Buffered == nil {
		return true
	}
	err := CanBuffer()
	if err != nil {
		t.Log(err)
	}
	return err == nil
}

// allBuffered lets only those calls stop that must; nothing of their memory is kept.
func allBuffered(uint64) BufferedCall { return BufferedCall{Buffered: true} }

// allButGetppid lets processes with rings stop often as well.
func allButGetppid(nr uint64) BufferedCall { return BufferedCall{Buffered: nr != unix.SYS_GETPPID} }

func TestColocationIsInvisible(t *testing.T) {
	need.All(t, need.Processors)
	file := t.TempDir() + "/seen"
	want := map[bool]string{}
	for _, follow := range []bool{true, false} {
		if err := selfCommand("affinity", file, strconv.FormatBool(follow)).Run(); err != nil {
			t.Fatal(err)
		}
		seen, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want[follow] = string(seen)
	}
	for _, opts := range []Options{
		{Follow: true}, {Follow: false},
		{Follow: true, Colocate: ColocateAlways}, {Follow: false, Colocate: ColocateAlways},
		{Follow: true, Colocate: ColocateAlways, Traced: func(abi tables.ABI, nr uint64) bool { return nr == unix.SYS_GETPPID }},
		buffering(ColocateAuto, allButGetppid), buffering(ColocateAlways, allButGetppid), buffering(ColocateAlways, allBuffered),
	} {
		if !canBuffer(t, &opts) {
			continue
		}
		tracer := newTracer(t, opts)
		os.Remove(file)
		args := []string{file, strconv.FormatBool(opts.Follow)}
		known := t.TempDir() + "/pinned"
		// A Go program has threads, which are not traced without Follow. With buffered
		// calls, children are pinned until they have rings.
		pins := opts.Follow && opts.Colocate == ColocateAlways
		if pins {
			args = append(args, known) // on a busy machine, the guardian may take a second to start
		}
		launch(t, tracer, command("affinity", args...))
		pinned := 0
		run(t, tracer, func(ev *Event) {
			if !ev.Tracee.task.Pinned() {
				return
			}
			if pinned++; pinned == 1 {
				if err := os.WriteFile(known, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if want := want[opts.Follow]; string(got) != want {
			t.Errorf("%+v: traced it sees\n%s\nuntraced\n%s", opts, got, want)
		}
		if pinned == 0 && pins {
			t.Errorf("%+v: no tracee was pinned", opts)
		}
	}
}

// Tracees that are served after the end of the trace, because they have its filter, are not
// pinned again.
func TestServedAreNotPinned(t *testing.T) {
	need.All(t, need.Processors)
	for _, opts := range []Options{
		{Follow: true, Colocate: ColocateAlways, Traced: func(tables.ABI, uint64) bool { return true }},
		buffering(ColocateAlways, allButGetppid),
	} {
		if !canBuffer(t, &opts) {
			continue
		}
		tracer := newTracer(t, opts)
		// Long enough to be pinned even if other processes need the processors for a while.
		tracee := launch(t, tracer, command("getppid", "2000000"))
		want, served := affinity(0), 0
		run(t, tracer, func(ev *Event) {
			if tracee.task.Pinned() {
				tracer.DetachAll()
			}
			if ev.Kind != Detached || ev.Tracee != tracee {
				return
			}
			for { // Next returns nothing more
				if _, err := tracer.next(); err != nil {
					return
				}
				if got := affinity(tracee.TID); len(got) < len(want) {
					t.Errorf("%d stops after the end of the trace its mask is %s", served, got)
				}
				if served++; served == 1000 {
					unix.Kill(tracee.TID, unix.SIGKILL)
				}
			}
		})
		if served < 1000 {
			t.Errorf("%d stops after the end of the trace", served)
		}
	}
}

// The affinity masks of tracees are restored, however the tracer dies.
func TestGuardian(t *testing.T) {
	need.All(t, need.Processors)
	for range 5 {
		cmd := selfCommand("tracer", "busy-tree")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var pids [2]int
		for i := range pids {
			if _, err := fmt.Fscan(out, &pids[i]); err != nil {
				t.Fatal(err)
			}
		}
		// If other processes need the processors, pins come and go, so it may take a while
		// to see one. Only the end of a pin has a time limit.
		seen := false
		for range 3 {
			if seen = eventually(func() bool { return somePinned(pids[:]) }); seen {
				break
			}
		}
		if !seen {
			t.Error("no tracee is pinned")
		}
		cmd.Process.Kill()
		cmd.Wait()
		if !eventually(func() bool { return !somePinned(pids[:]) }) {
			t.Error("a tracee is still pinned")
		}
		for _, pid := range pids {
			for _, tid := range tasks(pid) {
				if got, want := affinity(tid), affinity(0); got != want {
					t.Errorf("after the tracer's death the mask is %s, want %s", got, want)
				}
			}
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// Without its guardian, the tracer pins no tracee.
func TestGuardianKilled(t *testing.T) {
	need.All(t, need.Processors, need.Pgrep)
	tracer := newTracer(t, Options{Colocate: ColocateAlways, Follow: true})
	tracee := launch(t, tracer, command("getppid", "2000000"))
	guardian, stops := 0, 0
	run(t, tracer, func(ev *Event) {
		switch {
		case guardian == 0 && tracee.task.Pinned():
			for _, pid := range childrenNamed(t, "co-location") {
				guardian = pid
				unix.Kill(pid, unix.SIGKILL)
			}
		case guardian != 0 && tracee.task.Pinned():
			stops = 0 // the tracer has not noticed yet
		case guardian != 0 && unix.Kill(guardian, 0) == unix.ESRCH:
			if stops++; stops == 1000 {
				if affinity(tracee.TID) == "0" || affinity(tracee.TID) == "1" {
					t.Error("still pinned")
				}
				tracer.DetachAll()
				unix.Kill(tracee.TID, unix.SIGKILL)
			}
		}
	})
	if stops < 1000 {
		t.Errorf("guardian %d killed, then unpinned for %d stops", guardian, stops)
	}
}

func childrenNamed(t *testing.T, name string) (pids []int) {
	t.Helper()
	out, err := exec.Command("pgrep", "-P", strconv.Itoa(os.Getpid()), "-x", name).Output()
	if err != nil {
		t.Fatalf("pgrep: %v", err)
	}
	for field := range strings.FieldsSeq(string(out)) {
		pid, _ := strconv.Atoi(field)
		pids = append(pids, pid)
	}
	return pids
}

func somePinned(pids []int) bool {
	for _, pid := range pids {
		for _, tid := range tasks(pid) {
			if len(affinity(tid)) == 1 {
				return true
			}
		}
	}
	return false
}

func tasks(pid int) (tids []int) {
	entries, _ := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	for _, entry := range entries {
		tid, _ := strconv.Atoi(entry.Name())
		tids = append(tids, tid)
	}
	return tids
}

func eventually(what func() bool) bool {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if what() {
			return true
		}
	}
	return false
}

// The tracer moves to the processor to which a tracee confines itself.
func TestColocationFollows(t *testing.T) {
	need.All(t, need.Processors)
	tracer := newTracer(t, Options{Follow: true, Colocate: ColocateAlways})
	seen := t.TempDir() + "/seen"
	tracee := launch(t, tracer, command("confined", seen))
	met := map[string]bool{}
	run(t, tracer, func(ev *Event) {
		if ev.Kind != Exit || ev.Call.NR != unix.SYS_GETPPID || affinity(0) != affinity(tracee.TID) {
			return
		}
		if met[affinity(0)] = true; met["0"] && met["1"] {
			if err := os.WriteFile(seen, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if !met["0"] || !met["1"] {
		t.Errorf("tracer and tracee met on %v", met)
	}
}

func init() {
	programs["confined"] = func() { // confines itself to one processor after the other, until the file exists
		runtime.LockOSThread()
		for i := 0; unix.Access(os.Args[1], unix.F_OK) != nil; i++ {
			var one unix.CPUSet
			one.Set(i % 2)
			unix.SchedSetaffinity(0, &one)
			busy()
		}
	}
}

// A process that was attached to is pinned only if its mask can be restored exactly.
func TestColocationOfAttached(t *testing.T) {
	need.All(t, need.Processors)
	for _, given := range []bool{false, true} {
		cmd := selfCommand("getppid", "1000000000")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Process.Kill()
		pid := cmd.Process.Pid
		if !eventually(func() bool { return statusField(pid, "Name") == "exe" }) {
			t.Fatal("it does not execute its program")
		}
		if given {
			var one unix.CPUSet
			one.Set(0)
			unix.SchedSetaffinity(pid, &one)
		}
		before := affinity(pid)
		tracer := newTracer(t, Options{Follow: true}) // all of its threads
		if _, err := tracer.Attach(pid); err != nil {
			t.Fatal(err)
		}
		pinned := false
		limit := time.Minute
		if given {
			limit = time.Second // far more than the other case takes unless the machine is loaded
		}
		end := time.Now().Add(limit)
		for !pinned && time.Now().Before(end) {
			ev, err := tracer.Next()
			if err != nil {
				t.Fatal(err)
			}
			pinned = ev.Tracee.TID == pid && ev.Tracee.task.Pinned()
		}
		tracer.DetachAll()
		run(t, tracer, nil)
		if pinned == given {
			t.Errorf("was given a mask: %v, was pinned: %v", given, pinned)
		}
		if after := affinity(pid); after != before {
			t.Errorf("mask %s before, %s after", before, after)
		}
	}
}

func init() {
	// Makes calls until the given file exists, if one is given. Then it reports all masks
	// that it sees in /proc, for itself and for a child.
	programs["masks"] = func() {
		runtime.LockOSThread()
		file, link := os.Args[1], os.Args[2]
		for len(os.Args) > 3 && unix.Access(os.Args[3], unix.F_OK) != nil {
			calls(100)
		}
		seen := map[string]bool{}
		note := func(text []byte) {
			_, list, _ := strings.Cut(string(text), "Cpus_allowed_list:")
			seen[strings.Fields(list)[0]] = true
		}
		read := func(path string) {
			for range 20 {
				calls(200)
				text, err := os.ReadFile(path)
				if err != nil {
					panic(err)
				}
				note(text)
			}
		}
		read("/proc/self/status")
		read("/proc/thread-self/status")
		read(link)
		read("/proc/self/root/proc/" + strconv.Itoa(os.Getpid()) + "/status")
		dir, err := unix.Open("/proc/self", unix.O_RDONLY, 0)
		if err != nil {
			panic(err)
		}
		for range 8 {
			calls(200)
			fd, err := unix.Openat(dir, "status", unix.O_RDONLY, 0)
			if err != nil {
				panic(err)
			}
			b := make([]byte, 8192)
			for range 3 { // each read generates the text again
				n, _ := unix.Preadv(fd, [][]byte{b}, 0)
				note(b[:n])
				calls(200)
			}
			unix.Close(fd)
		}
		// A file that a child inherits, and a file that the child opens.
		status, err := os.Open("/proc/self/status")
		if err != nil {
			panic(err)
		}
		child := selfCommand("masks-child", file+".child")
		child.ExtraFiles = []*os.File{status}
		if err := child.Start(); err != nil {
			panic(err)
		}
		status.Close()
		read("/proc/" + strconv.Itoa(child.Process.Pid) + "/status")
		child.Wait()
		text, _ := os.ReadFile(file + ".child")
		os.WriteFile(file, []byte(fmt.Sprint(seen, string(text))), 0o600)
	}
	programs["masks-child"] = func() {
		runtime.LockOSThread()
		seen := map[string]bool{}
		for range 8 {
			calls(500)
			b := make([]byte, 8192)
			n, _ := unix.Pread(3, b, 0)
			_, list, _ := strings.Cut(string(b[:n]), "Cpus_allowed_list:")
			seen[strings.Fields(list)[0]] = true
		}
		os.WriteFile(os.Args[1], []byte(fmt.Sprint(seen)), 0o600)
	}
}

// calls makes enough calls for a tracee to be pinned.
func calls(n int) {
	for range n {
		unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
	}
}

// In files, tracees see only their own affinity masks.
func TestMasksInFiles(t *testing.T) {
	need.All(t, need.Processors)
	file, link := t.TempDir()+"/seen", t.TempDir()+"/link"
	if err := os.Symlink("/proc/self/status", link); err != nil {
		t.Fatal(err)
	}
	if err := selfCommand("masks", file, link).Run(); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	getppid := func(abi tables.ABI, nr uint64) bool { return nr == unix.SYS_GETPPID }
	for _, opts := range []Options{
		{Follow: true}, {Follow: true, Colocate: ColocateAlways},
		{Follow: true, Colocate: ColocateAlways, Traced: getppid},
		buffering(ColocateAuto, allButGetppid), buffering(ColocateAlways, allButGetppid), buffering(ColocateAuto, allBuffered),
	} {
		if !canBuffer(t, &opts) {
			continue
		}
		os.Remove(file)
		tracer := newTracer(t, opts)
		args := []string{file, link}
		known := t.TempDir() + "/pinned"
		if opts.Colocate == ColocateAlways {
			args = append(args, known) // on a busy machine, the guardian may take a second to start
		}
		launch(t, tracer, command("masks", args...))
		pinned := 0
		run(t, tracer, func(ev *Event) {
			if !ev.Tracee.task.Pinned() {
				return
			}
			if pinned++; pinned == 1 {
				if err := os.WriteFile(known, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
		if got, err := os.ReadFile(file); err != nil || string(got) != string(want) {
			t.Errorf("colocate %v, filter: %v: %q, untraced %q (%v)", opts.Colocate, opts.Traced != nil, got, want, err)
		}
		if pinned == 0 && opts.Colocate == ColocateAlways {
			t.Error("no tracee was pinned")
		}
	}
}

// allStopped reports whether all threads of a process are in state T.
func allStopped(pid int) bool {
	for _, tid := range tasks(pid) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", tid))
		if err != nil || !strings.Contains(string(stat), ") T ") {
			return false
		}
	}
	return true
}

// The affinity masks of tracees are restored, and the guardian exits, however the tracer
// dies, and even if it and its guardian were stopped before.
func TestStoppedGuardian(t *testing.T) {
	need.All(t, need.Processors, need.Pgrep)
	cmd := selfCommand("tracer", "getppid", "2000000000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	var tracee, guardian int
	if !eventually(func() bool {
		for _, pid := range children(t, cmd.Process.Pid) {
			switch name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm"); strings.TrimSpace(string(name)) {
			case "co-location":
				guardian = pid
			default:
				tracee = pid
			}
		}
		return guardian != 0 && tracee != 0 && somePinned([]int{tracee})
	}) {
		t.Fatal("no tracee is pinned")
	}
	// The tracer would kill a stopped guardian, and might then be killed before it has
	// restored the masks itself.
	unix.Kill(cmd.Process.Pid, unix.SIGSTOP)
	if !eventually(func() bool { return allStopped(cmd.Process.Pid) }) {
		t.Fatal("the tracer does not stop")
	}
	unix.Kill(guardian, unix.SIGSTOP)
	cmd.Process.Kill()
	cmd.Wait()
	if !eventually(func() bool { return unix.Kill(guardian, 0) == unix.ESRCH }) {
		t.Error("the guardian outlives the tracer")
		unix.Kill(guardian, unix.SIGKILL)
	}
	if got, want := affinity(tracee), affinity(0); got != want {
		t.Errorf("the mask is %s, want %s", got, want)
	}
	unix.Kill(tracee, unix.SIGKILL)
}

func children(t *testing.T, pid int) (pids []int) {
	t.Helper()
	out, _ := exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output()
	for field := range strings.FieldsSeq(string(out)) {
		child, _ := strconv.Atoi(field)
		pids = append(pids, child)
	}
	return pids
}

// A command whose cpuset shrinks and grows while it is traced can use all its processors
// again afterwards.
func TestCpusetChanges(t *testing.T) {
	need.All(t, need.Processors, need.Cpuset, need.Pgrep)
	set := need.CpusetFolder + "/trapline-" + strconv.Itoa(os.Getpid())
	if err := os.Mkdir(set, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(set)
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(set+"/"+file, []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	mems, err := os.ReadFile(need.CpusetFolder + "/cpuset.mems")
	if err != nil {
		t.Fatal(err)
	}
	write("cpuset.mems", string(mems))
	for _, first := range []string{"0", "1"} {
		for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGTERM} {
			write("cpuset.cpus", "0-1")
			cmd := selfCommand("tracer", "getppid", "2000000000")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			write("tasks", strconv.Itoa(cmd.Process.Pid))
			for _, tid := range tasks(cmd.Process.Pid) {
				os.WriteFile(set+"/tasks", []byte(strconv.Itoa(tid)), 0)
			}
			var all []int
			if !eventually(func() bool {
				all = children(t, cmd.Process.Pid)
				return len(all) > 1 && somePinned(all)
			}) {
				t.Fatal("no tracee is pinned")
			}
			for _, pid := range all { // those that existed before the tracer was moved
				for _, tid := range tasks(pid) {
					os.WriteFile(set+"/tasks", []byte(strconv.Itoa(tid)), 0)
				}
			}
			for _, cpus := range []string{first, map[string]string{"0": "1", "1": "0"}[first]} {
				write("cpuset.cpus", cpus)
				time.Sleep(50 * time.Millisecond) // to be pinned again, or not
			}
			cmd.Process.Signal(sig)
			cmd.Wait()
			write("cpuset.cpus", "0-1")
			for _, pid := range all {
				got := ""
				if !eventually(func() bool {
					got = affinity(pid)
					return got == "0,1" || unix.Kill(pid, 0) == unix.ESRCH
				}) {
					t.Errorf("first %s, %v: the mask of %d is %s", first, sig, pid, got)
				}
				unix.Kill(pid, unix.SIGKILL)
			}
			eventually(func() bool {
				left, _ := os.ReadFile(set + "/tasks")
				return len(left) == 0
			})
		}
	}
}
