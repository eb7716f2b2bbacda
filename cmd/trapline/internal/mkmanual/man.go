//go:build linux && amd64

package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"trapline/tables"
)

// writeMan writes the man page, in the macros of man(7).
func writeMan(b *bytes.Buffer, m *manual) {
	fmt.Fprintln(b, `.\" Generated from manual.txt by mkmanual. Do not edit.`)
	fmt.Fprintf(b, ".TH TRAPLINE 1 %s trapline \"General Commands Manual\"\n", m.date)
	for _, s := range m.sections {
		fmt.Fprintf(b, ".SH %s\n", quoted(s.name))
		w := &manWriter{b: b, manual: m}
		w.blocks(s.text)
		for _, g := range s.groups {
			fmt.Fprintf(b, ".SS %s\n", quoted(g.name))
			for _, o := range g.options {
				writeManOption(b, o)
			}
		}
	}
}

func writeManOption(b *bytes.Buffer, o *option) {
	w := &manWriter{b: b, inOption: true, placeholders: map[string]bool{}}
	var heads []string
	for _, s := range o.spellings {
		for _, p := range placeholder.FindAllString(s.argument, -1) {
			w.placeholders[p] = true
		}
		head := `\fB` + escape(s.name) + `\fR`
		argument := w.inline(s.argument)
		if lower := strings.ToUpper(s.argument) != s.argument && !strings.Contains(s.argument, ":"); lower {
			argument = `\fB` + escape(s.argument) + `\fR`
		}
		switch {
		case s.argument == "":
		case s.optional:
			head += "[=" + argument + "]"
		case strings.HasPrefix(s.name, "--"):
			head += "=" + argument
		default:
			head += " " + argument
		}
		heads = append(heads, head)
	}
	fmt.Fprintf(b, ".TP\n%s\n", strings.Join(heads, ", "))
	w.blocks(o.text)
	if len(o.also) > 0 {
		var names []string
		for _, s := range o.also {
			names = append(names, `\fB`+escape(s.name)+`\fR`)
		}
		verb := "is"
		if len(names) > 1 {
			verb = "are"
		}
		w.paragraph()
		fmt.Fprintf(b, "%s %s accepted, too.\n", strings.Join(names, ", "), verb)
	}
	if o.own {
		w.paragraph()
		fmt.Fprintln(b, "Not in strace.")
	}
}

// manWriter writes text in the macros of man(7).
type manWriter struct {
	b            *bytes.Buffer
	manual       *manual
	inOption     bool // the text is that of an option
	begun        bool // there is text already
	placeholders map[string]bool
}

// paragraph begins a paragraph, unless it is the first one.
func (w *manWriter) paragraph() {
	switch {
	case !w.begun:
	case w.inOption:
		fmt.Fprintln(w.b, ".IP")
	default:
		fmt.Fprintln(w.b, ".PP")
	}
	w.begun = true
}

func (w *manWriter) blocks(blocks []block) {
	for i := 0; i < len(blocks); i++ {
		block := blocks[i]
		switch block.kind {
		case paragraph:
			w.paragraph()
			w.lines(block.lines)
		case example:
			w.paragraph()
			fmt.Fprintln(w.b, ".EX")
			for _, line := range block.lines {
				fmt.Fprintln(w.b, strings.TrimRight("    "+escape(line), " "))
			}
			fmt.Fprintln(w.b, ".EE")
		case classes:
			w.begun = true
			fmt.Fprintln(w.b, ".RS")
			for name, about := range tables.Classes() {
				fmt.Fprintf(w.b, ".TP 14\n\\fB%s\\fR\n%s\n", escape(name), protect(escape(about)))
			}
			fmt.Fprintln(w.b, ".RE")
		case ownOptions:
			w.paragraph()
			var names []string
			for _, o := range w.manual.options() {
				if o.own && !o.form {
					names = append(names, "`"+o.spellings[0].name+"`")
				}
			}
			text := w.inline(strings.Join(names, ", ") + ".")
			fmt.Fprintln(w.b, strings.ReplaceAll(text, ", ", ",\n")) // so that a new option changes one line
		case synopsis:
			if w.begun {
				fmt.Fprintln(w.b, ".br")
			}
			w.begun = true
			fmt.Fprintf(w.b, "\\fBtrapline\\fR %s\n", w.synopsis(block.String()))
		default: // those of the same kind form a list
			w.begun = true
			if w.inOption {
				fmt.Fprintln(w.b, ".RS")
			}
			kind := block.kind
			for ; i < len(blocks) && blocks[i].kind == kind; i++ {
				if kind == item {
					fmt.Fprintln(w.b, ".IP \\(bu 2")
				} else {
					fmt.Fprintf(w.b, ".TP\n%s\n", w.term(blocks[i].term))
				}
				w.lines(blocks[i].lines)
			}
			i--
			if w.inOption {
				fmt.Fprintln(w.b, ".RE")
			}
		}
	}
}

// lines writes a text: each sentence begins a line, as the macros ask for.
func (w *manWriter) lines(lines []string) {
	text := w.inline(strings.Join(lines, " "))
	text = sentence.ReplaceAllString(text, "$1\n$2")
	for line := range strings.SplitSeq(text, "\n") {
		for len(line) > manWidth {
			end := strings.LastIndexByte(line[:manWidth+1], ' ')
			if end < 0 {
				end = strings.IndexByte(line, ' ')
			}
			if end < 0 {
				break
			}
			fmt.Fprintln(w.b, protect(line[:end]))
			line = line[end+1:]
		}
		fmt.Fprintln(w.b, protect(line))
	}
}

// manWidth is the length of the longest line of text in the source of the man page.
const manWidth = 80

// sentence is the end of a sentence, and the beginning of the next one.
var sentence = regexp.MustCompile(`([.:]\)?) +((?:\\f.)*[A-Z(])`)

// synopsis formats a form of the command line: options are bold, and placeholders are
// italic.
func (w *manWriter) synopsis(text string) string {
	text = regexp.MustCompile(`--?[a-z-]+`).ReplaceAllString(text, "`$0`")
	w.placeholders = map[string]bool{}
	for _, word := range placeholder.FindAllString(text, -1) {
		w.placeholders[word] = true
	}
	return w.inline(text)
}

// placeholder matches a word that stands for a value.
var placeholder = regexp.MustCompile(`\b[A-Z][A-Z]*\b`)

// inline formats text with its markup: `code` is bold, and placeholders are italic.
func (w *manWriter) inline(text string) string {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			out.WriteString(w.term(part))
			continue
		}
		out.WriteString(w.italic(escape(part), "R", w.placeholders))
	}
	return out.String()
}

// term formats something to type: bold, with placeholders in italics.
func (w *manWriter) term(text string) string {
	if strings.Contains(text, " ") && strings.Contains(text, ", ") {
		var parts []string
		for part := range strings.SplitSeq(text, ", ") {
			parts = append(parts, w.term(part))
		}
		return strings.Join(parts, ", ")
	}
	marked := map[string]bool{}
	for _, word := range placeholder.FindAllString(text, -1) {
		marked[word] = w.placeholders[word] || valueWords[word]
	}
	return `\fB` + w.italic(escape(text), "B", marked) + `\fR`
}

// valueWords are placeholders wherever they appear in something to type.
var valueWords = map[string]bool{
	"PROG": true, "PID": true, "FILE": true, "SET": true, "N": true, "PATH": true, "NAME": true, "TIME": true, "CONDITION": true,
	"ERRNO": true, "SIG": true, "CALL": true, "HEX": true, "CHANCE": true, "FIRST": true, "LAST": true, "STEP": true,
	"PATTERN": true, "BYTES": true, "SIZE": true, "VALUE": true,
}

// italic sets the marked words of an escaped text in italics, and returns to font after
// each.
func (w *manWriter) italic(text, font string, marked map[string]bool) string {
	return placeholder.ReplaceAllStringFunc(text, func(word string) string {
		if !marked[word] {
			return word
		}
		return `\fI` + word + `\f` + font
	})
}

// escape makes text literal for troff.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\(ga", "^", `\(ha`, "~", `\(ti`).Replace(text)
}

// protect escapes the beginning of a line that troff would take for a control line.
func protect(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}

// quoted returns text as an argument of a macro.
func quoted(text string) string {
	if strings.Contains(text, " ") {
		return `"` + text + `"`
	}
	return text
}
