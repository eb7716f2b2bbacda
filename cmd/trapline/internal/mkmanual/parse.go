//go:build linux && amd64

package main

import (
	"fmt"
	"regexp"
	"strings"
)

// manual is the parsed manual.txt.
type manual struct {
	date     string
	helpHead []string // lines
	helpTail []string
	sections []*section
}

// section is a section of the man page.
type section struct {
	name   string
	text   []block
	groups []*group // of options
}

// group is a group of options: a heading in the help, a subsection in the man page.
type group struct {
	name    string
	options []*option
}

// option is an option, or another form of the option before it.
type option struct {
	line      int // of manual.txt
	spellings []spelling
	also      []spelling // accepted as well, but not shown
	form      bool       // it has its own spellings, of the option before it
	own       bool       // strace lacks it
	hidden    bool       // only the man page has it
	help      string
	values    []string // words, and <kinds> of them
	list      bool     // the argument is a list of values
	operands  []string // values of the operands, if they are not a command
	text      []block
}

// spelling is one way to write an option.
type spelling struct {
	name     string // with its dashes
	argument string // "" for none
	optional bool
}

// blockKind is what a block of text is.
type blockKind uint8

const (
	paragraph blockKind = iota
	example             // lines as they are
	item                // of a list with bullets
	definition
	classes    // the list of classes of calls
	ownOptions // the list of options that strace lacks
	synopsis   // a form of the command line
)

// block is a part of a text.
type block struct {
	kind  blockKind
	term  string // of a definition
	short string // of a definition: its line in the help
	lines []string
}

// String is the text of a paragraph, item or definition in one line.
func (b block) String() string { return strings.Join(b.lines, " ") }

// parser parses manual.txt.
type parser struct {
	manual  *manual
	section *section
	group   *group
	option  *option // the last one, nil outside of options
	last    *option // other than a form
	open    bool    // the last block goes on
	raw     *[]string
}

func parse(text string) (*manual, error) {
	p := &parser{manual: &manual{}}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, " \n")
		err := error(nil)
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "@"):
			err = p.directive(line, n)
		case p.raw != nil:
			*p.raw = append(*p.raw, line)
		default:
			err = p.text(line)
		}
		if err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
	}
	return p.manual, p.manual.check()
}

func (p *parser) directive(line string, n int) error {
	word, rest, _ := strings.Cut(line[1:], " ")
	rest = strings.TrimSpace(rest)
	p.open = false
	p.raw = nil
	switch word {
	case "date":
		p.manual.date = rest
	case "help-head":
		p.raw = &p.manual.helpHead
	case "help-tail":
		p.raw = &p.manual.helpTail
	case "section":
		p.section, p.group, p.option = &section{name: rest}, nil, nil
		p.manual.sections = append(p.manual.sections, p.section)
	case "group":
		if p.section == nil {
			return fmt.Errorf("@group outside of a @section")
		}
		p.group, p.option = &group{name: rest}, nil
		p.section.groups = append(p.section.groups, p.group)
	case "option", "form":
		if p.group == nil || word == "form" && p.last == nil {
			return fmt.Errorf("@%s outside of a @group", word)
		}
		p.option = &option{line: n, form: word == "form"}
		if !p.option.form {
			p.last = p.option
		}
		p.group.options = append(p.group.options, p.option)
		return parseSpellings(&p.option.spellings, rest)
	case "classes":
		return p.add(block{kind: classes})
	case "own-options":
		return p.add(block{kind: ownOptions})
	case "synopsis":
		return p.add(block{kind: synopsis, lines: []string{rest}})
	default:
		if p.option == nil {
			return fmt.Errorf("@%s outside of an @option", word)
		}
		return p.property(word, rest)
	}
	return nil
}

// property parses a line about the current option.
func (p *parser) property(word, rest string) error {
	o := p.option
	switch word {
	case "also":
		return parseSpellings(&o.also, rest)
	case "own":
		o.own = true
	case "hidden":
		o.hidden = true
	case "help":
		o.help = rest
	case "values", "list":
		o.values, o.list = strings.Fields(rest), word == "list"
	case "operands":
		o.operands = strings.Fields(rest)
	default:
		return fmt.Errorf("unknown directive @%s", word)
	}
	return nil
}

// blocks returns the blocks to which text is added now.
func (p *parser) blocks() *[]block {
	switch {
	case p.option != nil:
		return &p.option.text
	case p.section != nil && p.group == nil:
		return &p.section.text
	}
	return nil
}

func (p *parser) add(b block) error {
	blocks := p.blocks()
	if blocks == nil {
		return fmt.Errorf("text outside of a section or option")
	}
	*blocks = append(*blocks, b)
	return nil
}

// text adds a line of text.
func (p *parser) text(line string) error {
	if line == "" {
		p.open = false
		return nil
	}
	begin := func(b block) error {
		p.open = true
		return p.add(b)
	}
	blocks := p.blocks()
	trimmed := strings.TrimLeft(line, " ")
	indent := len(line) - len(trimmed)
	var last *block
	if blocks != nil && len(*blocks) > 0 {
		last = &(*blocks)[len(*blocks)-1]
	}
	switch {
	case strings.HasPrefix(line, ": "):
		term, short, _ := strings.Cut(line[2:], " -- ")
		return begin(block{kind: definition, term: term, short: short})
	case strings.HasPrefix(line, "- "):
		return begin(block{kind: item, lines: []string{line[2:]}})
	case indent >= 4 && !p.open && last != nil && last.kind == example:
		last.lines = append(last.lines, "", line[4:]) // after an empty line
		p.open = true
		return nil
	case indent >= 4 && (!p.open || last.kind == example):
		if p.open {
			last.lines = append(last.lines, line[4:])
			return nil
		}
		return begin(block{kind: example, lines: []string{line[4:]}})
	case p.open:
		last.lines = append(last.lines, trimmed)
		return nil
	case indent > 0:
		return fmt.Errorf("indented text that continues nothing")
	}
	return begin(block{kind: paragraph, lines: []string{line}})
}

var (
	longSpelling  = regexp.MustCompile(`^(--[a-z][a-z0-9-]+)(?:(\[=)([^\]]+)\]|=(.+))?$`)
	shortSpelling = regexp.MustCompile(`^(-[A-Za-z]+)(?: (.+))?$`)
)

func parseSpellings(to *[]spelling, text string) error {
	for part := range strings.SplitSeq(text, ", ") {
		if m := longSpelling.FindStringSubmatch(part); m != nil {
			*to = append(*to, spelling{name: m[1], argument: m[3] + m[4], optional: m[2] != ""})
		} else if m := shortSpelling.FindStringSubmatch(part); m != nil {
			*to = append(*to, spelling{name: m[1], argument: m[2]})
		} else {
			return fmt.Errorf("%q is no spelling of an option", part)
		}
	}
	return nil
}

// check looks for what is missing, and for options that are there twice.
func (m *manual) check() error {
	seen := map[string]bool{}
	for _, o := range m.options() {
		if o.help == "" && !o.hidden {
			return fmt.Errorf("%d: the option lacks its line @help", o.line)
		}
		if room := helpWidth - helpColumn; len(o.help) > room {
			return fmt.Errorf("%d: the line @help has %d characters, of which the help shows %d", o.line, len(o.help), room)
		}
		if len(o.text) == 0 {
			return fmt.Errorf("%d: the option lacks its text", o.line)
		}
		if o.form {
			continue
		}
		for _, s := range append(o.spellings, o.also...) {
			if seen[s.name] {
				return fmt.Errorf("%d: %s is described twice", o.line, s.name)
			}
			seen[s.name] = true
		}
	}
	return nil
}

// options are all options of the manual.
func (m *manual) options() (all []*option) {
	for _, s := range m.sections {
		for _, g := range s.groups {
			all = append(all, g.options...)
		}
	}
	return all
}
