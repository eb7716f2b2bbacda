//go:build linux && amd64

package main

import (
	_ "embed"
	"strings"
)

// completionText describes the options for completion. It is generated from the manual,
// and parsed when somebody asks for completions. Its lines are a word, further words, and
// after a tab a description:
//
//	option NAME... [MARK]...  an option, by its names: with "=" if an argument follows,
//	                          "?" if one may follow, "*" if the name is not shown
//	value WORD                a value of its argument, or the <kind> of values
//	operand WORD              the same for operands, if they are not a command
//	action WORD= [<kind>]     a part of an injection, and the kind of what follows
//
// The marks are "own" (strace lacks the option), "hidden" and "list" (the argument is
// a list of values).
//
//go:embed zcompletion.txt
var completionText string

// completionOption is one option, as completion knows it.
type completionOption struct {
	names             []completionName
	own, hidden, list bool
	about             string
	values            []completionValue
	operands          []completionValue
	actions           []completionValue
}

// completionName is a name of an option, with its dashes.
type completionName struct {
	name     string
	argument argument
	shown    bool
}

// completionValue is a value, or the <kind> of several.
type completionValue struct {
	word  string
	kind  string // of what follows the word, for actions
	about string
}

// parseCompletion parses completionText.
func parseCompletion(text string) []*completionOption {
	var all []*completionOption
	for line := range strings.Lines(text) {
		line, about, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		words := strings.Fields(line)
		if words[0] == "option" {
			o := &completionOption{about: about}
			for _, word := range words[1:] {
				o.addWord(word)
			}
			all = append(all, o)
			continue
		}
		v := completionValue{word: words[1], about: about}
		switch o := all[len(all)-1]; words[0] {
		case "value":
			o.values = append(o.values, v)
		case "operand":
			o.operands = append(o.operands, v)
		case "action":
			if len(words) > 2 {
				v.kind = words[2]
			}
			o.actions = append(o.actions, v)
		}
	}
	return all
}

// addWord adds a name or a mark.
func (o *completionOption) addWord(word string) {
	switch word {
	case "own":
		o.own = true
	case "hidden":
		o.hidden = true
	case "list":
		o.list = true
	default:
		n := completionName{shown: true}
		word, hidden := strings.CutSuffix(word, "*")
		n.shown = !hidden
		switch {
		case strings.HasSuffix(word, "="):
			n.argument = requiredArgument
		case strings.HasSuffix(word, "?"):
			n.argument = optionalArgument
		}
		n.name = strings.TrimRight(word, "=?")
		o.names = append(o.names, n)
	}
}
