//go:build linux && amd64

package main

import (
	"bytes"
	"fmt"
	"strings"

	"trapline/tables"
)

// helpColumn is where the explanations of options start in the help.
const helpColumn = 32

// helpWidth is the length of the longest line of the help.
const helpWidth = 80

// writeHelp writes the text of trapline -h: the options by groups, one line each.
func writeHelp(b *bytes.Buffer, m *manual) {
	writeLines := func(lines []string) {
		fmt.Fprintln(b, strings.Trim(strings.Join(lines, "\n"), "\n"))
	}
	writeLines(m.helpHead)
	for _, s := range m.sections {
		for _, g := range s.groups {
			fmt.Fprintf(b, "\n%s:\n", g.name)
			for _, o := range g.options {
				if o.hidden {
					continue
				}
				writeHelpLine(b, "  "+helpSpellings(o.spellings), o.help)
				writeHelpDetails(b, o)
			}
		}
	}
	fmt.Fprintln(b)
	writeLines(m.helpTail)
}

// helpSpellings are the spellings of an option as the help shows them. A short form is
// shown without its argument, which the long form shows.
func helpSpellings(spellings []spelling) string {
	var parts []string
	for i, s := range spellings {
		next := i+1 < len(spellings) && spellings[i+1].argument != ""
		switch long := strings.HasPrefix(s.name, "--"); {
		case s.argument == "" || !long && next:
			parts = append(parts, s.name)
		case long && s.optional:
			parts = append(parts, s.name+"[="+s.argument+"]")
		case long:
			parts = append(parts, s.name+"="+s.argument)
		default:
			parts = append(parts, s.name+" "+s.argument)
		}
	}
	text := strings.Join(parts, ", ")
	if strings.HasPrefix(text, "--") {
		text = "    " + text
	}
	return text
}

func writeHelpLine(b *bytes.Buffer, left, right string) {
	if len(left) > helpColumn-2 {
		fmt.Fprintf(b, "%s\n", left)
		left = ""
	}
	fmt.Fprintf(b, "%-*s%s\n", helpColumn, left, right)
}

// writeHelpDetails writes lines for those values of an option that have a text for
// the help, and the names of classes.
func writeHelpDetails(b *bytes.Buffer, o *option) {
	for _, block := range o.text {
		switch {
		case block.kind == definition && block.short != "":
			writeHelpLine(b, "         "+block.term, block.short)
		case block.kind == classes:
			const left = "         classes:"
			line := fmt.Sprintf("%-*s", helpColumn-1, left)
			for name := range tables.Classes() {
				if len(line)+1+len(name) > helpWidth {
					fmt.Fprintln(b, line)
					line = strings.Repeat(" ", helpColumn-1)
				}
				line += " " + name
			}
			fmt.Fprintln(b, line)
		}
	}
}
