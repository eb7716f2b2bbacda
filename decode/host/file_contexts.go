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

// The contexts that an SELinux policy expects of files are in its file_contexts
// (selabel_file(5)). Each line has a regular expression for the complete path,
// optionally a file type, and a context.

// fileContexts has the contents of a policy's file_contexts and of the files that
// belong to it. The zero value expects nothing of any file.
type fileContexts struct {
	specs []contextSpec // later ones take precedence
	found map[contextKey][]byte

	// Prefixes to be replaced, as set by the administrator and by the
	// distribution. local takes precedence over distributed, and later ones over
	// earlier ones.
	local, distributed []substitution
}

// contextSpec is a line of file_contexts.
type contextSpec struct {
	stem     string // the start of all paths that match
	expr     string
	literal  bool           // stem is the whole path
	compiled bool           // re was compiled, or cannot be
	re       *regexp.Regexp // nil if the expression is not valid in Go
	fileType uint32         // an S_IF value, or 0 for any
	context  []byte         // nil for <<none>>
}

// substitution replaces the prefix from of a path by to.
type substitution struct{ from, to string }

type contextKey struct {
	path     string
	fileType uint32
}

const (
	policyFileMax   = 64 << 20 // limit of a file's size
	foundContextMax = 4096     // limit of the number of cached paths
)

// load reads the files of a policy. It returns an error only for file_contexts
// itself, which is the only file that must exist.
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

// parse reads the lines of file_contexts. It ignores invalid ones.
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

// fileTypeOf returns the file type for a word such as "--" or "-d".
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

// stemOf returns the literal start of a regular expression, and reports whether
// that is the whole expression.
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
			return string(b[:max(0, len(b)-1)]), false // a quantifier applies to the last byte
		case strings.IndexByte(`.^$|+[](){}\`, c) >= 0:
			return string(b), false
		default:
			b = append(b, c)
		}
	}
	return string(b), true
}

// isWordByte reports whether a backslash before c has a meaning other than c
// itself.
func isWordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c >= 0x80
}

// outsideGroup reports whether an expression has alternatives outside of groups.
// These need not have a common start.
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

// parseSubstitutions reads lines that consist of a prefix and its replacement.
func parseSubstitutions(text []byte) (all []substitution) {
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		if len(words) >= 2 && words[0][0] != '#' {
			all = append(all, substitution{words[0], words[1]})
		}
	}
	return all
}

// substitute replaces the prefix of a path.
func substitute(all []substitution, name string) string {
	for i := len(all) - 1; i >= 0; i-- {
		rest, ok := strings.CutPrefix(name, all[i].from)
		if ok && (rest == "" || rest[0] == '/') {
			return path.Clean(all[i].to + rest)
		}
	}
	return name
}

// lookup returns the context that the policy expects of a file, or nil.
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

// search returns the context of the last literal path that equals name or, if
// there is none, of the last expression that matches name.
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
