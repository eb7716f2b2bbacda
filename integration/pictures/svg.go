package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"

	"trapline/integration/screen"
)

// background is the background of a picture.
type background struct {
	name         string // name of the file, and of trapline's palette
	paper, plain string // colours: of the picture, and of text without one
}

var backgrounds = []background{
	{"dark", "#0d1117", "#e6edf3"},
	{"light", "#ffffff", "#1f2328"},
}

// Sizes in pixels. The advance is that of most monospaced fonts at this size; each
// piece of text is placed by itself, so that columns align with any font.
const (
	fontSize   = 14
	advance    = 8.43
	lineHeight = 19
	margin     = 14
)

// draw writes the lines of a terminal as an SVG picture, with text as text.
func draw(w io.Writer, lines [][]screen.Cell, on background) error {
	columns := 0
	for _, line := range lines {
		columns = max(columns, len(line))
	}
	width, height := int(2*margin+advance*float64(columns))+1, 2*margin+lineHeight*len(lines)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" `, width, height)
	fmt.Fprintf(&b, `font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="%d">`+"\n", fontSize)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="6" fill="%s"/>`+"\n", width, height, on.paper)
	for row, line := range lines {
		y := margin + lineHeight*row
		baseline := y + fontSize
		for start := 0; start < len(line); {
			end := start + 1
			for end < len(line) && line[end].Look == line[start].Look {
				end++
			}
			if err := drawPiece(&b, line[start:end], start, y, baseline, on); err != nil {
				return err
			}
			start = end
		}
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// drawPiece draws characters with the same look, starting at a column.
func drawPiece(b *strings.Builder, piece []screen.Cell, column, y, baseline int, on background) error {
	look := piece[0].Look
	ink, err := colorOf(look.FG, on.plain)
	if err != nil {
		return err
	}
	paper, err := colorOf(look.BG, on.paper)
	if err != nil {
		return err
	}
	if look.Reverse {
		ink, paper = paper, ink
	}
	x, width := margin+advance*float64(column), advance*float64(len(piece))
	if paper != on.paper {
		fmt.Fprintf(b, `<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"/>`+"\n", x, y, width, lineHeight, paper)
	}
	text := screen.Text(piece)
	if strings.TrimSpace(text) == "" && !look.Underline {
		return nil
	}
	style := ""
	if look.Bold {
		style += ` font-weight="bold"`
	}
	if look.Underline {
		style += ` text-decoration="underline"`
	}
	fmt.Fprintf(b, `<text x="%.2f" y="%d" textLength="%.2f" fill="%s"%s xml:space="preserve">`, x, baseline, width, ink, style)
	if err := xml.EscapeText(b, []byte(text)); err != nil {
		return err
	}
	b.WriteString("</text>\n")
	return nil
}

// colorOf returns the colour for SGR parameters, or the default colour for none. From 16 to
// 255, colours are the same on all terminals; terminals choose the others.
func colorOf(parameters, usual string) (string, error) {
	if parameters == "" {
		return usual, nil
	}
	_, number, ok := strings.Cut(parameters, "8;5;")
	n, err := strconv.Atoi(number)
	switch {
	case !ok || err != nil || n < 16 || n > 255:
		return "", fmt.Errorf("the colour %s is not one of 16 to 255", parameters)
	case n >= 232: // greys
		grey := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey), nil
	}
	level := func(i int) int { // of a cube of 6 levels for red, green and blue
		if i == 0 {
			return 0
		}
		return 55 + 40*i
	}
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6)), nil
}
