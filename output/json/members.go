package json

// members are the names of the members of the open cells. They ensure that no object has
// two members of the same name, because readers would keep only one of them. A second
// "comment" becomes "comment_2".
//
// The names of a struct's members are not included. Descriptions name each
// member once, and there may be hundreds.
type members struct {
	names  []memberName
	starts []int // index in names of each open object except the record
}

// memberName is a name in two parts, such as "path" and "_hex".
type memberName struct{ key, suffix string }

func (m *members) reset() { m.names, m.starts = m.names[:0], m.starts[:0] }

// begin and end are called for each brace of a cell.
func (m *members) begin() { m.starts = append(m.starts, len(m.names)) }

func (m *members) end() {
	last := len(m.starts) - 1
	m.names, m.starts = m.names[:m.starts[last]], m.starts[:last]
}

// addFirst adds a name if the innermost object has no other one, and reports whether that
// is so.
func (m *members) addFirst(name memberName) bool {
	if n := len(m.starts); n == 0 || m.starts[n-1] != len(m.names) {
		return false
	}
	m.names = append(m.names, name)
	return true
}

// add returns how many members of that name the innermost object already has.
func (m *members) add(name memberName) (before int) {
	start := 0
	if len(m.starts) > 0 {
		start = m.starts[len(m.starts)-1]
	}
	for i := start; i < len(m.names); i++ {
		if n := &m.names[i]; len(n.key) == len(name.key) && *n == name {
			before++
		}
	}
	m.names = append(m.names, name)
	return before
}
