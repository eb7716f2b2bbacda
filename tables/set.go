package tables

// Const is one named value. In a flag set Mask says which bits of a value the
// name accounts for; a zero Mask stands for Value itself. An enumeration that
// lives inside a flags word (the access mode in open's flags, the file type in
// st_mode, the signal in clone's flags) is a run of Consts with one Mask.
type Const struct {
	Value uint64
	Mask  uint64
	Name  string
}

// Set is a group of named constants that may appear in one place: the values
// of an enumeration or the bits of a flags word. Consts are in matching order.
type Set struct {
	Consts  []Const
	Unknown string // what a value or bit without a name is called: "O_???"

	index map[uint64]string // by value, for large enumerations
}

// Lookup gives the name of an enumeration's value.
func (s *Set) Lookup(v uint64) (string, bool) {
	if s.index != nil {
		name, ok := s.index[v]
		return name, ok
	}
	for i := range s.Consts {
		if s.Consts[i].Value == v {
			return s.Consts[i].Name, true
		}
	}
	return "", false
}

// Next finds the first constant at or after position i that is set in the
// flags word v, and returns it with the bits of v that it leaves and the
// position to go on from. At the end it returns a nil constant.
//
//	for c, rest, i := s.Next(v, 0); c != nil; c, rest, i = s.Next(rest, i) { ... }
//
// A constant whose Value is zero matches only where its Mask is not zero: it
// names the zero of a masked enumeration (O_RDONLY) and stands first in its
// run, so that it is not found again once another name has used up the mask.
func (s *Set) Next(v uint64, i int) (c *Const, rest uint64, next int) {
	for ; i < len(s.Consts); i++ {
		c := &s.Consts[i]
		mask := c.Mask
		if mask == 0 {
			mask = c.Value
		}
		if mask != 0 && v&mask == c.Value {
			return c, v &^ mask, i + 1
		}
	}
	return nil, v, i
}
