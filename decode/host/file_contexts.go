package host

import (
	"bytes"
	"errors"
	"os"
	"path"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// What an SELinux policy expects of files is in its file_contexts
// (selabel_file(5)): lines of a regular expression for whole paths, a file type
// that may be left out, and a context.

// fileContexts is a policy's file_contexts and what belongs to it. The zero value
// expects nothing.
type fileContexts struct {
	specs []contextSpec // those that come later go before
	found map[contextKey][]byte

	// Prefixes that stand for others, by the administrator's choice and then by the
	// distribution's. Those that come later go before.
	local, distributed []substitution
}

// contextSpec is a line of file_contexts.
type contextSpec struct {
	stem     string // what all paths that match begin with
	expr     string
	literal  bool           // stem is the whole path
	compiled bool           // re has been made, or cannot be
	re       *regexp.Regexp // nil if Go has no such expression
	fileType uint32         // an S_IF value, 0 for any
	context  []byte         // nil for <<none>>
}

// substitution says that paths below from are looked up below to.
type substitution struct{ from, to string }

type contextKey struct {
	path     string
	fileType uint32
}

const (
	policyFileMax   = 64 << 20 // bytes of a file that are read
	foundContextMax = 4096     // paths that are remembered
)

// load reads the files of a policy. The error is that of the one file that there
// must be.
func (f *fileContexts) load(root string) error {
	base := root + "/contexts/files/file_contexts"
	main := readFile(base, policyFileMax)
	if main == nil {
		_, err := os.Stat(base)
		var path *os.PathError
		if errors.As(err, &path) {
			return path.Err
		}
		return unix.EACCES
	}
	f.parse(main)
	f.parse(readFile(base+".homedirs", policyFileMax))
	f.parse(readFile(base+".local", policyFileMax))
	f.local = parseSubstitutions(readFile(base+".subs", policyFileMax))
	f.distributed = parseSubstitutions(readFile(base+".subs_dist", policyFileMax))
	return nil
}

// parse reads lines of file_contexts. Those that are wrong are passed over.
func (f *fileContexts) parse(text []byte) {
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) < 2 || words[0][0] == '#' {
			continue
		}
		spec := contextSpec{expr: words[0]}
		context := words[1]
		if len(words) > 2 {
			fileType, ok := fileTypeOf(words[1])
			if !ok {
				continue
			}
			spec.fileType, context = fileType, words[2]
		}
		if context != "<<none>>" {
			spec.context = []byte(context)
		}
		spec.stem, spec.literal = stemOf(spec.expr)
		f.specs = append(f.specs, spec)
	}
}

// fileTypeOf gives the type that a word of a line names.
func fileTypeOf(word string) (uint32, bool) {
	for _, t := range [...]struct {
		word string
		mode uint32
	}{
		{"--", unix.S_IFREG}, {"-d", unix.S_IFDIR}, {"-l", unix.S_IFLNK}, {"-b", unix.S_IFBLK}, {"-c", unix.S_IFCHR},
		{"-p", unix.S_IFIFO}, {"-s", unix.S_IFSOCK},
	} {
		if t.word == word {
			return t.mode, true
		}
	}
	return 0, false
}

// stemOf gives what a regular expression begins with literally, and whether that
// is all of it.
func stemOf(expr string) (stem string, literal bool) {
	if outsideGroup(expr) {
		return "", false
	}
	var b []byte
	for i := 0; i < len(expr); i++ {
		c := expr[i]
		switch {
		case c == '\\' && i+1 < len(expr) && !isWordByte(expr[i+1]):
			i++
			b = append(b, expr[i])
		case c == '?' || c == '*' || c == '{':
			return string(b[:max(0, len(b)-1)]), false // the byte before may be missing
		case strings.IndexByte(`.^$|+[](){}\`, c) >= 0:
			return string(b), false
		default:
			b = append(b, c)
		}
	}
	return string(b), true
}

// isWordByte says that a backslash before c means something else than c.
func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c >= 0x80
}

// outsideGroup says whether an expression has alternatives that are not in a group:
// they need not have a beginning in common.
func outsideGroup(expr string) bool {
	depth := 0
	for i := 0; i < len(expr); i++ {
		switch expr[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			depth--
		case '|':
			if depth == 0 {
				return true
			}
		}
	}
	return false
}

// parseSubstitutions reads lines of a prefix and what it stands for.
func parseSubstitutions(text []byte) (all []substitution) {
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) >= 2 && words[0][0] != '#' {
			all = append(all, substitution{words[0], words[1]})
		}
	}
	return all
}

// substitute replaces the prefix of a path by what it stands for.
func substitute(all []substitution, name string) string {
	for i := len(all) - 1; i >= 0; i-- {
		rest, ok := strings.CutPrefix(name, all[i].from)
		if ok && (rest == "" || rest[0] == '/') {
			return path.Clean(all[i].to + rest)
		}
	}
	return name
}

// lookup gives the context of a file; nil if there is none.
func (f *fileContexts) lookup(name string, mode uint32) []byte {
	key := contextKey{name, mode & unix.S_IFMT}
	if context, ok := f.found[key]; ok {
		return context
	}
	context := f.search(substitute(f.distributed, substitute(f.local, path.Clean(name))), key.fileType)
	if f.found == nil || len(f.found) >= foundContextMax {
		f.found = make(map[contextKey][]byte)
	}
	f.found[key] = context
	return context
}

// search finds the last literal path that is name or, if there is none, the last
// expression that matches it.
func (f *fileContexts) search(name string, fileType uint32) []byte {
	for _, literal := range []bool{true, false} {
		for i := len(f.specs) - 1; i >= 0; i-- {
			s := &f.specs[i]
			if s.literal == literal && (s.fileType == 0 || s.fileType == fileType) && s.matches(name) {
				return s.context
			}
		}
	}
	return nil
}

func (s *contextSpec) matches(name string) bool {
	if s.literal {
		return name == s.stem
	}
	if !strings.HasPrefix(name, s.stem) {
		return false
	}
	if !s.compiled {
		s.compiled = true
		s.re, _ = regexp.Compile(`\A(?s:` + s.expr + `)\z`)
	}
	return s.re != nil && s.re.MatchString(name)
}
