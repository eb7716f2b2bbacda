//go:build linux && amd64

package tui

import (
	"context"
	"strings"

	"trapline/trace"
)

// use is a descriptor in a call.
type use struct {
	fd     int
	about  string // what the descriptor refers to
	made   bool   // the call has returned it, or has written it to memory
	nested bool   // in a struct or array
}

// uses returns the descriptors of a record. Descriptors in a struct or array that the
// kernel wrote after the entry are new: those of a pipe, or those received in a message.
func uses(r *Record) (list []use) {
	c := r.Call()
	if c == nil {
		return nil
	}
	for i := range c.Args {
		a := &c.Args[i]
		a.EachDescriptor(func(v *trace.Value) {
			nested := v != a
			list = append(list, use{int(v.Int()), about(v), nested && i >= r.Given, nested})
		})
	}
	if c.Result.IsDescriptor() && !r.Failed {
		list = append(list, use{int(c.Result.Int()), about(&c.Result), true, false})
	}
	return list
}

// about is what a descriptor refers to.
func about(v *trace.Value) string {
	for _, n := range v.Notes {
		switch n.Kind {
		case "path", "socket", "eventfd", "pidfd", "signalfd":
			return n.Text
		}
	}
	return ""
}

// holder is a descriptor of a process.
type holder struct{ process, fd int }

// parents maps the id of each process to that of its creator.
func parents(s Store) map[int]int {
	group, parent := map[int]int{}, map[int]int{}
	all := s.Processes()
	for _, p := range all {
		group[p.TID] = p.TGID
	}
	for _, p := range all {
		if p.TID == p.TGID && p.Parent != 0 {
			parent[p.TID] = group[p.Parent]
		}
	}
	return parent
}

// origin goes back from a use of a descriptor to the call that made what it refers to,
// through copies, through the creation of processes, and through messages that carried it.
// It returns the position of that call and who held the descriptor then, or -1 if the
// descriptor existed before the trace.
func origin(ctx context.Context, s Store, i int, h holder) (int, holder) {
	parent := parents(s)
	wanted := "" // what a message has carried
	for ; i >= 0; i-- {
		if i%4096 == 0 && ctx.Err() != nil {
			return -1, h
		}
		r := s.Record(i)
		if wanted != "" { // find who sent it
			for _, u := range uses(r) {
				if u.nested && !u.made && u.about == wanted && r.Process != h.process {
					h, wanted = holder{r.Process, u.fd}, ""
					break
				}
			}
			continue
		}
		if r.Process != h.process {
			continue
		}
		if r.Event == "start" && r.TID == r.Process {
			p, ok := parent[r.Process]
			if !ok {
				return -1, h
			}
			h.process = p
			i = creation(s, i, r.TID)
			continue
		}
		list := uses(r)
		for _, u := range list {
			if !u.made || u.fd != h.fd {
				continue
			}
			from, copied := copiedFrom(list, u)
			switch {
			case copied:
				h.fd = from
			case u.nested && isMessage(r):
				wanted = u.about
			default:
				return i, h
			}
			break
		}
	}
	return -1, h
}

// creates reports whether a record is the call that created a process and returned its id.
func creates(r *Record, child int) bool {
	if !strings.Contains(r.Name, "clone") && !strings.Contains(r.Name, "fork") || !r.Ended || r.Failed {
		return false
	}
	c := r.Call()
	return c != nil && int(c.Result.Int()) == child
}

// creation returns the position of the call that created a process, if that call comes
// before the start of the process at i. In between, the creator may have closed
// descriptors that the process has.
func creation(s Store, i, child int) int {
	const far = 100000
	for n := i; n >= max(0, i-far); n-- {
		if creates(s.Record(n), child) {
			return n
		}
	}
	return i
}

// copiedFrom returns the descriptor that a call has copied: another one in the call that
// refers to the same thing as the one that it returned.
func copiedFrom(list []use, made use) (fd int, ok bool) {
	if made.nested {
		return 0, false
	}
	for _, u := range list {
		if !u.made && !u.nested && u.about == made.about && isUnique(u.about) {
			return u.fd, true
		}
	}
	return 0, false
}

// isUnique reports whether a description is that of one thing. An open through
// /proc/self/fd counts as a copy.
func isUnique(about string) bool { return about != "" }

// isMessage reports whether a call receives descriptors in a message.
func isMessage(r *Record) bool { return strings.HasPrefix(r.Name, "recv") }

// follow finds the calls that use what a descriptor of a record refers to, through all its
// copies in all processes that got one. It calls found with their positions, in order.
func follow(ctx context.Context, s Store, i int, h holder, found func(i int)) {
	start, h := origin(ctx, s, i, h)
	followFrom(ctx, s, max(0, start), h, found)
}

// followFrom is follow, starting at the call that made the descriptor.
func followFrom(ctx context.Context, s Store, start int, h holder, found func(i int)) {
	held := map[holder]bool{h: true}
	sent := map[string]bool{} // what messages in transit carry
	group := map[int]int{}
	known := 0
	born := map[int]bool{} // processes that have inherited their creators' descriptors
	for i := start; i < s.Len() && (len(held) > 0 || len(sent) > 0); i++ {
		if i%4096 == 0 && ctx.Err() != nil {
			return
		}
		r := s.Record(i)
		// The start of a process may be recorded before or after the call that created it.
		if r.Event == "start" && r.TID == r.Process {
			if all := s.Processes(); len(all) != known {
				known = len(all)
				for _, p := range all {
					group[p.TID] = p.TGID
				}
			}
			if p := s.Process(r.TID); p != nil && !born[r.TID] && creation(s, i, r.TID) == i {
				inherit(held, group[p.Parent], r.Process)
			}
			delete(born, r.TID)
			continue
		}
		if strings.Contains(r.Name, "clone") || strings.Contains(r.Name, "fork") {
			if c := r.Call(); c != nil && creates(r, int(c.Result.Int())) {
				child := int(c.Result.Int())
				if p := s.Process(child); p != nil && p.TGID == child && p.Began.After(r.Time.Add(r.Took)) {
					born[child] = true
					inherit(held, r.Process, child)
				}
			}
		}
		if r.Event == "exit" || r.Event == "killed" {
			if r.TID == r.Process {
				for k := range held {
					if k.process == r.Process {
						delete(held, k)
					}
				}
			}
			continue
		}
		list := uses(r)
		hit := false
		for _, u := range list {
			k := holder{r.Process, u.fd}
			if !u.made {
				if held[k] {
					hit = true
					if u.nested && strings.HasPrefix(r.Name, "send") && !r.Failed {
						sent[u.about] = true
					}
				}
				continue
			}
			from, copied := copiedFrom(list, u)
			switch {
			case i == start && k == h, copied && held[holder{r.Process, from}], u.nested && isMessage(r) && sent[u.about]:
				held[k], hit = true, true
			default: // its number has been reused
				delete(held, k)
			}
		}
		if hit {
			found(i)
			if r.Name == "close" && !r.Failed {
				delete(held, holder{r.Process, list[0].fd})
			}
		}
	}
}

// inherit gives a new process what its creator holds.
func inherit(held map[holder]bool, parent, child int) {
	var copies []holder
	for k := range held {
		if k.process == parent {
			copies = append(copies, holder{child, k.fd})
		}
	}
	for _, k := range copies {
		held[k] = true
	}
}

// otherHalf returns the position of the call nearest to i that uses the other end of the
// pipe or connection of a descriptor, or -1.
func otherHalf(ctx context.Context, s Store, i int, u use) int {
	r := s.Record(i)
	var positions, closes []int
	add := func(n int) {
		if s.Record(n).Name == "close" { // only if there is nothing else
			closes = append(closes, n)
		} else {
			positions = append(positions, n)
		}
	}
	if start, h := origin(ctx, s, i, holder{r.Process, u.fd}); start >= 0 {
		made := s.Record(start)
		for _, other := range uses(made) { // of a pair
			if other.made && other.nested && other.fd != h.fd {
				followFrom(ctx, s, start, holder{made.Process, other.fd}, add)
				if len(positions) < 2 { // the first one is the call that made it
					positions = append(positions, closes...)
				}
				return nearest(positions, start, i)
			}
		}
	}
	if want := mirrored(u.about); want != "" {
		for n := range s.Len() {
			if n%4096 == 0 && ctx.Err() != nil {
				return -1
			}
			for _, other := range uses(s.Record(n)) {
				if strings.HasPrefix(other.about, want) {
					add(n)
					break
				}
			}
		}
	}
	return nearest(positions, -1, i)
}

// nearest returns the position nearest to i, preferably after it, other than that of the
// call that made both ends.
func nearest(positions []int, made, i int) int {
	best := -1
	for _, p := range positions {
		if p != made && p != i && (best < 0 || distance(p, i) < distance(best, i)) {
			best = p
		}
	}
	return best
}

func distance(p, i int) int {
	if p < i {
		return 2*(i-p) + 1
	}
	return 2 * (p - i)
}

// mirrored is how the other end of a connection is described, without the closing bracket:
// the same with both sides exchanged. TCP:[127.0.0.1:1->127.0.0.1:2].
func mirrored(about string) string {
	protocol, sides, ok := strings.Cut(about, ":[")
	if !ok {
		return ""
	}
	sides, _, _ = strings.Cut(sides, "]")
	sides, _, _ = strings.Cut(sides, ",")
	from, to, ok := strings.Cut(sides, "->")
	if !ok {
		return ""
	}
	return protocol + ":[" + to + "->" + from
}
