package tables

// Const is one named value. In a flag set Mask selects the bits of a value that
// the name accounts for; a zero Mask means the bits of Value. An enumeration
// inside a flags word (the access mode in open's flags, the file type in
// st_mode, the signal in clone's flags) is a run of Consts with one Mask.
type Const struct {
	Value uint64
	Mask  uint64
	Name  string
}

// Set is a group of named constants that may appear in one place: the values
// of an enumeration or the bits of a flags word. Consts are in matching order.
// Negative values are sign-extended to 64 bits.
type Set struct {
	Consts  []Const
	Unknown string // comment for a value or bit without a name: "O_???"

	sorted  bool   // an enumeration whose Consts are in ascending order of Value
	wide    bool   // values have 64 bits: 0xffffffff is not -1
	nonzero uint16 // Consts from this position on have a Value other than zero; 0 if not known
	i386    *Set   // for i386, where it differs
}

// For returns the variant of the set for an ABI. Most sets have only one.
func (s *Set) For(abi ABI) *Set {
	if abi == I386 && s.i386 != nil {
		return s.i386
	}
	return s
}

// Lookup returns the name of an enumeration value. A negative value may have 32
// bits or 64, unless the set has 64-bit values.
func (s *Set) Lookup(v uint64) (string, bool) {
	name, ok := s.find(v)
	if !ok && v>>31 == 1 && !s.wide {
		return s.find(v | 0xffffffff<<32)
	}
	return name, ok
}

func (s *Set) find(v uint64) (string, bool) {
	if s.sorted && len(s.Consts) > 8 {
		low, high := 0, len(s.Consts)
		for low < high {
			if middle := (low + high) / 2; s.Consts[middle].Value < v {
				low = middle + 1
			} else {
				high = middle
			}
		}
		if low < len(s.Consts) && s.Consts[low].Value == v {
			return s.Consts[low].Name, true
		}
		return "", false
	}
	for i := range s.Consts {
		if s.Consts[i].Value == v {
			return s.Consts[i].Name, true
		}
	}
	return "", false
}

// Next finds the first constant at or after position i that is set in the flags
// word v. It returns the constant, the bits of v that remain, and the position
// to continue from. At the end it returns a nil constant.
//
//	for c, rest, i := s.Next(v, 0); c != nil; c, rest, i = s.Next(rest, i) { ... }
//
// A constant with a zero Value matches only if it has a Mask: it names the zero
// of a masked enumeration (O_RDONLY) and is the first of its run, so that it
// does not match again once another name has used up the mask. With a Mask of
// all bits it names a word that is zero altogether (PROT_NONE).
func (s *Set) Next(v uint64, i int) (c *Const, rest uint64, next int) {
	consts := s.Consts
	if v == 0 && i >= int(s.nonzero) && s.nonzero != 0 {
		return nil, 0, len(consts)
	}
	for ; i < len(consts); i++ {
		c := &consts[i]
		if v&c.Value != c.Value { // checked first, since most constants are not set
			continue
		}
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
