package json

// members are the names that the members of the open cells have, so that no
// object has two of the same name: readers keep one of them. A second "comment"
// is "comment_2".
//
// The names of a struct's members are not among them. Descriptions give each but
// one name, and there may be hundreds.
type members struct {
	names  []memberName
	starts []int // in names, of each open object but the record
}

// memberName is a name in two parts, as "path" and "_hex".
type memberName struct{ key, suffix string }

func (m *members) reset() { m.names, m.starts = m.names[:0], m.starts[:0] }

// begin and end are called for each brace of a cell.
func (m *members) begin() { m.starts = append(m.starts, len(m.names)) }

func (m *members) end() {
	last := len(m.starts) - 1
	m.names, m.starts = m.names[:m.starts[last]], m.starts[:last]
}

// add gives the number of members of that name which the innermost object has had.
func (m *members) add(name memberName) (before int) {
	start := 0
	if len(m.starts) > 0 {
		start = m.starts[len(m.starts)-1]
	}
	for _, n := range m.names[start:] {
		if n == name {
			before++
		}
	}
	m.names = append(m.names, name)
	return before
}
