//go:build linux && amd64

package why

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"trapline/decode/host"
)

// inquiry makes up what is known of threads. A line is a thread:
//
//	PROCESS.THREAD [Z] [free|limited] [all] PROCESS|PROCESS.THREAD ...
//
// with those who can end its wait; free says that others can as well.
func inquiry(lines string) *Inquiry {
	q := New(new(host.Local), Options{})
	const first = 1 << 28 // above all ids that there are
	for line := range strings.Lines(lines) {
		var process, id int
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		fmt.Sscanf(words[0], "%d.%d", &process, &id)
		t := &thread{Task: host.Task{TID: first + 10*process + id, TGID: first + 10*process, State: 'S'}, closed: true}
		for _, word := range words[1:] {
			switch word {
			case "Z":
				t.State = 'Z'
			case "free":
				t.closed = false
			case "limited":
				t.limited = true
			case "all":
				t.wait.All = true
			default:
				on, other := 0, -1
				fmt.Sscanf(word, "%d.%d", &on, &other)
				target := target{process: first + 10*on}
				if other >= 0 {
					target.thread = target.process + other
				}
				t.on = append(t.on, target)
			}
		}
		if q.threads[t.TID] != nil {
			continue
		}
		q.threads[t.TID] = t
		q.order = append(q.order, t)
		q.known[t.TGID] = append(q.known[t.TGID], t.TID)
	}
	return q
}

// Deadlocks are reported only if they are certain.
func TestDeadlocks(t *testing.T) {
	for name, tt := range map[string]struct {
		threads string
		want    []string
	}{
		"two":                       {"1.0 2\n2.0 1", []string{"1.0 2.0"}},
		"three":                     {"1.0 2\n2.0 3\n3.0 1", []string{"1.0 2.0 3.0"}},
		"itself":                    {"1.0 1", []string{"1.0"}},
		"no circle":                 {"1.0 2\n2.0 free", nil},
		"one of two can":            {"1.0 2 3\n2.0 1\n3.0 free", nil},
		"none of two can":           {"1.0 2 3\n2.0 1\n3.0 1", []string{"1.0 2.0"}},
		"one of two has to and can": {"1.0 all 2 3\n2.0 1\n3.0 free", []string{"1.0 2.0"}},
		"all have to and can":       {"1.0 all 2 3\n2.0 free\n3.0 free", nil},
		"a time limit":              {"1.0 2\n2.0 limited 1", nil},
		"others can":                {"1.0 2\n2.0 free 1", nil},
		"another thread can":        {"1.0 2\n2.0 1\n2.1 free", nil},
		"another thread cannot":     {"1.0 2\n2.0 1\n2.1 1", []string{"1.0 2.0"}},
		"just this thread":          {"1.0 2.0\n2.0 1.0\n2.1 free", []string{"1.0 2.0"}},
		"the leader has ended":      {"1.0 2\n2.0 Z\n2.1 1", []string{"1.0 2.1"}},
		"it has ended":              {"1.0 2\n2.0 Z", nil},
		"not asked":                 {"1.0 2\n2.0 3", nil},
		"nobody":                    {"1.0", nil},
		"on the way to a circle":    {"1.0 2\n2.0 3\n3.0 2", []string{"2.0 3.0"}},
		"two circles":               {"1.0 2\n2.0 1\n3.0 4\n4.0 3", []string{"1.0 2.0", "3.0 4.0"}},
	} {
		q := inquiry(tt.threads)
		var got []string
		for _, d := range q.deadlocks() {
			var circle []string
			for _, p := range d.Circle {
				id := p.PID
				if p.TID != 0 {
					id = p.TID
				} else if q.threads[id].State == 'Z' {
					id++
				}
				circle = append(circle, fmt.Sprintf("%d.%d", (id-1<<28)/10, (id-1<<28)%10))
			}
			slices.Sort(circle)
			got = append(got, strings.Join(circle, " "))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Whatever the threads wait for, each reported circle is a cycle, of threads whose waits
// are certain.
func FuzzDeadlocks(f *testing.F) {
	f.Add([]byte{1, 2, 2, 1})
	f.Add([]byte{0x11, 2, 0x82, 1, 3, 0x43})
	f.Fuzz(func(t *testing.T, b []byte) {
		var lines strings.Builder
		for i := 0; i+1 < len(b) && i < 60; i += 2 {
			options := ""
			for bit, word := range map[byte]string{0x10: "free", 0x20: "limited", 0x40: "all"} {
				if b[i]&bit != 0 {
					options += word + " "
				}
			}
			fmt.Fprintf(&lines, "%d.%d %s %d %d\n", b[i]%8, i%10, options, b[i+1]%8, b[i+1]/8%8)
		}
		q := inquiry(lines.String())
		for _, d := range q.deadlocks() {
			for i, p := range d.Circle {
				next := d.Circle[(i+1)%len(d.Circle)]
				member := q.threads[max(p.TID, p.PID)]
				if member == nil { // its leader is not among the threads
					member = q.threads[q.known[p.PID][0]]
				}
				if !member.closed || member.limited {
					t.Errorf("%s%v: thread %d may go on", lines.String(), d, member.TID)
				}
				if !slices.ContainsFunc(member.on, func(on target) bool { return on.process == next.PID }) {
					t.Errorf("%s%v: thread %d does not wait for %d", lines.String(), d, member.TID, next.PID)
				}
			}
		}
	})
}
