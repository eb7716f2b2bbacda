//go:build linux && amd64

package tui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// model is the window: what is shown and where the user is in it.
type model struct {
	store   Store
	title   string            // the command
	theme   *strings.Replacer // of colours; nil if there are none
	output  *terminal         // of the command; nil if it has no terminal of its own
	quit    func()            // ends the trace
	end     string            // what quitting does, for a question; empty if there is nothing to ask
	width   int
	height  int
	message string // at the bottom, until the next key

	nodes    []node
	complete bool // no more processes will come
	treeTop  int
	treeAt   int
	inTree   bool // keys are for the tree

	list    *listing
	filter  filter
	chain   string // what is followed, or empty
	top, at int    // first row shown, and the current one
	tail    bool   // stay at the end
	awaited int    // record that was current before the list was made, if the list has not reached it; or -1
	first   time.Time
	last    time.Time

	input   *input // line being typed, or nil
	search  string
	seeking *seeking // a search in progress, or nil
	pager   *pager   // pages over the window, or nil
	typing  bool     // keys are for the command
}

// messages of goroutines
type (
	tick     time.Time
	foundMsg struct {
		row   int    // -1 for none
		store int    // position in the store, if row is not known
		what  string // what there is to say
		of    *seeking
	}
	pageMsg struct {
		title string
		lines []string
		err   error
	}
)

const refresh = 100 * time.Millisecond

func nextTick() tea.Cmd { return tea.Tick(refresh, func(t time.Time) tea.Msg { return tick(t) }) }

func newModel(s Store, title string, width, height int) *model {
	m := &model{store: s, title: title, width: width, height: height, list: everything(s), awaited: -1}
	m.first, m.last = s.Span()
	return m
}

// Init implements tea.Model.
func (m *model) Init() tea.Cmd { return nextTick() }

// Update implements tea.Model.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		if m.output != nil {
			m.output.resize(m.width, m.height-2)
		}
	case tick:
		m.update()
		return m, nextTick()
	case foundMsg:
		if msg.of != m.seeking {
			return m, nil // another one has replaced it
		}
		m.seeking = nil
		m.message = msg.what
		switch {
		case msg.row >= 0:
			m.moveTo(msg.row)
		case msg.store >= 0:
			m.message = ""
			if m.jump(msg.store); m.position() != msg.store { // a filter, or following, leaves it out
				m.filter = filter{}
				m.apply()
				m.jump(msg.store)
				m.message = "everything is listed again"
			}
		}
	case pageMsg:
		if msg.err != nil {
			m.message = msg.err.Error()
			break
		}
		m.message = ""
		m.pager = &pager{title: msg.title, lines: msg.lines}
	case tea.PasteMsg:
		if m.input != nil {
			m.input.insert(msg.Content)
			return m, m.typed()
		}
	case tea.KeyPressMsg:
		return m, m.key(msg)
	}
	return m, nil
}

// update takes in new records.
func (m *model) update() {
	if _, busy := m.store.Reading(); busy || !m.complete {
		m.nodes = tree(m.store.Processes())
		m.complete = !busy && m.store.Done()
	}
	m.treeAt = max(0, min(m.treeAt, len(m.nodes)-1))
	m.first, m.last = m.store.Span()
	if m.tail {
		m.at = max(0, m.list.len()-1)
	}
	m.await()
	m.scroll()
}

// key handles a key.
func (m *model) key(k tea.KeyPressMsg) tea.Cmd {
	if m.typing {
		if k.String() == "ctrl+]" {
			m.typing = false
			return nil
		}
		m.output.write(bytesOf(k))
		return nil
	}
	m.message = ""
	switch {
	case k.String() == "ctrl+c":
		return m.leave()
	case m.input != nil:
		return m.inputKey(k)
	case m.pager != nil:
		return m.pagerKey(k.String())
	}
	return m.command(k.String())
}

// command handles a key that is a command.
func (m *model) command(key string) tea.Cmd {
	if m.inTree && m.treeKey(key) {
		return nil
	}
	page := max(1, m.rows()-1)
	switch key {
	case "q":
		return m.leave()
	case "?":
		m.pager = &pager{title: "Keys", lines: strings.Split(strings.TrimSpace(help), "\n")}
	case "tab", "shift+tab":
		m.inTree = !m.inTree
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup", "ctrl+b", "b":
		m.move(-page)
	case "pgdown", "ctrl+f", "space":
		m.move(page)
	case "home", "g":
		m.moveTo(0)
	case "end", "G":
		m.moveTo(m.list.len() - 1)
		m.tail = true
	case "enter":
		m.open("Record", detail)
	case "x":
		m.open("Buffers", buffers)
	case "f":
		m.input = &input{kind: inputFilter, text: []rune(m.filter.text), at: len([]rune(m.filter.text))}
	case "F", "esc":
		m.clear(key)
	case "/":
		m.input = &input{kind: inputSearch}
	case "n":
		return m.find(1)
	case "N":
		return m.find(-1)
	case "e":
		return m.findRecord(1, "no call has failed", func(r *Record) bool { return r.Failed })
	case "E":
		return m.findRecord(-1, "no call has failed", func(r *Record) bool { return r.Failed })
	case "d":
		m.askDescriptor()
	case "p":
		return m.otherHalf()
	case "m":
		return m.manual()
	case "o":
		m.showOutput()
	}
	return nil
}

// treeKey handles a key in the tree, and reports whether it is for the tree.
func (m *model) treeKey(key string) bool {
	page := max(1, m.rows()-1)
	switch key {
	case "up", "k":
		m.treeAt--
	case "down", "j":
		m.treeAt++
	case "pgup":
		m.treeAt -= page
	case "pgdown":
		m.treeAt += page
	case "home", "g":
		m.treeAt = 0
	case "end", "G":
		m.treeAt = len(m.nodes) - 1
	case "enter", "space":
		if len(m.nodes) > 0 {
			m.chooseProcess()
		}
	default:
		return false
	}
	m.treeAt = max(0, min(m.treeAt, len(m.nodes)-1))
	return true
}

// leave ends the window. If the trace has not ended, it asks first.
func (m *model) leave() tea.Cmd {
	if m.store.Done() || m.end == "" || m.input != nil && m.input.kind == inputQuit {
		m.quit()
		return tea.Quit
	}
	m.input = &input{kind: inputQuit}
	return nil
}
