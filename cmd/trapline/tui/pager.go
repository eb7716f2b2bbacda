//go:build linux && amd64

package tui

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"trapline/output/cells"
)

// pager shows lines over the window.
type pager struct {
	title  string
	lines  []string
	top    int
	output bool // it shows the command's output, which grows

	rows    []string // the lines, wrapped for a window of so many columns
	columns int
	wrote   int // how many lines are in rows
}

// wrapped returns the lines. Those that are too long for the window continue in the next
// row. Output of the command is wrapped anew each time, since it grows.
func (p *pager) wrapped(columns int) []string {
	if p.output || p.columns != columns {
		p.rows, p.columns, p.wrote = nil, columns, 0
	}
	for ; p.wrote < len(p.lines); p.wrote++ {
		line := strings.ReplaceAll(p.lines[p.wrote], "\t", "        ")
		for cells.Width(line) > columns {
			row := cells.Cut(line, columns, "")
			if row == "" {
				break // a character that is wider than the window
			}
			p.rows, line = append(p.rows, row), line[len(row):]
		}
		p.rows = append(p.rows, line)
	}
	return p.rows
}

// open shows something about the current record.
func (m *model) open(title string, lines func(s Store, i int) []string) {
	i := m.position()
	if i < 0 {
		return
	}
	if list := lines(m.store, i); len(list) > 0 {
		m.pager = &pager{title: fmt.Sprintf("%s %d", title, i+1), lines: list}
	} else {
		m.message = "this record has no " + strings.ToLower(title)
	}
}

// manual shows the manual page of the current call.
func (m *model) manual() tea.Cmd {
	i := m.position()
	if i < 0 {
		return nil
	}
	r := m.store.Record(i)
	section, name := "2", r.Name
	if r.Event == "signal" || r.Event == "killed" {
		section, name = "7", "signal"
	} else if r.Event != events[0] {
		m.message = "only calls and signals have a manual page"
		return nil
	}
	width := strconv.Itoa(max(20, m.width-2))
	m.message = "reading the manual"
	return func() tea.Msg {
		cmd := exec.Command("man", section, name)
		cmd.Env = append(os.Environ(), "MANWIDTH="+width, "MANPAGER=cat", "PAGER=cat")
		b, err := cmd.Output()
		if err != nil || len(b) == 0 {
			return pageMsg{err: fmt.Errorf("man %s %s: this manual page is not installed", section, name)}
		}
		return pageMsg{name + "(" + section + ")", strings.Split(plainText(string(b)), "\n"), nil}
	}
}

// showOutput shows what the command has written.
func (m *model) showOutput() {
	if m.output == nil {
		m.message = "this trace has no output of a command"
		return
	}
	m.pager = &pager{title: "Output of " + m.title, output: true, top: 1 << 30}
}

// pagerKey handles a key in a pager.
func (m *model) pagerKey(key string) tea.Cmd {
	p := m.pager
	page := max(1, m.height-3)
	switch key {
	case "q", "esc", "enter", "x", "o", "?", "m":
		m.pager = nil
		return nil
	case "up", "k":
		p.top--
	case "down", "j":
		p.top++
	case "pgup", "b", "ctrl+b":
		p.top -= page
	case "pgdown", "space", "ctrl+f":
		p.top += page
	case "home", "g":
		p.top = 0
	case "end", "G":
		p.top = 1 << 30
	case "i":
		if p.output && !m.store.Done() {
			m.typing = true
			p.top = 1 << 30
		}
	}
	return nil
}

// help is what ? shows.
const help = `
up down k j           move by a line
PgUp PgDn b space     move by a page
g G Home End          go to the beginning, to the end; at the end of a live
                      trace the list follows it
Tab                   go from the calls to the tree of processes and back
Enter                 in the tree: list this process and those below it, or
                      all again; among the calls: show all of this call

f                     filter, in the language of --where; it acts as you type
F                     list everything again
Esc                   stop a search; stop following; list everything again
/ n N                 search for a text, for the next, for the previous one
e E                   go to the next, the previous call that has failed

d                     follow a descriptor of this call: list the calls that
                      use what it refers to, through dup, fork and messages
p                     go to the other half of the pipe or connection
x                     show the buffers of this call in hexadecimal
m                     show the manual page of this call
o                     show what the command has written; there:
                      i types to the command, Ctrl-] ends that

?                     this help
q                     leave
`
