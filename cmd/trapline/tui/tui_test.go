//go:build linux && amd64

package tui

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/output"
	"trapline/output/cells"
	"trapline/trace"
)

// traced fills a store with the trace of a command.
func traced(t *testing.T, args ...string) *memory {
	t.Helper()
	o := trace.Options{Follow: true, DecodeFDs: trace.AllFDs}
	m := newMemory()
	(&collector{store: m}).attach(&o)
	o.Handler.StringLimit = valueLimit
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	command := trace.NewCommand(args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr = null, null, null
	if _, err := trace.Run(t.Context(), command, o); err != nil {
		t.Fatal(err)
	}
	m.finish()
	return m
}

// descriptors is a program that copies a descriptor in every way: by pipe, dup, fork, and
// in a message to a process that is not a child and that closes the descriptor.
const descriptors = `
import os, socket, array
a, b = socket.socketpair()
pid = os.fork()
if pid == 0:
    a.close()
    msg, anc, flags, addr = b.recvmsg(64, socket.CMSG_SPACE(4))
    fd = array.array('i', anc[0][2][:4])[0]
    os.write(fd, b'from the message')
    os._exit(0)
b.close()
r, w = os.pipe()
copy = os.dup(w)
child = os.fork()
if child == 0:
    os.close(r)
    os.write(w, b'from the child')
    os._exit(0)
a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [copy]))])
os.waitpid(pid, 0)
os.waitpid(child, 0)
os.close(w)
os.write(copy, b'from the copy')
os.close(copy)
os.read(r, 100)
other = os.open('/dev/null', os.O_WRONLY)
os.write(other, b'to another file')
`

// record finds the record whose text matches.
func record(t *testing.T, s Store, pattern string) int {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for i := range s.Len() {
		if re.MatchString(s.Record(i).Text) {
			return i
		}
	}
	t.Fatalf("no record matches %s", pattern)
	return -1
}

// TestFollow follows the writing end of a pipe from each of its uses. All of them lead to
// the same calls, in all processes.
func TestFollow(t *testing.T) {
	need.All(t, need.Python3)
	s := traced(t, "python3", "-c", descriptors)
	var first []int
	for _, from := range []string{`^write\(.*from the message`, `^write\(.*from the child`, `^write\(.*from the copy`, `^fcntl\(.*pipe:.*F_DUPFD`} {
		i := record(t, s, from)
		r := s.Record(i)
		var got []int
		follow(t.Context(), s, i, holder{r.Process, uses(r)[0].fd}, func(i int) { got = append(got, i) })
		if first == nil {
			first = got
		} else if !slices.Equal(got, first) {
			t.Errorf("from %s: %v, want %v", from, got, first)
		}
	}
	var text strings.Builder
	for _, i := range first {
		text.WriteString(s.Record(i).Text + "\n")
	}
	log := text.String()
	for _, want := range []string{"^pipe2", "\nfcntl\\(.*F_DUPFD", "from the child", "\nsendmsg", "\nrecvmsg", "from the message", "from the copy"} {
		if !regexp.MustCompile(want).MatchString(log) {
			t.Errorf("%q is not in\n%s", want, log)
		}
	}
	if regexp.MustCompile(`\nread\(|another file|/dev/null`).MatchString(log) {
		t.Errorf("calls on other files in\n%s", log)
	}
}

// TestOtherHalf goes from a read of a pipe to a write and back, and from one socket of
// a pair to the other.
func TestOtherHalf(t *testing.T) {
	need.All(t, need.Python3)
	s := traced(t, "python3", "-c", descriptors)
	for from, to := range map[string]string{
		`^read\(.*from the`: "^(close|write|dup|sendmsg|recvmsg|fstat|fcntl)", `^write\(.*from the copy`: `^read\(.*from the|^close`,
		`^sendmsg`: `^recvmsg|^close|^getsock`,
	} {
		i := record(t, s, from)
		r := s.Record(i)
		got := otherHalf(t.Context(), s, i, uses(r)[0])
		if got < 0 || !regexp.MustCompile(to).MatchString(s.Record(got).Text) {
			t.Errorf("from %s to %d %s", r.Text, got, s.Record(max(0, got)).Text)
			continue
		}
		// It is another descriptor of the same pipe, or the other socket.
		for _, u := range uses(s.Record(got)) {
			if u.fd == uses(r)[0].fd && s.Record(got).Process == r.Process {
				t.Errorf("from %s to the same half: %s", r.Text, s.Record(got).Text)
			}
		}
	}
}

func TestMirrored(t *testing.T) {
	for about, want := range map[string]string{
		"TCP:[127.0.0.1:80->127.0.0.1:9]": "TCP:[127.0.0.1:9->127.0.0.1:80",
		`UNIX-STREAM:[12->13,@"name"]`:    "UNIX-STREAM:[13->12",
		"pipe:[12]":                       "", "/etc/passwd": "", "UDP:[12]": "",
	} {
		if got := mirrored(about); got != want {
			t.Errorf("%s: %q, want %q", about, got, want)
		}
	}
}

// window makes a model of a store.
func window(s Store, width, height int) *model {
	m := newModel(s, "test", width, height)
	m.quit = func() {}
	m.update()
	return m
}

// press sends keys, and runs what they start.
func press(m *model, keys ...string) {
	for _, k := range keys {
		msg := tea.KeyPressMsg{}
		switch k {
		case "enter":
			msg.Code = tea.KeyEnter
		case "esc":
			msg.Code = tea.KeyEscape
		case "tab":
			msg.Code = tea.KeyTab
		case "down":
			msg.Code = tea.KeyDown
		case "end":
			msg.Code = tea.KeyEnd
		case "pgdown":
			msg.Code = tea.KeyPgDown
		default:
			for _, r := range k {
				run(m, tea.KeyPressMsg{Code: r, Text: string(r)})
			}
			continue
		}
		run(m, msg)
	}
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, busy := m.list.busy(); !busy {
			break
		}
	}
	m.update()
}

func run(m *model, msg tea.Msg) {
	if _, cmd := m.Update(msg); cmd != nil {
		if next := cmd(); next != nil {
			m.Update(next)
		}
	}
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// screen is the window without colours. Each line must be as wide as the window.
func screen(t *testing.T, m *model) string {
	t.Helper()
	lines := m.lines()
	if len(lines) != m.height {
		t.Errorf("%d lines in a window of %d", len(lines), m.height)
	}
	for i, l := range lines {
		lines[i] = escapes.ReplaceAllString(l, "")
		if n := cells.Width(lines[i]); n != m.width {
			t.Errorf("line %d has %d columns, the window %d: %q", i, n, m.width, lines[i])
		}
	}
	return strings.Join(lines, "\n")
}

// TestWindow goes through the functions of the window.
func TestWindow(t *testing.T) {
	s := traced(t, "sh", "-c", "cat /etc/hostname; cat /nonexistent; :")
	m := window(s, 130, 24)
	has := func(what string, patterns ...string) {
		t.Helper()
		got := screen(t, m)
		for _, p := range patterns {
			if !regexp.MustCompile(p).MatchString(got) {
				t.Errorf("%s: no %q in\n%s", what, p, got)
			}
		}
	}
	has("at first", `3 processes`, `○ \d+ sh`, `  ○ \d+ cat`, `  ✗ \d+ cat`, `execve\(`, `\? keys`)
	press(m, "f", "errno == ENOENT and pathname == '/nonexistent'")
	has("filter", `filter: errno == ENOENT`, `"/nonexistent".* = -1 ENOENT`)
	if n := m.list.len(); n != 1 {
		t.Errorf("%d rows", n)
	}
	press(m, " and (")
	has("unfinished filter", `column|unexpected|expected`, `"/nonexistent"`)
	press(m, "esc", "F")
	if m.list.len() != s.Len() {
		t.Errorf("%d rows of %d", m.list.len(), s.Len())
	}
	press(m, "g", "/", "/etc/hostname\", O_RDONLY", "enter")
	has("search", `"/etc/hostname"`)
	found := m.position()
	if r := s.Record(found); !strings.Contains(r.Text, "/etc/hostname") {
		t.Errorf("found %s", r.Text)
	}
	for key, from := range map[string]string{"n": "the beginning", "N": "the end"} { // there is no other
		press(m, key)
		if has(key, "went on from "+from); m.position() != found {
			t.Errorf("%s found record %d, not %d again", key, m.position(), found)
		}
	}
	press(m, "G", "/", "/etc/hostname\", O_RDONLY", "enter")
	if has("search from the end", "went on from the beginning"); m.position() != found {
		t.Errorf("found record %d, not %d", m.position(), found)
	}
	press(m, "g", "n")
	if m.position() != found || m.message != "" {
		t.Errorf("found record %d, not %d, %q", m.position(), found, m.message)
	}
	press(m, "enter")
	has("detail", `Record \d+`, `pathname "/etc/hostname"`, `esc: back`)
	press(m, "esc", "g", "e")
	if r := s.Record(m.position()); !r.Failed {
		t.Errorf("not failed: %s", r.Text)
	}
	press(m, "tab", "down", "enter", "tab")
	for row := range m.list.len() {
		if r := s.Record(m.list.at(row)); r.Process != m.nodes[1].process.TGID {
			t.Fatalf("a record of another process: %+v", r)
		}
	}
	if m.list.len() < 20 {
		t.Errorf("%d records of a process", m.list.len())
	}
	press(m, "/", "read(3", "enter", "N", "n", "x")
	has("buffers", `Buffers \d+`, `0000  [0-9a-f ]+ \|`)
	press(m, "esc", "?")
	has("help", "follow a descriptor")
	press(m, "esc", "esc", "end", "pgdown")
	has("end", fmt.Sprintf("%d/%d", s.Len(), s.Len()))
	for _, size := range [][2]int{{20, 6}, {40, 10}, {200, 60}} {
		m.width, m.height = size[0], size[1]
		m.update()
		screen(t, m)
	}
}

// TestWideText uses names with letters of two columns or none. Lines must be as wide as the
// window, even if the text is too long for it.
func TestWideText(t *testing.T) {
	s := newMemory()
	start := time.Now()
	add := func(text string) {
		call := &trace.Call{PID: 1, Name: "open", Args: []trace.Value{{Name: "pathname", Kind: trace.String, Path: true, Str: text}}}
		s.add(&Record{Event: "syscall", TID: 1, Process: 1, Time: start, Name: "open", Ended: true, Text: "open(\"" + text + "\") = 3", Signal: -1, Code: -1}, call)
	}
	s.begin(Process{TID: 1, TGID: 1, Began: start, Name: strings.Repeat("程", 20)})
	add(strings.Repeat("日本語/", 40))
	add(strings.Repeat("e\u0301", 300))
	add("x" + strings.Repeat("日", 300) + "end")
	s.finish()
	for width := 40; width < 60; width++ {
		m := window(s, width, 12)
		m.title = strings.Repeat("見", 100)
		press(m, "f", "pathname contains '"+strings.Repeat("日", width)+"'")
		if got := screen(t, m); m.list.len() != 1 || !strings.Contains(got, ") = 3") {
			t.Fatalf("%d records in\n%s", m.list.len(), got)
		}
		press(m, " and")
		if got := screen(t, m); !strings.Contains(got, "日' and ") || !strings.Contains(got, "filter: …") {
			t.Errorf("the end of what is typed is not in\n%s", got)
		}
		m.input.at = 3
		if got := screen(t, m); !strings.Contains(got, "filter: pathname contains '日") {
			t.Errorf("the beginning of what is typed is not in\n%s", got)
		}
		press(m, "esc", "F", "end", "enter", "end")
		if got := screen(t, m); !strings.Contains(strings.Join(strings.Fields(got), ""), "日end\"") {
			t.Errorf("the end of the name is not in\n%s", got)
		}
	}
}

// TestTreeOrder checks that children are in the order in which they were created, even if
// their first stops come in another order.
func TestTreeOrder(t *testing.T) {
	begin := time.Unix(0, 0)
	var all []Process
	for i, p := range []Process{{TID: 9}, {TID: 12, Parent: 9}, {TID: 11, Parent: 9}, {TID: 14, Parent: 11}, {TID: 13, Parent: 9}} {
		p.TGID, p.Began = p.TID, begin.Add(time.Duration(i))
		all = append(all, p)
	}
	var got []int
	for _, n := range tree(all) {
		got = append(got, n.process.TGID)
	}
	if want := []int{9, 11, 14, 12, 13}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestManual shows a manual page, where manual pages are installed.
func TestManual(t *testing.T) {
	if exec.Command("man", "-w", "2", "openat").Run() != nil {
		t.Log("no manual pages here: the message is tested")
	}
	s := traced(t, "cat", "/nonexistent")
	m := window(s, 100, 24)
	press(m, "/", "nonexistent\"", "enter", "m")
	if m.pager == nil && !strings.Contains(m.message, "no such page") || m.pager != nil && len(m.pager.lines) < 10 {
		t.Errorf("%q, %+v", m.message, m.pager)
	}
}

// TestLarge checks that a million records are listed, filtered and searched without
// waiting for them.
func TestLarge(t *testing.T) {
	s := newMemory()
	call := &trace.Call{PID: 1, Name: "read", Args: []trace.Value{{Name: "fd", Kind: trace.Number, Num: 3}}}
	start := time.Now()
	for i := range 1_000_000 {
		s.add(&Record{
			Event: "syscall", TID: 1, Process: 1, Time: start.Add(time.Duration(i) * time.Microsecond), Name: "read", Ended: true,
			Text: fmt.Sprintf("read(3, ..., %d) = 0", i), Signal: -1, Code: -1,
		}, call)
	}
	s.finish()
	begin := processorTime(t)
	m := window(s, 100, 40)
	for range 100 {
		m.command("pgdown")
		m.lines()
	}
	m.command("end")
	m.lines()
	if took := processorTime(t) - begin; took > 5*time.Second {
		t.Errorf("102 screens took %v", took)
	}
	begin = processorTime(t)
	press(m, "f", "fd == 4")
	if took := processorTime(t) - begin; took > time.Minute {
		t.Errorf("the filter took %v", took)
	}
	t.Logf("filter: %v", processorTime(t)-begin)
	if m.list.len() != 0 {
		t.Errorf("%d rows", m.list.len())
	}
}

// processorTime is the processor time that this process has used: other processes do not
// affect it.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestTerminalText(t *testing.T) {
	for in, want := range map[string]string{
		"one\ntwo":                   "one\ntwo",
		"50%\r100%\n":                "100%",
		"\x1b[1;31mred\x1b[m\n":      "red",
		"\x1b]0;title\atext\n":       "text",
		"b\bbo\bold\n":               "bold",
		"a\tb\n":                     "a       b",
		"\xc3\xa4\xff\n":             "ä\ufffd",
		"\x1b]0;title\x1b\\after\n":  "after",
		"\x1b(Bx\x1b=y\x1b[?25lz\n":  "xyz",
		strings.Repeat("x", 10) + "": "xxxxxxxxxx",
	} {
		term := new(terminal)
		for _, b := range []byte(in) { // in any parts
			term.add([]byte{b})
		}
		if got := strings.Join(term.lines(), "\n"); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// FuzzTerminal checks that no output breaks lines or reaches the terminal as control
// characters.
func FuzzTerminal(f *testing.F) {
	f.Add([]byte("a\x1b[31mb\r\n\xc2\x9b2J"))
	f.Fuzz(func(t *testing.T, b []byte) {
		term := new(terminal)
		term.add(b)
		for _, line := range term.lines() {
			for _, r := range line {
				if r < ' ' || r >= 0x7f && r < 0xa0 {
					t.Errorf("%q in %q", r, line)
				}
			}
		}
	})
}

// TestFollowLateStart follows a descriptor into a process whose start is recorded only
// after its creator has closed the descriptor and got another one with the same number.
func TestFollowLateStart(t *testing.T) {
	s := newMemory()
	begin := time.Now()
	n := 0
	fd := func(name string, number int, about string) trace.Value {
		return trace.Value{Name: name, Kind: trace.Number, Num: uint64(number), Notes: []trace.Note{{Kind: "path", Text: about}}}
	}
	add := func(process int, name string, args []trace.Value, result trace.Value) {
		n++
		at := begin.Add(time.Duration(n) * time.Millisecond)
		s.add(&Record{Event: "syscall", TID: process, Process: process, Time: at, Name: name, Ended: true, Given: len(args)},
			&trace.Call{PID: process, Name: name, Args: args, Result: result})
	}
	start := func(process, parent int) {
		n++
		at := begin.Add(time.Duration(n) * time.Millisecond)
		s.begin(Process{TID: process, TGID: process, Parent: parent, Began: at})
		s.add(&Record{Event: "start", TID: process, Process: process, Time: at}, nil)
	}
	number := func(v int) trace.Value { return trace.Value{Kind: trace.Number, Num: uint64(v)} }
	start(7, 0)
	add(7, "openat", nil, fd("", 3, "/one"))                       // 1
	add(7, "clone", nil, number(8))                                // 2
	add(7, "close", []trace.Value{fd("fd", 3, "/one")}, number(0)) // 3
	add(7, "openat", nil, fd("", 3, "/two"))                       // 4
	start(8, 7)
	add(8, "read", []trace.Value{fd("fd", 3, "/one")}, number(0)) // 6
	add(7, "read", []trace.Value{fd("fd", 3, "/two")}, number(0)) // 7
	for from, want := range map[int][]int{1: {1, 3, 6}, 6: {1, 3, 6}, 7: {4, 7}} {
		var got []int
		r := s.Record(from)
		follow(t.Context(), s, from, holder{r.Process, 3}, func(i int) { got = append(got, i) })
		if !slices.Equal(got, want) {
			t.Errorf("from %d: %v, want %v", from, got, want)
		}
	}
}

// TestColors checks that each theme replaces all of the window's colours, and nothing else.
func TestColors(t *testing.T) {
	text := plain + red + "a" + green + "b" + yellow + "c" + blue + "d" + cyan + "e" + faint + bold + inverse
	for theme, want := range map[output.Theme]string{
		output.Dark16:   "\x1b[m\x1b[91ma\x1b[32mb\x1b[33mc\x1b[94md\x1b[36me\x1b[2m\x1b[1m\x1b[7m",
		output.Light16:  "\x1b[m\x1b[31ma\x1b[34mb\x1b[35mc\x1b[34md\x1b[34me\x1b[2m\x1b[1m\x1b[7m",
		output.Dark256:  "\x1b[m\x1b[38;5;210ma\x1b[38;5;150mb\x1b[38;5;222mc\x1b[38;5;117md\x1b[38;5;117me\x1b[2m\x1b[1m\x1b[7m",
		output.Light256: "\x1b[m\x1b[38;5;160ma\x1b[38;5;22mb\x1b[38;5;94mc\x1b[38;5;25md\x1b[38;5;25me\x1b[2m\x1b[1m\x1b[7m",
	} {
		w := &Window{model: &model{}}
		if w.Color(theme); w.model.theme.Replace(text) != want {
			t.Errorf("theme %d: %q, want %q", theme, w.model.theme.Replace(text), want)
		}
		m := model{theme: w.model.theme, width: 10, height: 2}
		if got := m.View().Content; got != "the window is too small" {
			t.Errorf("theme %d: %q", theme, got)
		}
	}
}
