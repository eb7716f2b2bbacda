//go:build linux && amd64

// Package tui is the window of --tui: the processes of a trace as a tree, and their
// calls, while they are made and afterwards. docs/tui.md describes it.
package tui

import (
	"errors"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/trace"
)

// Window shows the trace of a Session.
type Window struct {
	store    Store
	live     *memory // the store, if a trace fills it
	terminal *terminal
	model    *model
	program  *tea.Program
	leave    func() // ends the trace, unless it has ended
	ended    chan error
	profile  colorprofile.Profile
}

// errNoTerminal says that the standard input or output is not a terminal.
var errNoTerminal = errors.New("--tui needs a terminal: its standard input and output are not both one")

// valueLimit is how many bytes of a string are kept for the hexadecimal display.
const valueLimit = 4096

// New makes a Window on a trace with these options, which it changes so that the trace
// goes to the window. Color adds colours.
func New(o *trace.Options, title []string) (*Window, error) {
	size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
	if _, in := unix.IoctlGetTermios(0, unix.TCGETS); in != nil || err != nil {
		return nil, errNoTerminal
	}
	w := &Window{ended: make(chan error, 1), profile: colorprofile.ASCII}
	o.Handler.StringLimit = valueLimit
	o.DecodeFDs |= trace.AllFDs
	o.Name, o.Colors = "", nil
	o.Looks.Monotonic = false
	if suits(o) {
		w.store = newArchive(o, pageEvents)
		o.Output = nil
	} else {
		w.live = newMemory()
		w.store = w.live
		(&collector{store: w.live}).attach(o)
	}
	w.model = newModel(w.store, quoted(title), int(size.Col), int(size.Row))
	w.model.tail = o.From == nil
	return w, nil
}

// Color gives the window the colours of a theme.
func (w *Window) Color(t output.Theme) {
	w.model.theme = recolored(t)
	w.profile = colorprofile.ANSI
	if t == output.Dark256 || t == output.Light256 {
		w.profile = colorprofile.ANSI256
	}
}

// Fills reports whether the trace has to run to fill the window. Otherwise the window
// reads the recording by itself.
func (w *Window) Fills() bool { return w.live != nil }

// Terminal gives the command a pseudo-terminal of its own.
func (w *Window) Terminal(c *trace.Command) error {
	t, err := newTerminal(w.model.width, w.model.height-2)
	if err != nil {
		return err
	}
	w.terminal, w.model.output = t, t
	c.Stdin, c.Stdout, c.Stderr, c.Terminal = t.slave, t.slave, t.slave, true
	return nil
}

// Open opens the window, after the launch of the command. leave ends the trace; end says
// what that does to the processes, or is empty if there are none.
func (w *Window) Open(leave func(), end string) {
	if w.terminal != nil {
		w.terminal.started()
	}
	w.leave = func() {
		if !w.store.Done() {
			leave()
		}
	}
	w.model.quit, w.model.end = w.leave, end
	w.program = tea.NewProgram(w.model, tea.WithoutSignalHandler(), tea.WithColorProfile(w.profile))
	go func() {
		awaitHangup()
		w.Close()
	}()
	go func() {
		_, err := w.program.Run()
		w.leave()
		w.ended <- err
	}()
}

// awaitHangup returns when the terminal is gone. The library does not notice that: reads
// of such a terminal give an end of file.
func awaitHangup() {
	for {
		fds := []unix.PollFd{{Fd: 0}} // POLLHUP and POLLERR are always reported
		if n, err := unix.Poll(fds, -1); n > 0 || err != nil && err != unix.EINTR {
			return
		}
	}
}

// Close closes the window. It may be called from any goroutine, once it is open.
func (w *Window) Close() { w.program.Quit() }

// Await waits until the window is closed, once the trace has ended.
func (w *Window) Await() error {
	if w.live != nil {
		w.live.finish()
	}
	err := <-w.ended
	if a, ok := w.store.(*archive); ok && err == nil {
		err = a.close()
	}
	if w.terminal != nil {
		w.terminal.close()
	}
	return err
}

var _ output.Writer = (*writer)(nil)
