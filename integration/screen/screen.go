// Package screen runs commands on a terminal and reads what the terminal shows.
package screen

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Look is how a terminal draws a character. The zero value is the terminal's default.
type Look struct {
	FG, BG          string // SGR parameters: "31", "38;5;210"
	Bold, Underline bool
	Reverse         bool
}

// Cell is a character on a screen.
type Cell struct {
	Char rune
	Look Look
}

// ignored are sequences that do not belong in lines: carriage returns, and modes of the
// keypad.
var ignored = strings.NewReplacer("\r", "", "\x1b=", "", "\x1b>", "")

// Read returns the lines of a text with SGR sequences, and faults: sequences that change
// nothing, and lines at whose end the look is not the default. It leaves out other
// sequences.
func Read(text string) (lines [][]Cell, faults []string) {
	var now Look
	for line := range strings.Lines(ignored.Replace(text)) {
		rest, ended := strings.CutSuffix(line, "\n")
		var cells []Cell
		for rest != "" {
			sequence, after, ok := strings.Cut(rest, "\x1b[")
			for _, c := range sequence {
				cells = append(cells, Cell{c, now})
			}
			if rest = after; !ok {
				break
			}
			end := strings.IndexFunc(rest, func(r rune) bool { return '@' <= r && r <= '~' })
			if end < 0 {
				faults = append(faults, fmt.Sprintf("an unfinished sequence in %q", line))
				break
			}
			if rest[end] == 'm' {
				before := now
				if now.apply(rest[:end]); now == before {
					faults = append(faults, fmt.Sprintf("ESC[%sm changes nothing in %q", rest[:end], line))
				}
			}
			rest = rest[end+1:]
		}
		if now != (Look{}) && ended {
			faults = append(faults, fmt.Sprintf("a look lasts beyond the end of %q", line))
		}
		lines = append(lines, cells)
	}
	return lines, faults
}

// apply changes a look as SGR parameters say.
func (l *Look) apply(parameters string) {
	fields := strings.Split(parameters, ";")
	for i := 0; i < len(fields); i++ {
		n, _ := strconv.Atoi(fields[i])
		switch {
		case n == 0:
			*l = Look{}
		case n == 1:
			l.Bold = true
		case n == 4:
			l.Underline = true
		case n == 7:
			l.Reverse = true
		case n == 22:
			l.Bold = false
		case n == 24:
			l.Underline = false
		case n == 27:
			l.Reverse = false
		case (n == 38 || n == 48) && i+2 < len(fields):
			color := strings.Join(fields[i:i+3], ";")
			if n == 38 {
				l.FG = color
			} else {
				l.BG = color
			}
			i += 2
		case n == 39:
			l.FG = ""
		case n == 49:
			l.BG = ""
		case 30 <= n && n < 38 || 90 <= n && n < 98:
			l.FG = fields[i]
		case 40 <= n && n < 48 || 100 <= n && n < 108:
			l.BG = fields[i]
		}
	}
}

// Text is the characters of a line.
func Text(line []Cell) string {
	var b strings.Builder
	for _, c := range line {
		b.WriteRune(c.Char)
	}
	return b.String()
}

// Run runs a command on a new terminal of the given size, with all its standard
// descriptors, and returns what it wrote there. The command's status does not matter.
func Run(cmd *exec.Cmd, rows, columns uint16) (string, error) {
	master, err := Start(cmd, rows, columns)
	if err != nil {
		return "", err
	}
	defer master.Close()
	text, err := io.ReadAll(master)
	cmd.Wait()
	if errors.Is(err, syscall.EIO) { // no process has the terminal open any more
		err = nil
	}
	return string(text), err
}

// Start starts a command on a new terminal of the given size, with all its standard
// descriptors. It returns the user's end of the terminal: what is written there is typed,
// and a read fails with EIO once no process has the terminal open.
func Start(cmd *exec.Cmd, rows, columns uint16) (*os.File, error) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	slave, err := openSlave(master, rows, columns)
	if err != nil {
		master.Close()
		return nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = cmd.Start()
	slave.Close()
	if err != nil {
		master.Close()
		return nil, err
	}
	return master, nil
}

// openSlave opens the other end of a new terminal.
func openSlave(master *os.File, rows, columns uint16) (*os.File, error) {
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, err
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, err
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}); err != nil {
		return nil, err
	}
	return os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
}
