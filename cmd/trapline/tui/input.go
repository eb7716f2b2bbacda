//go:build linux && amd64

package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"trapline/trace"
)

// input is a line that the user types.
type input struct {
	kind inputKind
	text []rune
	at   int
	err  error
}

type inputKind uint8

const (
	inputFilter inputKind = iota
	inputSearch
	inputDescriptor
	inputQuit
)

// inputKey handles a key while a line is typed.
func (m *model) inputKey(k tea.KeyPressMsg) tea.Cmd {
	in := m.input
	if in.kind == inputQuit {
		m.input = nil
		if s := k.String(); s == "q" || s == "y" {
			m.quit()
			return tea.Quit
		}
		return nil
	}
	switch k.String() {
	case "esc":
		m.input = nil
		if in.kind == inputFilter && m.filter.text != "" && in.err != nil {
			m.message = "the filter is still " + m.filter.text
		}
		return nil
	case "enter":
		return m.enter(in)
	case "left":
		in.at = max(0, in.at-1)
	case "right":
		in.at = min(len(in.text), in.at+1)
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "ctrl+u":
		in.text, in.at = in.text[in.at:], 0
		return m.typed()
	case "backspace":
		if in.at > 0 {
			in.text = append(in.text[:in.at-1:in.at-1], in.text[in.at:]...)
			in.at--
		}
		return m.typed()
	case "delete":
		if in.at < len(in.text) {
			in.text = append(in.text[:in.at:in.at], in.text[in.at+1:]...)
		}
		return m.typed()
	default:
		if k.Text != "" {
			in.insert(k.Text)
			return m.typed()
		}
	}
	return nil
}

func (in *input) insert(s string) {
	r := []rune(printable(s))
	in.text = append(in.text[:in.at:in.at], append(r, in.text[in.at:]...)...)
	in.at += len(r)
}

// typed is called when the line has changed. A filter that is complete is applied at
// once.
func (m *model) typed() tea.Cmd {
	in := m.input
	if in.kind != inputFilter {
		return nil
	}
	text := strings.TrimSpace(string(in.text))
	var c *trace.Condition
	if in.err = nil; text != "" {
		c, in.err = trace.ParseCondition(text, nil)
	}
	if in.err == nil && text != m.filter.text {
		m.filter.text, m.filter.condition = text, c
		m.apply()
	}
	return nil
}

// enter is called when the line is complete.
func (m *model) enter(in *input) tea.Cmd {
	text := strings.TrimSpace(string(in.text))
	switch in.kind {
	case inputFilter:
		if in.err != nil {
			return nil
		}
	case inputSearch:
		m.input, m.search = nil, text
		return m.find(1)
	case inputDescriptor:
		m.input = nil
		for _, u := range m.descriptors() {
			if strconv.Itoa(u.fd) == text {
				m.follow(u)
				return nil
			}
		}
		m.message = "this record has no descriptor " + text
	}
	m.input = nil
	return nil
}
