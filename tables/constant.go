package tables

import "slices"

// Constant finds the values of a named constant. It searches all sets of constants, errors
// and signals. It returns the different values that the name has under an ABI, usually one or
// none.
func Constant(abi ABI, name string) (values []uint64) {
	add := func(v uint64) {
		if !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	for _, s := range sets {
		if v, ok := s.For(abi).Value(name); ok {
			add(v)
		}
	}
	if n, ok := ErrnoByName(name); ok {
		add(uint64(n))
	}
	for n, signal := range signals {
		if signal == name && name != "" {
			add(uint64(n))
		}
	}
	return values
}

// Value returns the value of the constant with that name.
func (s *Set) Value(name string) (uint64, bool) {
	for i := range s.Consts {
		if s.Consts[i].Name == name {
			return s.Consts[i].Value, true
		}
	}
	return 0, false
}

// ConstantNames calls yield with the name of each constant. Some names are repeated.
func ConstantNames(yield func(name string) bool) {
	for _, s := range sets {
		for i := range s.Consts {
			if !yield(s.Consts[i].Name) {
				return
			}
		}
	}
	for i := range errnos {
		if errnos[i].name != "" && !yield(errnos[i].name) {
			return
		}
	}
	for _, name := range signals {
		if name != "" && !yield(name) {
			return
		}
	}
}
