//go:build linux && amd64

package tui

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
)

// find goes to the next or previous record whose text contains the search text. Like
// findRecord, it wraps around.
func (m *model) find(step int) tea.Cmd {
	want := strings.ToLower(m.search)
	if want == "" {
		return nil
	}
	return m.findRecord(step, "not found: "+m.search, func(r *Record) bool {
		return strings.Contains(strings.ToLower(r.Text), want)
	})
}

// seeking is a search in progress.
type seeking struct {
	cancel context.CancelFunc
	rows   atomic.Int64 // examined so far
	of     int          // how many there are to examine; 0 if that is not known
}

// text says how far the search has got.
func (s *seeking) text() string {
	if s.of == 0 {
		return "searching (esc to stop)"
	}
	return fmt.Sprintf("searching: %d%% (esc to stop)", 100*s.rows.Load()/int64(s.of))
}

// findRecord goes to the next or previous record for which holds is true. At the end of
// the list it wraps around, up to the current record.
func (m *model) findRecord(step int, none string, holds func(r *Record) bool) tea.Cmd {
	l, from, n := m.list, m.at, m.list.len()
	return m.seek(n, func(ctx context.Context, s *seeking) foundMsg {
		passed, what := "", [...]string{"went on from the end", "went on from the beginning"}[(step+1)/2]
		for i := 1; i <= n; i++ {
			row := from + i*step
			if row < 0 || row >= n {
				row, passed = (row+n)%n, what
			}
			if i%256 == 0 {
				if ctx.Err() != nil {
					return foundMsg{-1, -1, "stopped", s}
				}
				s.rows.Store(int64(i))
			}
			if holds(m.store.Record(l.at(row))) {
				return foundMsg{row, -1, passed, s}
			}
		}
		return foundMsg{-1, -1, none, s}
	})
}

// seek runs a search among so many rows in a goroutine. It replaces a search in progress.
func (m *model) seek(rows int, f func(ctx context.Context, s *seeking) foundMsg) tea.Cmd {
	if m.seeking != nil {
		m.seeking.cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &seeking{cancel: cancel, of: rows}
	m.seeking = s
	return func() tea.Msg { return f(ctx, s) }
}

// awaitProcesses waits until everything about processes is known.
func awaitProcesses(ctx context.Context, s Store) {
	for ctx.Err() == nil {
		if _, busy := s.Reading(); !busy {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// askDescriptor asks which descriptor of the current call to follow, if there are
// several.
func (m *model) askDescriptor() {
	list := m.descriptors()
	switch len(list) {
	case 0:
		m.message = "this record has no descriptor"
	case 1:
		m.follow(list[0])
	default:
		text := []rune(strconv.Itoa(list[0].fd))
		m.input = &input{kind: inputDescriptor, text: text, at: len(text)}
	}
}

// descriptors are those of the current record, without duplicates.
func (m *model) descriptors() (list []use) {
	i := m.position()
	if i < 0 {
		return nil
	}
	seen := map[int]bool{}
	for _, u := range uses(m.store.Record(i)) {
		if !seen[u.fd] {
			seen[u.fd] = true
			list = append(list, u)
		}
	}
	return list
}

// follow lists the calls that use what a descriptor refers to.
func (m *model) follow(u use) {
	here := m.position()
	r := m.store.Record(here)
	m.list.stop()
	m.list = find(m.store, func(ctx context.Context, found func(int)) {
		awaitProcesses(ctx, m.store)
		follow(ctx, m.store, here, holder{r.Process, u.fd}, found)
	})
	m.chain = fmt.Sprintf("descriptor %d of %d: %s", u.fd, r.Process, printable(u.about))
	m.settle(here)
}

// otherHalf goes to the other end of a pipe or connection.
func (m *model) otherHalf() tea.Cmd {
	i := m.position()
	for _, u := range m.descriptors() {
		if strings.HasPrefix(u.about, "pipe:") || strings.Contains(u.about, "socket") || strings.Contains(u.about, ":[") {
			return m.seek(0, func(ctx context.Context, s *seeking) foundMsg {
				awaitProcesses(ctx, m.store)
				return foundMsg{-1, otherHalf(ctx, m.store, i, u), "no call uses the other half of " + printable(u.about), s}
			})
		}
	}
	m.message = "this record has no pipe and no socket"
	return nil
}
