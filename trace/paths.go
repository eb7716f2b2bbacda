//go:build linux && amd64

package trace

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"trapline/output"
)

// pathSet selects files by name: Options.Paths.
type pathSet struct {
	patterns []pathPattern
	// excepting says that all patterns are exceptions: everything else is selected.
	excepting bool
}

// pathPattern is one of Options.Paths.
type pathPattern struct {
	except bool
	// names are the names that it stands for: as given and, if that differs, without
	// symbolic links.
	names []string
	// bases are folders, in the same two forms, in which it selects the files whose
	// names match glob. If glob is empty, it selects all of them, and the folder.
	bases []string
	glob  string
}

// newPathSet reads Options.Paths. If strict is set, all of them are names.
func newPathSet(paths []string, strict bool) *pathSet {
	set := &pathSet{excepting: len(paths) > 0}
	for _, path := range paths {
		p := parsePath(path, strict)
		set.patterns = append(set.patterns, p)
		set.excepting = set.excepting && p.except
	}
	return set
}

func parsePath(path string, strict bool) pathPattern {
	if strict {
		return pathPattern{names: bothNames(path)}
	}
	var p pathPattern
	rest, except := cutNot(path)
	p.except = except
	base, glob := splitPath(rest)
	switch {
	case glob != "":
		p.bases, p.glob = bothNames(base), glob
		p.names = []string{rest} // a file may have this name
	case len(rest) > 1 && rest[len(rest)-1] == '/':
		p.bases, p.names = bothNames(strings.TrimRight(rest, "/")), []string{rest}
		if p.bases[0] == "" {
			p.bases = []string{"/"}
		}
	default:
		p.names = bothNames(rest)
	}
	return p
}

// cutNot takes the mark of an exception off an item.
func cutNot(s string) (rest string, negated bool) {
	if len(s) > 1 && (s[0] == '!' || s[0] == '^') {
		return s[1:], true
	}
	return s, false
}

// splitPath splits a path before the first part with a wildcard. glob is empty if there is
// no wildcard, or if the wildcards are not valid.
func splitPath(path string) (base, glob string) {
	if !strings.ContainsAny(path, `*?[{`) || !doublestar.ValidatePattern(path) {
		return path, ""
	}
	base, glob = doublestar.SplitPattern(path)
	if strings.HasSuffix(glob, "/") {
		glob += "**"
	}
	return base, glob
}

// ValidPath reports whether the wildcards in a path of Options.Paths are valid. If not,
// the path is a name.
func ValidPath(path string) bool {
	rest, _ := cutNot(path)
	return !strings.ContainsAny(rest, `*?[{`) || doublestar.ValidatePattern(rest)
}

// bothNames returns a path, and what it resolves to if that differs.
func bothNames(path string) []string {
	if resolved := ResolvePath(path); resolved != path {
		return []string{path, resolved}
	}
	return []string{path}
}

// ResolvePath returns the absolute path of a file without symbolic links, or
// path itself if that cannot be determined. Options.Paths are resolved in this
// way: calls that use either path are traced.
func ResolvePath(path string) string {
	if path == "" {
		return path // not a file, but a path that a call may pass
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return path
	}
	return resolved
}

// ResolvePattern is ResolvePath for one of Options.Paths: it resolves the part before the
// first wildcard.
func ResolvePattern(path string) string {
	rest, except := cutNot(path)
	base, glob := splitPath(rest)
	resolved := ResolvePath(base)
	if glob != "" || len(rest) > 1 && strings.HasSuffix(rest, "/") {
		resolved = strings.TrimRight(resolved, "/") + "/" + glob
	}
	if resolved == rest {
		return path
	}
	if except {
		return path[:1] + resolved
	}
	return resolved
}

// usedFile is a file as a call uses it.
type usedFile struct {
	text  []byte    // the path that the call passes, or what a descriptor leads to
	names [5][]byte // its full names; nil where there is none
}

// wants reports whether a file is selected: the last pattern that matches it
// decides.
func (s *pathSet) wants(f *usedFile) bool {
	for i := len(s.patterns) - 1; i >= 0; i-- {
		if p := &s.patterns[i]; p.matches(f) {
			return !p.except
		}
	}
	return s.excepting
}

// decidedByText reports whether a file is selected, whatever its full names are.
func (s *pathSet) decidedByText(text []byte) bool {
	decided := false
	for i := range s.patterns {
		p := &s.patterns[i]
		if p.except {
			return false
		}
		decided = decided || slices.Contains(p.names, output.AsString(text))
	}
	return decided
}

func (p *pathPattern) matches(f *usedFile) bool {
	if slices.Contains(p.names, output.AsString(f.text)) {
		return true
	}
	for _, name := range f.names {
		if name != nil && (slices.Contains(p.names, output.AsString(name)) || p.hasBelow(name)) {
			return true
		}
	}
	return false
}

// hasBelow reports whether a name is in one of the folders and matches glob.
func (p *pathPattern) hasBelow(name []byte) bool {
	for _, base := range p.bases {
		rest, ok := bytes.CutPrefix(name, []byte(base))
		switch {
		case !ok:
			continue
		case base == "/":
		case len(rest) == 0:
			if p.glob == "" {
				return true
			}
		case rest[0] != '/':
			continue
		default:
			rest = rest[1:]
		}
		if p.glob == "" || doublestar.MatchUnvalidated(p.glob, output.AsString(rest)) {
			return true
		}
	}
	return false
}
