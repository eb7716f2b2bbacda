//go:build linux && amd64

package tui

import (
	"time"
)

// chooseProcess lists only what the process chosen in the tree and its descendants do. If
// that was already so, it lists all.
func (m *model) chooseProcess() {
	set := below(m.nodes, m.treeAt)
	if len(set) == len(m.filter.processes) && m.filter.processes[m.nodes[m.treeAt].process.TGID] {
		set = nil
	}
	m.filter.processes = set
	m.apply()
}

// apply lists the records that match the filter, and stays at the same record.
func (m *model) apply() {
	here := m.position()
	if m.awaited >= 0 { // the previous list had not reached it
		here = m.awaited
	}
	m.list.stop()
	m.chain = ""
	if m.filter.empty() {
		m.list = everything(m.store)
	} else {
		m.list = scan(m.store, m.filter)
	}
	m.settle(here)
}

// settle waits a moment until a new list reaches the record that was current.
func (m *model) settle(here int) {
	for range 20 {
		if _, busy := m.list.busy(); !busy || m.list.len() > 0 && m.list.at(m.list.len()-1) >= here {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	m.tail = false
	m.jump(here)
	m.awaited = -1
	if _, busy := m.list.busy(); busy {
		m.awaited = here
	}
}

// await returns to the record that was current before the list was made, once the list has
// reached it, unless the user has moved.
func (m *model) await() {
	if m.awaited < 0 {
		return
	}
	if _, busy := m.list.busy(); !busy || m.list.len() > 0 && m.list.at(m.list.len()-1) >= m.awaited {
		m.jump(m.awaited)
		m.awaited = -1
	}
}

// clear lists all records again. The escape key first stops following.
func (m *model) clear(key string) {
	if m.seeking != nil {
		m.seeking.cancel()
		m.seeking, m.message = nil, "stopped"
		return
	}
	if m.chain != "" && key == "esc" {
		m.apply()
		return
	}
	if !m.filter.empty() || m.chain != "" {
		m.filter = filter{}
		m.apply()
	}
}

// position is the current record, or -1.
func (m *model) position() int {
	if m.at >= m.list.len() {
		return -1
	}
	return m.list.at(m.at)
}

func (m *model) move(n int) { m.moveTo(m.at + n) }

func (m *model) moveTo(row int) {
	m.at = max(0, min(row, m.list.len()-1))
	m.tail, m.awaited = false, -1
	m.scroll()
}

// jump goes to a record, or to the last listed one before it.
func (m *model) jump(i int) {
	if i >= 0 {
		m.at = m.list.row(i)
	}
	m.scroll()
}

// rows is the number of rows of calls on the screen.
func (m *model) rows() int { return max(1, m.height-4) }

// scroll keeps the current row on the screen.
func (m *model) scroll() {
	if m.at < m.top {
		m.top = m.at
	}
	if n := m.rows(); m.at >= m.top+n {
		m.top = m.at - n + 1
	}
	m.top = max(0, min(m.top, m.list.len()-m.rows()))
	if m.treeAt < m.treeTop {
		m.treeTop = m.treeAt
	}
	if n := m.rows(); m.treeAt >= m.treeTop+n {
		m.treeTop = m.treeAt - n + 1
	}
}
