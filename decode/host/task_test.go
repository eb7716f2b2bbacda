package host

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
)

func TestParseStat(t *testing.T) {
	const line = "12 (a) R (b) S 34 56 78 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 5 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 17 3 0 0 0 0 0\n"
	want := Task{TID: 12, Comm: "a) R (b", State: 'S', PPID: 34, Group: 56, CPU: 3}
	if got, ok := parseStat([]byte(line)); !ok || got != want {
		t.Errorf("%+v, %v, want %+v", got, ok, want)
	}
	for _, bad := range []string{"", "12", "12 (a", ") 12 (", "12 (a) S 1", "x (a) S" + line[10:]} {
		if got, ok := parseStat([]byte(bad)); ok {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestParseStarted(t *testing.T) {
	const line = "12 (a) R (b) S 34 56 78 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 512 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 17 3 0 0 0 0 0\n"
	if got, ok := parseStarted([]byte(line)); !ok || got != 5120*time.Millisecond {
		t.Errorf("%v, %v, want 5.12s", got, ok)
	}
	for _, bad := range []string{"", "12", "12 (a) S 1", strings.Replace(line, "512", "-1", 1), strings.Replace(line, "512", "9223372036854775807", 1)} {
		if got, ok := parseStarted([]byte(bad)); ok {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestParseSystemCall(t *testing.T) {
	for line, want := range map[string]SystemCall{
		"0 0x3 0x7f00 0x10 0x1 0x2 0xffffffffffffffff 0x7ffe 0x7f97\n": {true, 0, [6]uint64{3, 0x7f00, 0x10, 1, 2, 1<<64 - 1}, 0x7ffe, 0x7f97},
		"-1 0x7ffe 0x55\n": {false, 1<<64 - 1, [6]uint64{}, 0x7ffe, 0x55},
	} {
		if got, ok := parseSystemCall(line); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", line, got, ok, want)
		}
	}
	for _, bad := range []string{"running\n", "", "0 1 2 3", "x 0x1 0x2", "0 0x3 0x7 0x10 0x1 0x2 0xg 0x7 0x9"} {
		if got, ok := parseSystemCall(bad); ok {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestParseLock(t *testing.T) {
	file := unix.Mkdev(0xfe, 0)
	for line, want := range map[string]FileLock{
		"1: FLOCK  ADVISORY  WRITE 1286 fe:00:99 0 EOF":      {ID: 1, Kind: "FLOCK", Write: true, Process: 1286, Device: file, Inode: 99, To: 1<<64 - 1},
		"2: -> POSIX  ADVISORY  READ 7 fe:00:99 5 14":        {ID: 2, Waits: true, Kind: "POSIX", Process: 7, Device: file, Inode: 99, From: 5, To: 14},
		"2:   -> OFDLCK ADVISORY  WRITE -1 fe:00:99 0 EOF\n": {ID: 2, Waits: true, Kind: "OFDLCK", Write: true, Process: -1, Device: file, Inode: 99, To: 1<<64 - 1},
	} {
		if got, ok := parseLock(line); !ok || got != want {
			t.Errorf("%q: %+v, %v, want %+v", line, got, ok, want)
		}
	}
	for _, bad := range []string{"", "1:", "1: ->", "1: FLOCK ADVISORY WRITE x fe:00:99 0 EOF", "1: FLOCK ADVISORY WRITE 1 fe:99 0 EOF"} {
		if got, ok := parseLock(bad); ok {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func TestLockBlocks(t *testing.T) {
	held := FileLock{Kind: "POSIX", Inode: 1, From: 10, To: 19}
	for want, request := range map[bool]FileLock{
		true:  {Kind: "OFDLCK", Inode: 1, Write: true, From: 19, To: 30},
		false: {Kind: "OFDLCK", Inode: 1, From: 19, To: 30},
	} {
		if got := held.Blocks(&request); got != want {
			t.Errorf("%+v: %v", request, got)
		}
	}
	for _, request := range []FileLock{
		{Kind: "POSIX", Inode: 1, Write: true, From: 20, To: 30}, {Kind: "POSIX", Inode: 2, Write: true, To: 30},
		{Kind: "FLOCK", Inode: 1, Write: true, To: 30},
	} {
		if held.Blocks(&request) {
			t.Errorf("%+v is blocked", request)
		}
	}
}

func TestParseWatches(t *testing.T) {
	const info = "pos:\t0\nflags:\t02\ntfd:        3 events:       19 data:                3  pos:0 ino:18af9 sdev:f\ntfd: 4 events: 80000001 data: 0\n"
	want := []Watched{{3, 0x19, 0x18af9}, {4, 0x80000001, 0}}
	if got := parseWatches([]byte(info)); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestParseKernelStack(t *testing.T) {
	const file = "[<0>] pipe_read+0x1/0x2\n[<0>] vfs_read+0xbb/0x3d0\n\n"
	if got := parseKernelStack([]byte(file)); !slices.Equal(got, []string{"pipe_read", "vfs_read"}) {
		t.Errorf("%q", got)
	}
}

func TestParsePlace(t *testing.T) {
	const line = "7f00-8f00 rw-s 00002000 00:01 4711 /dev/zero (deleted)"
	want := Place{true, unix.Mkdev(0, 1), 0x2100, 4711}
	if got, ok := parsePlace([]byte(line), 0x8000); !ok || got != want {
		t.Errorf("%+v, %v, want %+v", got, ok, want)
	}
	if _, ok := parsePlace([]byte(line), 0x8f00); ok {
		t.Error("an address after the mapping is in it")
	}
}

func TestQuotaReached(t *testing.T) {
	b := make([]byte, 72)
	b[0], b[17] = 4, 0x10 // 4096 bytes allowed and used
	if q, ok := reached(b, Quota{Of: "user", ID: 5}); !ok || q != (Quota{"user", 5, "bytes", 4096, 4096}) {
		t.Errorf("%+v, %v", q, ok)
	}
	b[17] = 0xf
	if q, ok := reached(b, Quota{}); ok {
		t.Errorf("below the limit: %+v", q)
	}
	b[24], b[40] = 7, 7
	if q, ok := reached(b, Quota{}); !ok || q.What != "files" || q.Limit != 7 {
		t.Errorf("%+v, %v", q, ok)
	}
	if q, ok := reached(b, Quota{What: "bytes"}); ok {
		t.Errorf("files, not bytes: %+v", q)
	}
	b[17] = 0x10
	if q, ok := reached(b, Quota{What: "files"}); !ok || q.What != "files" {
		t.Errorf("%+v, %v of files", q, ok)
	}
	if q, ok := reached(b, Quota{What: "bytes"}); !ok || q.What != "bytes" {
		t.Errorf("%+v, %v of bytes", q, ok)
	}
}

func TestParseOpenFiles(t *testing.T) {
	if used, limit, ok := parseOpenFiles("1024\t24\t2000\n"); !ok || used != 1000 || limit != 2000 {
		t.Error(used, limit, ok)
	}
	if _, _, ok := parseOpenFiles("1 2"); ok {
		t.Error("two numbers are read")
	}
}

// The time for which a thread has slept is correct on whatever processor it is read.
func TestAsleep(t *testing.T) {
	if _, err := os.Stat("/proc/self/sched"); err != nil {
		return // CONFIG_SCHED_DEBUG is lacking: the time is not known
	}
	before, stolen := time.Now(), stolenTime(t)
	pid := asleep.Sleep(t).Process.Pid
	var l Local
	time.Sleep(300 * time.Millisecond)
	task, ok := l.Task(pid)
	if !ok {
		t.Fatal("no task")
	}
	got, ok := l.Asleep(&task)
	stolen = stolenTime(t) - stolen
	if most := time.Since(before) + time.Second; !ok || got+stolen < 200*time.Millisecond || got > most {
		t.Errorf("%v, %v; a hypervisor has taken %v", got, ok, stolen)
	}
}

// stolenTime is the time for which a hypervisor has taken processors away, whose clocks
// stand still meanwhile (proc_stat(5)).
func stolenTime(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	const column, perSecond = 8, 100
	all, _, _ := strings.Cut(string(text), "\n")
	ticks, err := strconv.Atoi(strings.Fields(all)[column])
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(ticks) * time.Second / perSecond
}

func FuzzProcFiles(f *testing.F) {
	f.Add([]byte("12 (a) S 34 56"))
	f.Add([]byte("1: -> POSIX  ADVISORY  READ 7 fe:00:99 5 14"))
	f.Add([]byte("tfd: 4 events: 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		parseStat(b)
		parseSystemCall(string(b))
		parseLocks(b)
		parseWatches(b)
		parseKernelStack(b)
		parsePlace(b, 1)
		networkClass(b)
		parseStarted(b)
	})
}
