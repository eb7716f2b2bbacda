//go:build linux && amd64

package report

import (
	"slices"
	"strings"

	"trapline/trace"
)

// Names of temporary files are random. If only one of the two traces has such a name, the
// parts that are not random are compared: the folder, the lengths of the name's parts, and
// characters other than letters and digits. Which names these are is known only after both
// recordings have been read. Until then, such names are marked.

// mark is put before and after the name of a file that the trace has created. Names
// contain no NUL, and other data hardly contains this sequence.
const mark = "\x00\xfe\x00\xfe\x00"

// leastRandom is the least number of random letters and digits, as from mkstemp(3).
const leastRandom = 6

// makes notes, at the exit of a call, the names of the files that it has created and that
// cannot have existed before.
func (s *side) makes(c *trace.Call) {
	flags := c.Arg("flags")
	if c.Errno != 0 || !strings.HasPrefix(c.Name, "mkdir") && !flags.Has("O_EXCL") {
		return
	}
	for i := range c.Files {
		if u := &c.Files[i]; u.Use&trace.UseNew != 0 {
			for _, name := range [...]string{u.Path, u.Name} {
				if maskRandom(name) != name {
					s.made[name] = true
				}
			}
		}
	}
}

// maskRandom returns a name in which ? replaces each letter and digit in those parts of its last
// element that may be random.
func maskRandom(name string) string {
	b := []byte(name)
	for first := strings.LastIndexByte(name, '/') + 1; first < len(b); first++ {
		end := first
		for end < len(b) && alphanumeric(b[end]) {
			end++
		}
		if end-first >= leastRandom {
			for i := range b[first:end] {
				b[first+i] = '?'
			}
		}
		first = end
	}
	return string(b)
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

// plainNames replaces ids in a text, and marks the names of files that the trace has
// created.
func (s *side) plainNames(text string) string {
	if s.made[text] {
		return mark + text + mark
	}
	var b strings.Builder
	from := 0 // what comes before is in b
	for i := 0; i < len(text) && len(s.made) > 0; i++ {
		if text[i] != '/' {
			continue
		}
		if n := s.madeName(text[i:]); n > 0 {
			b.WriteString(s.plainIDs(text[from:i]) + mark + text[i:i+n] + mark)
			from = i + n
			i = from - 1
		}
	}
	return b.String() + s.plainIDs(text[from:])
}

// madeName returns the length of the longest name at the beginning of a text that the
// trace has created, or 0 if there is none.
func (s *side) madeName(text string) (n int) {
	for i := 1; i <= len(text); i++ {
		if i < len(text) && inName(text[i]) {
			continue
		}
		if s.made[text[:i]] {
			n = i
		}
		if i < len(text) && text[i] != '/' {
			break
		}
	}
	return n
}

// inName reports whether a byte can be part of a name within a text.
func inName(c byte) bool { return alphanumeric(c) || strings.IndexByte(".-+~#%@=,", c) >= 0 }

// settle gives the marked names the form in which they are compared with the other side.
func (s *side) settle(other *side) {
	for st, key := range s.marked {
		st.key = s.keys.of(s.settled(key, other))
		st.data, st.outcome = s.settled(st.data, other), s.settled(st.outcome, other)
	}
	s.marked = nil
	for _, set := range [...]map[string]string{s.files, s.failed} {
		for name := range set {
			if strings.Contains(name, mark) {
				delete(set, name)
				set[s.settled(name, other)] = strings.ReplaceAll(name, mark, "")
			}
		}
	}
}

// settled replaces the marked names in a text.
func (s *side) settled(text string, other *side) string {
	parts := strings.Split(text, mark)
	for i := 1; i < len(parts)-1; i += 2 {
		parts[i] = s.withoutRandom(parts[i], other)
	}
	return strings.Join(parts, "")
}

// withoutRandom is a name as it is compared: without the random part of each element that
// only this side has created.
func (s *side) withoutRandom(name string, other *side) string {
	var b strings.Builder
	for first := 0; first < len(name); {
		end := len(name)
		if i := strings.IndexByte(name[first+1:], '/'); i >= 0 {
			end = first + 1 + i
		}
		element := s.plainIDs(name[first:end])
		if whole := name[:end]; s.made[whole] && !other.made[whole] {
			element = maskRandom(element)
		}
		b.WriteString(element)
		first = end
	}
	return b.String()
}

// only are the members of x that y lacks, in the form in which they are shown.
func only(x, y map[string]string) (list []string) {
	for s, text := range x {
		if _, ok := y[s]; !ok {
			list = append(list, text)
		}
	}
	slices.Sort(list)
	return list
}
