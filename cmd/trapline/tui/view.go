//go:build linux && amd64

package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"trapline/output"
	"trapline/output/cells"
)

// Looks of parts of the window: terminal sequences. A theme replaces those for colours.
const (
	plain   = "\x1b[m"
	inverse = "\x1b[7m"
	bold    = "\x1b[1m"
	faint   = "\x1b[2m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	blue    = "\x1b[34m"
	cyan    = "\x1b[36m"
)

// recolored replaces colours by those that are readable on the background of a theme. With
// 256 colours they are the colours of traces (output.Theme).
func recolored(t output.Theme) *strings.Replacer {
	switch t {
	case output.Light16:
		return strings.NewReplacer(green, "\x1b[34m", cyan, "\x1b[34m", yellow, "\x1b[35m")
	case output.Dark256:
		return theme256(210, 150, 222, 117)
	case output.Light256:
		return theme256(160, 22, 94, 25)
	}
	return strings.NewReplacer(red, "\x1b[91m", blue, "\x1b[94m")
}

// theme256 has 256 colours. Cyan and blue stand for different things in different places.
func theme256(r, g, y, b int) *strings.Replacer {
	of := func(n int) string { return fmt.Sprintf("\x1b[38;5;%dm", n) }
	return strings.NewReplacer(red, of(r), green, of(g), yellow, of(y), blue, of(b), cyan, of(b))
}

// View implements tea.Model.
func (m *model) View() tea.View {
	text := strings.Join(m.lines(), "\n")
	if m.theme != nil {
		text = m.theme.Replace(text)
	}
	v := tea.NewView(text)
	v.AltScreen = true
	v.WindowTitle = "trapline: " + m.title
	return v
}

// lines are the lines of the window.
func (m *model) lines() []string {
	if m.width < 20 || m.height < 6 {
		return []string{"the window is too small"}
	}
	if m.pager != nil {
		return m.pagerLines()
	}
	left := m.treeWidth()
	lines := []string{m.header(), m.timeline()}
	for row := range m.rows() {
		lines = append(lines, m.treeLine(row, left)+faint+"│"+plain+m.callLine(row, m.width-left-1))
	}
	return append(lines, m.status(), m.bottom())
}

// treeWidth is the width of the tree.
func (m *model) treeWidth() int { return max(12, min(34, m.width/4)) }

// fit cuts or pads a text without escape sequences to a width.
func fit(s string, width int) string {
	if width <= 0 {
		return ""
	}
	s = cells.Cut(s, width, "…")
	return s + cells.Pad(s, width)
}

func (m *model) header() string {
	state := "ended"
	if !m.store.Done() {
		state = "running"
		if m.end == "" {
			state = "reading"
		}
	}
	if part, busy := m.store.Reading(); busy {
		state = fmt.Sprintf("reading %d%%", int(100*part))
	}
	right := fmt.Sprintf(" %d records, %d processes, %s, %s ", m.store.Len(), len(m.nodes), seconds(m.last.Sub(m.first)), state)
	if len(right) > m.width/2 {
		right = " " + state + " "
	}
	return inverse + bold + fit(" trapline "+printable(m.title), max(0, m.width-len(right))) + right + plain
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", max(0, d.Seconds())) }

// timeline is the time of the whole trace as a line, with the part on the screen and the
// current record marked.
func (m *model) timeline() string {
	width := m.width - 2
	span := m.last.Sub(m.first)
	cells := []rune(strings.Repeat("─", width))
	place := func(row int) int {
		if span <= 0 || row < 0 || row >= m.list.len() {
			return 0
		}
		at := m.store.Record(m.list.at(row)).Time.Sub(m.first)
		return max(0, min(width-1, int(float64(at)/float64(span)*float64(width-1))))
	}
	if n := m.list.len(); n > 0 {
		for i := place(m.top); i <= place(min(m.top+m.rows(), n)-1); i++ {
			cells[i] = '━'
		}
		cells[place(m.at)] = '●'
	}
	return faint + "├" + plain + cyan + string(cells) + plain + faint + "┤" + plain
}

// treeLine is a line of the tree.
func (m *model) treeLine(row, width int) string {
	i := m.treeTop + row
	if i >= len(m.nodes) {
		return strings.Repeat(" ", width)
	}
	n := &m.nodes[i]
	p := &n.process
	mark, color := "●", green
	if !p.Ended.IsZero() {
		mark, color = "○", faint
		if p.How != "exited with 0" && p.How != "" {
			mark, color = "✗", red
		}
	}
	indent := strings.Repeat("  ", min(n.depth, 8))
	calls := fmt.Sprintf(" %d", p.Calls)
	name := fmt.Sprintf("%d %s", p.TGID, printable(p.Name))
	if n.threads > 0 {
		name += fmt.Sprintf(" +%d", n.threads)
	}
	if p.In != "" {
		name += " in " + p.In
	}
	text := fit(indent+mark+" "+name, max(0, width-len(calls))) + calls
	switch {
	case i == m.treeAt && m.inTree:
		return inverse + fit(text, width) + plain
	case m.filter.processes[p.TGID]:
		return bold + color + fit(text, width) + plain
	}
	return color + fit(text, width) + plain
}

// callLine is a line of the list: the time, the thread, how long the call took as a
// bar, and the call.
func (m *model) callLine(row, width int) string {
	at := m.top + row
	if at >= m.list.len() {
		return strings.Repeat(" ", width)
	}
	r := m.store.Record(m.list.at(at))
	head := fmt.Sprintf("%11.6f %7d ", r.Time.Sub(m.first).Seconds(), r.TID)
	const barWidth = 6
	bar, barColor := strings.Repeat(" ", barWidth), plain
	if r.Event == events[0] {
		bar, barColor = durationBar(r.Took, barWidth)
		if !r.Ended {
			bar, barColor = fit("?", barWidth), faint
		}
	}
	text := withoutDirectory(strings.ReplaceAll(r.Text, "\n", " "))
	rest := max(0, width-cells.Width(head)-barWidth-1)
	color := plain
	switch {
	case r.Failed:
		color = red
	case r.Event == "signal" || r.Event == "killed" || r.Event == "stop":
		color = yellow
	case r.Event != events[0]:
		color = blue
	}
	if rest < 20 {
		head, bar, rest = "", "", max(0, width-1)
	}
	if at == m.at {
		look := inverse
		if m.inTree {
			look = bold
		}
		return look + fit(head+bar+" "+fitCall(text, rest), width) + plain
	}
	return faint + head + plain + barColor + bar + plain + " " + color + fitCall(text, rest) + plain
}

// withoutDirectory leaves out the working directory after AT_FDCWD.
func withoutDirectory(text string) string {
	const name = "AT_FDCWD<"
	at := strings.Index(text, name)
	if at < 0 {
		return text
	}
	end := strings.Index(text[at:], ">, ")
	if end < 0 {
		return text
	}
	return text[:at+len(name)-1] + text[at+end+1:]
}

// fitCall is fit for a call. It cuts the message of an error and arguments, but keeps the
// result.
func fitCall(text string, width int) string {
	n := cells.Width(text)
	at := strings.LastIndex(text, ") = ")
	if n <= width || at < 0 {
		return fit(text, width)
	}
	result := text[at:]
	if strings.HasPrefix(result, ") = -1 ") {
		result, _, _ = strings.Cut(result, " (")
		if text = text[:at] + result; cells.Width(text) <= width {
			return fit(text, width)
		}
	}
	room := width - cells.Width(result) - 1
	if room < width/2 {
		room = width / 2
	}
	if room >= cells.Width(text[:at]) { // all arguments have room
		return fit(text, width)
	}
	return fit(cells.Cut(text, room, "")+"…"+result, width)
}

// durationBar shows a duration on a logarithmic scale: a cell for each power of ten
// from a microsecond on.
func durationBar(d time.Duration, width int) (bar, color string) {
	eighths := int(math.Log10(max(1, float64(d)/1e3)) * 8 * float64(width) / 7)
	eighths = max(1, min(eighths, 8*width))
	bar = strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		bar += string(rune(0x2590 - rest)) // ▏ to ▉
	}
	switch {
	case d >= 100*time.Millisecond:
		color = red
	case d >= time.Millisecond:
		color = yellow
	default:
		color = green
	}
	return fit(bar, width), color
}

// status is the line below the list: the position of the current record, and what is
// listed.
func (m *model) status() string {
	n := m.list.len()
	left := fmt.Sprintf(" %d/%d", min(m.at+1, n), n)
	if i := m.position(); i >= 0 {
		r := m.store.Record(i)
		if r.Event == events[0] && r.Ended {
			left += "  took " + r.Took.String()
		}
		if p := m.store.Process(r.Process); p != nil && p.Name != "" {
			left += "  " + printable(p.Name)
		}
	}
	if m.filter.text != "" {
		left += "  filter: " + m.filter.text
	}
	if m.filter.processes != nil {
		left += fmt.Sprintf("  of %d processes", len(m.filter.processes))
	}
	if m.chain != "" {
		left += "  following " + m.chain
	}
	if part, busy := m.list.busy(); busy {
		left += fmt.Sprintf("  %d%%", int(part*100))
	}
	return inverse + fit(left, m.width) + plain
}

// bottom is the last line: the input line, a message, or the most important keys.
func (m *model) bottom() string {
	switch in := m.input; {
	case in != nil && in.kind == inputQuit:
		return bold + fit(m.end+" (q: quit, any other key: stay)", m.width) + plain
	case in != nil:
		return m.prompt(in)
	case m.seeking != nil:
		return yellow + fit(m.seeking.text(), m.width) + plain
	case m.message != "":
		return yellow + fit(printable(m.message), m.width) + plain
	}
	return faint + fit("? keys  f filter  / search  d follow  p other half  Enter detail  x hex  m manual  o output  q leave", m.width) + plain
}

// prompt is the input line, with the cursor, and what is wrong with the input.
func (m *model) prompt(in *input) string {
	prompt := [...]string{"filter: ", "/", "follow descriptor: "}[in.kind]
	before, under, after := string(in.text[:in.at]), " ", ""
	if in.at < len(in.text) {
		under, after = string(in.text[in.at]), string(in.text[in.at+1:])
	}
	err := ""
	if in.err != nil {
		_, err, _ = strings.Cut(in.err.Error(), "', ")
		err = "   " + err
	}
	// A line that is too long is shown around the cursor.
	room := m.width - cells.Width(prompt)
	if over := cells.Width(before) + cells.Width(under) - room*2/3; over > 0 && cells.Width(before+under+after) > room {
		before = "…" + cells.CutLeft(before, over+1)
	}
	after = cells.Cut(after, max(0, room-cells.Width(before+under)), "…")
	used := cells.Width(prompt + before + under + after)
	return bold + prompt + plain + before + inverse + under + plain + after + red + fit(err, max(0, m.width-used)) + plain
}

// pagerLines is the window with a pager.
func (m *model) pagerLines() []string {
	p := m.pager
	if p.output {
		p.lines = m.output.lines()
	}
	shown := p.wrapped(m.width)
	n := m.height - 2
	p.top = max(0, min(p.top, len(shown)-n))
	lines := []string{inverse + bold + fit(" "+printable(p.title), m.width) + plain}
	for i := range n {
		line := ""
		if p.top+i < len(shown) {
			line = shown[p.top+i]
		}
		lines = append(lines, fit(line, m.width))
	}
	foot := fmt.Sprintf(" %d-%d of %d  esc: back", min(p.top+1, len(shown)), min(p.top+n, len(shown)), len(shown))
	if p.output && !m.store.Done() {
		foot += "  i: type to the command"
	}
	if m.typing {
		foot = " keys go to the command; Ctrl-] ends that"
	}
	return append(lines, inverse+fit(foot, m.width)+plain)
}
