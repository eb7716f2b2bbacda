//go:build linux && amd64

package condition

import (
	"net/netip"
)

// call checks a call of a function.
func (v *values) call(t *callTree) (typed, error) {
	f, known := findFunction(t.Name)
	if f == nil {
		return typed{}, v.unknown(t.Pos, &UnknownError{"there is no function '" + t.Name + "'", t.Name, known})
	}
	if len(t.Args) != len(f.args) {
		return typed{}, v.errorf(t.Pos, "%s takes %d arguments", t.Name, len(f.args))
	}
	var last typed
	for i, arg := range t.Args {
		value, err := v.sum(arg)
		if err != nil {
			return typed{}, err
		}
		if value.kinds&f.args[i] == 0 {
			return typed{}, v.errorf(arg.Pos, "%s takes %s here, not %s", t.Name, f.args[i], value.kinds)
		}
		last = value
	}
	if f.args[len(f.args)-1] == Number {
		return last, nil
	}
	text, ok := last.expr.(*literal)
	if !ok {
		return typed{}, v.errorf(t.Pos, "%s takes the text of an address", t.Name)
	}
	address, err := netip.ParseAddr(string(text.v.Str))
	if err != nil || address.Is6() && !f.is6 {
		return typed{}, v.errorf(t.Pos, "%q is not an address for %s", text.v.Str, t.Name)
	}
	return typed{&literal{Value{Kind: String, Str: []byte(address.String())}}, String}, nil
}

// functions are those C functions that a trace shows. A trace shows numbers in network
// order, and conditions compare them, as the numbers that they stand for, and addresses as
// text. So a function returns its last argument unchanged.
var functions = [...]function{
	{name: "htons", args: []Kind{Number}},
	{name: "htonl", args: []Kind{Number}},
	{name: "ntohs", args: []Kind{Number}},
	{name: "ntohl", args: []Kind{Number}},
	{name: "inet_addr", args: []Kind{String}},
	{name: "inet_pton", args: []Kind{Number, String}, is6: true},
}

type function struct {
	name string
	args []Kind
	is6  bool // also accepts IPv6 addresses
}

// findFunction finds a function by its name, or returns nil and all names.
func findFunction(name string) (f *function, known []string) {
	for i := range functions {
		if functions[i].name == name {
			return &functions[i], nil
		}
		known = append(known, functions[i].name)
	}
	return nil, known
}
