//go:build linux && amd64

package tui

import (
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/creack/pty"
)

// terminal is the pseudo-terminal of a command, and the lines that the command has written
// to it. The last line is incomplete.
type terminal struct {
	master *os.File
	slave  *os.File // for the command
	typed  chan []byte

	mu      sync.Mutex
	text    []string
	line    []rune
	column  int
	escape  []byte // an incomplete sequence
	partial []byte // an incomplete character
}

// maxLines is how much of the output is kept.
const maxLines = 20000

// newTerminal opens a pseudo-terminal.
func newTerminal(width, height int) (*terminal, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, err
	}
	t := &terminal{master: master, slave: slave, typed: make(chan []byte, 1024)}
	t.resize(width, height)
	return t, nil
}

func (t *terminal) resize(width, height int) {
	pty.Setsize(t.master, &pty.Winsize{Cols: uint16(max(1, width)), Rows: uint16(max(1, height))})
}

// started is called when the command has the slave.
func (t *terminal) started() {
	t.slave.Close()
	go func() {
		for b := range t.typed {
			t.master.Write(b)
		}
	}()
	go func() {
		b := make([]byte, 32<<10)
		for {
			n, err := t.master.Read(b)
			t.add(b[:n])
			if err != nil { // EIO once no process has the slave open
				return
			}
		}
	}()
}

func (t *terminal) close() { t.master.Close() }

// write types to the command. Input that the command leaves unread for long is lost.
func (t *terminal) write(b []byte) {
	if len(b) == 0 {
		return
	}
	select {
	case t.typed <- b:
	default:
	}
}

// add adds output. Escape sequences are left out.
func (t *terminal) add(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range b {
		if t.escape != nil {
			t.escape = append(t.escape, c)
			if endsEscape(t.escape) {
				t.escape = nil
			}
			continue
		}
		switch {
		case c == 0x1b:
			t.escape = []byte{c}
		case c == '\n':
			t.text = append(t.text, string(t.line))
			t.line, t.column = t.line[:0], 0
			if len(t.text) > maxLines+maxLines/4 {
				t.text = append([]string(nil), t.text[len(t.text)-maxLines:]...)
			}
		case c == '\r':
			t.column = 0
		case c == '\b':
			t.column = max(0, t.column-1)
		case c == '\t':
			for t.put(' '); t.column%8 != 0; {
				t.put(' ')
			}
		case c < ' ' || c == 0x7f:
		default:
			t.partial = append(t.partial, c)
			if utf8.FullRune(t.partial) {
				r, _ := utf8.DecodeRune(t.partial)
				t.partial = t.partial[:0]
				if r >= 0xa0 || r < 0x80 {
					t.put(r)
				}
			}
		}
	}
}

// put writes a character at the cursor.
func (t *terminal) put(r rune) {
	if t.column < len(t.line) {
		t.line[t.column] = r
	} else {
		t.line = append(t.line, r)
	}
	t.column++
}

// endsEscape reports whether an escape sequence is complete.
func endsEscape(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	last := b[len(b)-1]
	switch b[1] {
	case '[':
		return len(b) > 2 && last >= 0x40 && last <= 0x7e || len(b) > 64
	case ']', 'P', '_', '^':
		return last == 7 || last == '\\' && b[len(b)-2] == 0x1b || len(b) > 4096
	case '(', ')', '#', ' ', '%':
		return len(b) > 2
	}
	return true
}

// lines are the lines so far.
func (t *terminal) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := append([]string(nil), t.text...)
	if len(t.line) > 0 {
		lines = append(lines, string(t.line))
	}
	return lines
}

// bytesOf is what a terminal sends for a key.
func bytesOf(k tea.KeyPressMsg) []byte {
	if k.Text != "" {
		return []byte(k.Text)
	}
	switch s := k.String(); s {
	case "enter":
		return []byte("\r")
	case "tab":
		return []byte("\t")
	case "backspace":
		return []byte{0x7f}
	case "esc":
		return []byte{0x1b}
	case "up":
		return []byte("\x1b[A")
	case "down":
		return []byte("\x1b[B")
	case "right":
		return []byte("\x1b[C")
	case "left":
		return []byte("\x1b[D")
	default:
		if c, ok := strings.CutPrefix(s, "ctrl+"); ok && len(c) == 1 && c[0] >= 'a' && c[0] <= 'z' {
			return []byte{c[0] & 0x1f}
		}
	}
	return nil
}

// plainText removes escape sequences, and overstriking that makes characters bold or
// underlined.
func plainText(s string) string {
	t := new(terminal)
	t.add([]byte(s))
	return strings.Join(t.lines(), "\n")
}
