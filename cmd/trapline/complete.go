//go:build linux && amd64

package main

import (
	"cmp"
	"embed"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"trapline/tables"
	"trapline/trace"
)

// completionScripts are the shells' scripts.
//
//go:embed completion/trapline.bash completion/_trapline completion/trapline.fish
var completionScripts embed.FS

// scriptNames are the names of these files, as the shells look for them.
var scriptNames = []struct{ shell, name string }{{"bash", "trapline.bash"}, {"zsh", "_trapline"}, {"fish", "trapline.fish"}}

// setCompletion reads the argument of --completion.
func (c *config) setCompletion(spelled, value string, _ bool) error {
	for _, s := range scriptNames {
		if s.shell == value {
			c.completion = value
			return nil
		}
	}
	return invalidArgument(spelled, value)
}

// printCompletion prints the script of a shell. If it is given the words of a command
// line, without the program's name, it prints the completions of the last word, in lines
// that the script understands:
//
//	WORD TAB TEXT  a word, and what it is
//	:command N     what the command that begins with the Nth word, from 0, takes
//	:files PREFIX  PREFIX and the name of a file
//	:users PREFIX  PREFIX and the name of a user
//	:open          no space follows the word, which may go on
func printCompletion(w io.Writer, shell string, words []string) {
	if len(words) == 0 {
		for _, s := range scriptNames {
			if s.shell == shell {
				script, _ := completionScripts.ReadFile("completion/" + s.name)
				w.Write(script)
			}
		}
		return
	}
	c := &completer{known: parseCompletion(completionText)}
	c.complete(words)
	for _, line := range c.lines {
		fmt.Fprintln(w, line)
	}
}

// completer finds what the last word of a command line may become.
type completer struct {
	known []*completionOption
	lines []string
	seen  map[string]bool
}

// add adds a word, unless it is there already.
func (c *completer) add(word, about string) {
	if c.seen[word] {
		return
	}
	if c.seen == nil {
		c.seen = map[string]bool{}
	}
	c.seen[word] = true
	c.lines = append(c.lines, word+"\t"+about)
}

// direct adds a line for the script.
func (c *completer) direct(format string, args ...any) {
	if line := ":" + fmt.Sprintf(format, args...); !slices.Contains(c.lines, line) {
		c.lines = append(c.lines, line)
	}
}

func (c *completer) complete(words []string) {
	last := len(words) - 1
	var operands []completionValue // if there is no command
	for i := 0; i <= last; i++ {
		word := words[i]
		if i == last && strings.HasPrefix(word, "-") {
			c.option(word)
			return
		}
		if word == "-" || !strings.HasPrefix(word, "-") || word == "--" {
			if word == "--" {
				i++
			}
			c.operand(operands, words, i)
			return
		}
		o, needs := c.read(word)
		if o == nil {
			return // no such option
		}
		operands = append(operands, o.operands...)
		if !needs {
			continue
		}
		if i++; i == last {
			c.value(o, words[i], "")
			return
		}
	}
}

// operand completes the last word, an operand. The first operand is words[first].
func (c *completer) operand(operands []completionValue, words []string, first int) {
	if len(operands) == 0 {
		c.direct("command %d", first)
		return
	}
	c.words(&completionOption{values: operands}, words[len(words)-1], "")
}

// read returns the last option in a word of the command line, and whether the next
// word is its argument.
func (c *completer) read(word string) (o *completionOption, needs bool) {
	if long, ok := strings.CutPrefix(word, "--"); ok {
		name, _, given := strings.Cut(long, "=")
		s, err := findLong(options, name)
		if err != nil {
			return nil, false
		}
		return c.named("--" + s.long), !given && s.option.arg == requiredArgument
	}
	for i := 1; i < len(word); i++ {
		found := findShort(options, word[i])
		if found == nil {
			return nil, false
		}
		o = c.named("-" + string(word[i]))
		if found.arg == requiredArgument {
			return o, i == len(word)-1
		}
	}
	return o, false
}

// named returns the option with this name, or nil.
func (c *completer) named(name string) *completionOption {
	for _, o := range c.known {
		for _, n := range o.names {
			if n.name == name {
				return o
			}
		}
	}
	return nil
}

// option completes a word that begins with a dash.
func (c *completer) option(word string) {
	if long, ok := strings.CutPrefix(word, "--"); ok {
		name, value, given := strings.Cut(long, "=")
		if given {
			if s, err := findLong(options, name); err == nil {
				c.value(c.named("--"+s.long), value, "--"+name+"=")
			}
			return
		}
	} else {
		for i := 1; i < len(word); i++ { // -fe is -f and -e, -eopen has the argument already
			found := findShort(options, word[i])
			if found == nil {
				return
			}
			if found.arg == requiredArgument {
				c.value(c.named("-"+string(word[i])), word[i+1:], word[:i+1])
				return
			}
		}
		if len(word) > 1 {
			c.add(word, "")
			return
		}
	}
	for _, o := range c.known {
		if o.hidden {
			continue
		}
		for _, n := range o.names {
			if !n.shown || !strings.HasPrefix(n.name, word) {
				continue
			}
			if !strings.HasPrefix(n.name, "--") || n.argument != requiredArgument {
				c.add(n.name, o.about)
			}
			if strings.HasPrefix(n.name, "--") && n.argument != noArgument {
				c.add(n.name+"=", o.about)
			}
		}
	}
}

// value completes the argument of an option, which follows prefix in its word.
func (c *completer) value(o *completionOption, text, prefix string) {
	if o == nil {
		return
	}
	if o.list {
		c.direct("open")
		end := strings.LastIndexByte(text, ',') + 1
		prefix, text = prefix+text[:end], text[end:]
	}
	c.words(o, text, prefix)
}

// words adds the values of an option that begin with text.
func (c *completer) words(o *completionOption, text, prefix string) {
	for _, v := range o.values {
		if strings.HasPrefix(v.word, "<") {
			c.kind(o, v.word, text, prefix)
			continue
		}
		c.begun(v.word, v.about, text, prefix)
	}
}

// begun adds a word if it begins with text, which follows prefix.
func (c *completer) begun(word, about, text, prefix string) {
	if strings.HasPrefix(word, text) {
		c.add(prefix+word, about)
	}
}

// kind adds the values of a kind that begin with text.
func (c *completer) kind(o *completionOption, kind, text, prefix string) {
	switch kind {
	case "<call>":
		text, prefix = afterSigns(text, prefix)
		for _, abi := range tables.ABIs {
			calls, _ := tables.Find(abi, "")
			for _, s := range calls {
				c.begun(s.Name, "", text, prefix)
			}
		}
	case "<class>":
		text, prefix = afterSigns(text, prefix)
		for name, about := range tables.Classes() {
			c.begun(name, about, text, prefix)
		}
	case "<errno>":
		text, prefix = afterSigns(text, prefix)
		for n := uint32(1); n < 512; n++ { // the others never leave the kernel
			if name := tables.ErrnoName(n); name != "" {
				c.begun(name, tables.ErrnoMessage(n), text, prefix)
			}
		}
	case "<signal>":
		text, prefix = afterSigns(text, prefix)
		for n := 1; n <= tables.NumSignals; n++ {
			c.begun(tables.SignalName(n), "", text, prefix)
		}
	case "<fd>":
		text, prefix = afterSigns(text, prefix)
		for n, about := range []string{"standard input", "standard output", "standard error"} {
			c.begun(strconv.Itoa(n), about, text, prefix)
		}
	case "<process>":
		c.process(text, prefix)
	case "<name>":
		c.names(text, prefix)
	case "<variable>":
		for _, variable := range os.Environ() {
			name, _, _ := strings.Cut(variable, "=")
			c.begun(name+"=", "", text, prefix)
		}
	case "<preset>":
		own, _ := ownPresets()
		for _, p := range append(own, builtInPresets()...) {
			c.begun(p.name, p.options, text, prefix)
		}
	case "<user>":
		c.direct("users %s", prefix)
	case "<file>":
		c.direct("files %s", prefix)
	case "<qualified>":
		c.qualified(text, prefix)
	case "<injection>":
		c.injection(o, text, prefix)
	}
}

// afterSigns moves the signs before a value of a set from text to prefix.
func afterSigns(text, prefix string) (string, string) {
	value := strings.TrimLeft(text, "!^?")
	return value, prefix + text[:len(text)-len(value)]
}

// process adds processes to attach to.
func (c *completer) process(text, prefix string) {
	switch kind, rest, ok := strings.Cut(text, ":"); {
	case ok && kind == "name":
		c.names(rest, prefix+"name:")
	case ok && kind == "tree":
		c.pids(rest, prefix+"tree:")
	case ok && kind == "cgroup":
		c.direct("files %s", prefix+"cgroup:")
	default:
		c.pids(text, prefix)
		for _, kind := range []string{"name:", "tree:", "cgroup:"} {
			c.begun(kind, "", text, prefix)
		}
	}
}

// pids adds the ids of processes, except this one and the shell that runs it.
func (c *completer) pids(text, prefix string) {
	names := map[int]string{}
	var pids []int
	for pid, name := range trace.Processes() {
		if pid != os.Getpid() && pid != os.Getppid() {
			names[pid] = name
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	for _, pid := range pids {
		c.begun(strconv.Itoa(pid), names[pid], text, prefix)
	}
}

// names adds the names of running commands.
func (c *completer) names(text, prefix string) {
	var names []string
	for pid, name := range trace.Processes() {
		if pid != os.Getpid() && name != "" && !strings.ContainsAny(name, ",\t\n") {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, cmp.Compare[string])
	for _, name := range names {
		c.begun(name, "", text, prefix)
	}
}

// qualified completes the argument of -e.
func (c *completer) qualified(text, prefix string) {
	name, value, given := strings.Cut(text, "=")
	if given {
		if q := findQualifier(name); q != nil {
			c.value(c.named("--"+q.names[0]), value, prefix+name+"=")
			return
		}
	}
	for _, q := range qualifiers {
		if o := c.named("--" + q.names[0]); o != nil {
			c.begun(q.names[0]+"=", o.about, text, prefix)
		}
	}
	c.value(c.named("--trace"), text, prefix)
}

// injection completes the argument of --inject and --fault: a set of calls, and
// actions after colons.
func (c *completer) injection(o *completionOption, text, prefix string) {
	c.direct("open")
	end := strings.LastIndexByte(text, ':') + 1
	if end == 0 {
		c.value(c.named("--trace"), text, prefix)
		return
	}
	actions := o.actions
	if len(actions) == 0 {
		actions = c.named("--inject").actions
	}
	prefix, text = prefix+text[:end], text[end:]
	for _, a := range actions {
		value, given := strings.CutPrefix(text, a.word)
		if given && a.kind != "" {
			c.kind(o, a.kind, value, prefix+a.word)
			return
		}
		c.begun(a.word, a.about, text, prefix)
	}
}
