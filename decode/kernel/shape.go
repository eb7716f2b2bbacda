package kernel

import (
	. "trapline/decode/lang"
	"trapline/tables"
)

// Shapes of types that Go functions show (lang.Shower).

// Shows implements Shower.
func (*sockaddr) Shows() []Type { return SockaddrForms() }

// Shows implements Shower.
func (sockaddrStorage) Shows() []Type { return SockaddrForms() }

// SockaddrForms are the socket addresses of all families.
func SockaddrForms() []Type {
	forms := []Type{
		&Struct{Fields: Fields{
			{"sa_family", &Enum{In: X16, Set: &tables.AddressFamily}},
		}},
		sockaddrData,
	}
	for _, f := range sockaddrFamilies {
		if f.body != nil {
			forms = append(forms, f.body)
		}
	}
	return forms
}

// Shows implements Shower.
func (unixPath) Shows() []Type { return []Type{CharArray(108)} }

// Shows implements Shower.
func (inetAddr) Shows() []Type { return texts }

// Shows implements Shower.
func (MAC) Shows() []Type { return texts }

// Shows implements Shower.
func (*MACOf) Shows() []Type { return texts }

// texts are what is shown as a word, such as an address.
var texts = []Type{UUID}

// Shows implements Shower.
func (t *bigEndian) Shows() []Type { return []Type{&Enum{Set: t.set}} }

// Shows implements Shower.
func (t *CommentedEnum) Shows() []Type { return []Type{&Enum{Set: t.Set}} }

// Shows implements Shower.
func (t *CommentedFlags) Shows() []Type { return []Type{&Enum{Set: t.Set}} }

// Shows implements Shower.
func (t *Descriptor) Shows() []Type {
	if t.Dir {
		return []Type{&Enum{Set: &atFDCWD}}
	}
	return []Type{t.Number}
}

// atFDCWD has the value of a directory descriptor that has a name.
var atFDCWD = tables.Set{Consts: []tables.Const{{Value: 1<<64 - -tables.AT_FDCWD, Name: "AT_FDCWD"}}}

// Shows implements Shower.
func (t *Dated) Shows() []Type { return []Type{t.Of} }

// Shows implements Shower.
func (t *NamedArgument) Shows() []Type { return []Type{t.Of} }

// Shows implements Shower.
func (t *Returning) Shows() []Type { return []Type{t.Of} }

// Shows implements Shower.
func (t *Iovecs) Shows() []Type {
	return []Type{&Struct{Fields: Fields{{"iov_base", Str}, {"iov_len", Size}}}}
}
