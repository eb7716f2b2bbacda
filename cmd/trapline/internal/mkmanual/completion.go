//go:build linux && amd64

package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// writeCompletion writes what completion needs to know about the options.
// completion_table.go of the command describes the format.
func writeCompletion(b *bytes.Buffer, m *manual) {
	var main *option
	for _, o := range m.options() {
		if !o.form {
			main = o
			writeCompletionOption(b, o)
			continue
		}
		// Another form adds values of its own.
		if len(o.values) > 0 {
			writeCompletionValues(b, o, definitions(append(main.text, o.text...)))
		}
	}
}

func writeCompletionOption(b *bytes.Buffer, o *option) {
	fmt.Fprint(b, "option")
	for i, s := range append(o.spellings, o.also...) {
		sign := ""
		switch {
		case s.optional:
			sign = "?"
		case s.argument != "":
			sign = "="
		}
		if i >= len(o.spellings) {
			sign += "*"
		}
		fmt.Fprint(b, " "+s.name+sign)
	}
	for _, mark := range []struct {
		set  bool
		name string
	}{{o.own, "own"}, {o.hidden, "hidden"}, {o.list, "list"}} {
		if mark.set {
			fmt.Fprint(b, " "+mark.name)
		}
	}
	fmt.Fprintf(b, "\t%s\n", o.help)
	writeCompletionValues(b, o, definitions(o.text))
	for _, v := range o.operands {
		fmt.Fprintf(b, "operand %s\n", v)
	}
	for _, v := range o.values {
		if v == "<injection>" {
			writeActions(b, o)
		}
	}
}

func writeCompletionValues(b *bytes.Buffer, o *option, about map[string]string) {
	for _, v := range o.values {
		fmt.Fprintf(b, "value %s\t%s\n", v, about[v])
	}
}

// definitions maps each term that a text defines to the first sentence of its definition.
func definitions(text []block) map[string]string {
	about := map[string]string{}
	for _, d := range text {
		if d.kind != definition {
			continue
		}
		first, _, _ := strings.Cut(d.String(), ". ")
		short := d.short
		if short == "" {
			short = strings.TrimSuffix(plain(first), ".")
		}
		for term := range strings.SplitSeq(d.term, ", ") {
			about[term] = short
		}
	}
	return about
}

// action is the beginning of a term of --inject: a name, "=" and what follows.
var action = regexp.MustCompile(`^([a-z_]+=)([A-Z]*)`)

// placeholders maps the words that stand for values to kinds of values.
var placeholders = map[string]string{"ERRNO": "<errno>", "SIG": "<signal>", "CALL": "<call>", "PATH": "<file>", "SET": "<fd>"}

// writeActions writes the actions of an injection: their names, and what follows.
func writeActions(b *bytes.Buffer, o *option) {
	for _, d := range o.text {
		if d.kind != definition {
			continue
		}
		for term := range strings.SplitSeq(d.term, ", ") {
			if m := action.FindStringSubmatch(term); m != nil {
				fmt.Fprintf(b, "action %s %s\t%s\n", m[1], placeholders[m[2]], d.short)
			}
		}
	}
}

// plain is a text without its markup.
func plain(text string) string { return strings.ReplaceAll(text, "`", "") }
