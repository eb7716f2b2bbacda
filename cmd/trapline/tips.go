//go:build linux && amd64

package main

import (
	_ "embed"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"
)

// tipsText has the tips, separated by empty lines.
//
//go:embed tips.txt
var tipsText string

// tipStyle is how a tip is printed at the end (--tips).
type tipStyle uint8

const (
	noTip tipStyle = iota
	compactTip
	fullTip // with its number, for --tips=id:
)

// tipChoice is the argument of --tips.
type tipChoice struct {
	style tipStyle
	id    int // number of the tip, or randomTip
}

const randomTip = -1

// setTips reads [[id:]ID|random][,[format:]FORMAT]... in any order.
func (c *config) setTips(spelled, value string, given bool) error {
	styles := map[string]tipStyle{"none": noTip, "compact": compactTip, "full": fullTip}
	choice := tipChoice{compactTip, randomTip}
	for item := range strings.SplitSeq(value, ",") {
		if !given || item == "" {
			continue
		}
		id, asID := strings.CutPrefix(item, "id:")
		format, asFormat := strings.CutPrefix(item, "format:")
		style, isFormat := styles[format]
		n, err := strconv.ParseUint(id, 10, 31)
		switch {
		case isFormat && !asID:
			choice.style = style
		case id == "random" && !asFormat:
			choice.id = randomTip
		case err == nil && !asFormat:
			choice.id = int(n)
		default:
			return invalidArgument(spelled, value)
		}
	}
	c.tip = &choice
	return nil
}

// print writes the chosen tip to standard error.
func (choice *tipChoice) print() {
	var text strings.Builder
	choice.write(&text)
	if text.Len() > 0 {
		explain(strings.TrimSuffix(text.String(), "\n"))
	}
}

// write writes the chosen tip. Numbers past the last tip wrap around.
func (choice *tipChoice) write(w io.Writer) {
	if choice == nil || choice.style == noTip {
		return
	}
	tips := strings.Split(strings.TrimSpace(tipsText), "\n\n")
	id := choice.id
	if id == randomTip {
		id = rand.IntN(len(tips))
	}
	id %= len(tips)
	lines := strings.Split(tips[id], "\n")
	width := 0
	for _, line := range lines {
		width = max(width, utf8.RuneCountInString(line))
	}
	title := ""
	if choice.style == fullTip {
		title = fmt.Sprintf(" tip %d of %d ", id, len(tips))
		width = max(width, len(title))
	}
	fmt.Fprintf(w, "+-%s%s-+\n", title, strings.Repeat("-", width-len(title)))
	for _, line := range lines {
		fmt.Fprintf(w, "| %-*s |\n", width, line)
	}
	fmt.Fprintf(w, "+-%s-+\n", strings.Repeat("-", width))
}
