//go:build linux && amd64

package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"trapline/trace/recording"
)

// progress shows on a terminal how much of recordings has been read.
type progress struct {
	names   []string
	readers []*recording.Reader
	stop    chan struct{}
	ended   chan struct{}
}

const (
	progressDelay = 500 * time.Millisecond // short work shows nothing
	progressEvery = 200 * time.Millisecond
)

// showProgress starts to show how much of the recordings of --from has been read, unless
// the terminal shows something else in the meantime.
func (c *config) showProgress() *progress {
	toTerminal := c.destination.Name == "" && !c.SummaryOnly
	if toTerminal || c.destination.Piped() || c.window {
		return nil
	}
	return newProgress(c.from, c.opened)
}

// showOpening is showProgress for the window, before it opens: a recording without its end
// is read first.
func (c *config) showOpening() *progress {
	if c.From == nil || c.From.Complete() {
		return nil
	}
	return newProgress(c.from, c.opened)
}

// newProgress starts to show how much of some recordings has been read: on standard
// error, if that is a terminal and this process is in its foreground. end must be called
// before anything else is written there. A nil *progress shows nothing.
func newProgress(names []string, readers []*recording.Reader) *progress {
	if group, err := unix.IoctlGetInt(unix.Stderr, unix.TIOCGPGRP); err != nil || group != unix.Getpgrp() {
		return nil
	}
	p := &progress{names, readers, make(chan struct{}), make(chan struct{})}
	go p.show()
	return p
}

func (p *progress) show() {
	defer close(p.ended)
	wait := time.NewTimer(progressDelay)
	defer wait.Stop()
	for drawn := false; ; drawn = true {
		select {
		case <-p.stop:
			if drawn {
				os.Stderr.WriteString("\r\x1b[K")
			}
			return
		case <-wait.C:
			os.Stderr.WriteString("\r" + p.line() + "\x1b[K")
			wait.Reset(progressEvery)
		}
	}
}

// line is the line that is shown: of the recording that is being read.
func (p *progress) line() string {
	i := len(p.readers) - 1
	for i > 0 && p.readers[i].Progress() == 0 {
		i--
	}
	read, all := p.readers[i].Progress(), max(p.readers[i].NumCalls(), 1)
	text := fmt.Sprintf("%3d %% of %d calls of %q", read*100/all, all, p.names[i])
	if n := len(p.readers); n > 1 {
		text += fmt.Sprintf(" (recording %d of %d)", i+1, n)
	}
	if size, err := unix.IoctlGetWinsize(unix.Stderr, unix.TIOCGWINSZ); err == nil && size.Col > 1 {
		runes := []rune(text)
		text = string(runes[:min(len(runes), int(size.Col)-1)])
	}
	return text
}

// end removes what is shown.
func (p *progress) end() {
	if p != nil {
		close(p.stop)
		<-p.ended
	}
}
