//go:build linux && amd64

package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// shellWord quotes an argument for a POSIX shell, so that the shell takes it as one word.
// The word is on one line and has no characters that a terminal interprets.
func shellWord(s string) string {
	if s == "" {
		return "''"
	}
	if s[0] != '=' && !strings.ContainsFunc(s, func(r rune) bool { return !isShellPlain(r) }) {
		return s
	}
	if isVisible(s) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	if strings.HasSuffix(s, "\n") {
		// A command substitution would drop the newline. A shell that does not know this
		// form also takes it as one word.
		return "$'" + octal(s, false) + "'"
	}
	return `"$(printf '` + octal(s, true) + `')"`
}

// shellVariable quotes NAME=VALUE as an argument of env.
func shellVariable(s string) string {
	name, value, _ := strings.Cut(s, "=")
	if shellWord(name) != name {
		return shellWord(s)
	}
	if value == "" {
		return name + "="
	}
	return name + "=" + shellWord(value)
}

// isShellPlain reports whether a character has no meaning to a shell in an argument that
// does not begin with =.
func isShellPlain(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./,:+@%^=", r)
}

// isVisible reports whether all of a string can be shown as it is.
func isVisible(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) })
}

// octal writes everything that is not plain as octal escapes. In a format of printf, % and
// an initial - are not plain, and in double quotes ! is not, which an interactive shell
// may replace.
func octal(s string, format bool) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '%' && format:
			b.WriteString("%%")
		case format && (r == '!' || r == '-' && i == 0), r == '\\' || r == '\'' || r == utf8.RuneError && n == 1 || !strconv.IsPrint(r):
			for _, c := range []byte(s[i : i+n]) {
				fmt.Fprintf(&b, `\%03o`, c)
			}
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// shellCommand is a command line that makes the same execve as e, from its directory and
// with its environment, if it is run by a shell with the environment before in the
// directory dir. Unknown environments and directories are ignored.
func shellCommand(e *execution, dir string, before []string) string {
	var b strings.Builder
	if e.dir != "" && e.dir != dir && strings.HasPrefix(e.dir, "/") {
		b.WriteString("cd " + shellWord(e.dir) + " && ")
	}
	words := slices.Clone(e.args)
	if len(words) == 0 {
		words = []string{e.exe}
	}
	if words[0] == "" || strings.HasPrefix(words[0], "-") {
		words[0] = e.exe // of a login shell, for example
	}
	if set, unset := environmentChanges(before, e.env); len(set)+len(unset) > 0 {
		b.WriteString("env")
		for _, name := range unset {
			b.WriteString(" -u " + shellWord(name))
		}
		if len(set) > 0 && strings.HasPrefix(set[0], "-") {
			b.WriteString(" --")
		}
		for _, variable := range set {
			b.WriteString(" " + shellVariable(variable))
		}
		if strings.Contains(words[0], "=") { // env would treat it as a variable
			words = append([]string{"sh", "-c", `exec "$0" "$@"`}, words...)
		}
		b.WriteString(" ")
	}
	for i, word := range words {
		if i > 0 {
			b.WriteString(" ")
		}
		quoted := shellWord(word)
		if i == 0 && quoted == word && (isShellKeyword(word) || strings.Contains(word, "=")) {
			quoted = "'" + word + "'"
		}
		b.WriteString(quoted)
	}
	return b.String()
}

// isShellKeyword reports whether a shell would not treat a word as the name of a program.
func isShellKeyword(word string) bool {
	switch word {
	case "if", "then", "else", "elif", "fi", "do", "done", "case", "esac", "while", "until", "for", "in", "function", "select",
		"time", "coproc":
		return true
	}
	return false
}

// environmentChanges returns the variables of after that before lacks or has with another
// value, and the names of those that only before has. It ignores strings that are not
// variables, and variables that shells change at each command.
func environmentChanges(before, after []string) (set, unset []string) {
	if before == nil || after == nil {
		return nil, nil
	}
	split := func(s string) (name string, ok bool) {
		name, _, ok = strings.Cut(s, "=")
		return name, ok && name != "" && name != "_"
	}
	old := make(map[string]string, len(before))
	for _, variable := range before {
		if name, ok := split(variable); ok {
			if _, twice := old[name]; !twice {
				old[name] = variable
			}
		}
	}
	kept := make(map[string]bool, len(after))
	for _, variable := range after {
		name, ok := split(variable)
		if !ok || kept[name] {
			continue
		}
		kept[name] = true
		if old[name] != variable {
			set = append(set, variable)
		}
	}
	for _, variable := range before {
		if name, ok := split(variable); ok && !kept[name] && !slices.Contains(unset, name) {
			unset = append(unset, name)
		}
	}
	return set, unset
}
