//go:build linux && amd64

package trace

import (
	"path"

	"trapline/tables"
	"trapline/trace/condition"
)

// Past is a record that a Condition is evaluated on after its end.
type Past struct {
	Call    *Call  // the call with its result, as a Handler gets it; nil for other records
	Event   string // "syscall", "signal", "exit", ... as in JSON
	Process int    // id of the thread's process
	TID     int
	Comm    string // command name, or empty
	Signal  int    // number of the signal, or -1
	Code    int    // exit status, or -1
	Ended   bool   // the call has a result
}

// Matches reports whether the condition holds for a record. Strings are cut at
// Options.StringLimit. Unsigned numbers beyond 2^63 count as negative.
func (c *Condition) Matches(p *Past) bool {
	r := &pastRecord{condition: c, past: p}
	return c.condition.Holds(&condition.Evaluation{Record: r}) == condition.True
}

// pastRecord is a condition.Record of Values.
type pastRecord struct {
	condition *Condition
	past      *Past
}

// ABI implements condition.Record.
func (r *pastRecord) ABI() tables.ABI {
	if r.past.Call == nil {
		return tables.X86_64
	}
	return r.past.Call.ABI
}

// Values implements condition.Record.
func (r *pastRecord) Values(id *condition.Operand) ([]condition.Value, bool) {
	o, p, c := r.condition.operands[id.ID], r.past, r.past.Call
	switch o.kind {
	case ofEvent:
		return textValue(p.Event), true
	case ofPID:
		return numberValue(int64(p.Process)), true
	case ofTID:
		return numberValue(int64(p.TID)), true
	case ofComm:
		if p.Comm == "" {
			return nil, true
		}
		return textValue(p.Comm), true
	case ofSignal:
		if p.Signal >= 0 {
			return numberValue(int64(p.Signal)), true
		}
		return nil, true
	case ofCode:
		if p.Code >= 0 {
			return numberValue(int64(p.Code)), true
		}
		return nil, true
	}
	if c == nil {
		return nil, r.condition.asks(ofEvent, ofSignal, ofCode)
	}
	switch o.kind {
	case ofName:
		return textValue(c.Name), true
	case ofABI:
		return textValue(c.ABI.String()), true
	case ofRegister:
		return []condition.Value{{Kind: condition.Number, Num: condition.Unsigned(c.registers[o.register])}}, true
	case ofErrno:
		return numberValue(int64(c.Errno)), true
	case ofDuration:
		return []condition.Value{{Kind: condition.Duration, Num: condition.Signed(int64(c.Duration))}}, p.Ended
	case ofRet:
		switch {
		case !p.Ended:
			return nil, true
		case c.Failed():
			return numberValue(-1), true
		}
		return valuesAt(nil, &c.Result, nil), true
	case ofFD:
		var values []condition.Value
		c.eachDescriptor(func(v *Value) { values = append(values, numberValue(v.Int())...) })
		return values, true
	case ofPath:
		var values []condition.Value
		c.eachPath(func(path string) { values = append(values, textValue(path)...) })
		return values, true
	case ofArgument:
		var values []condition.Value
		for i := range c.Args {
			if c.Args[i].Name == o.argument {
				values = valuesAt(values, &c.Args[i], o.path)
			}
		}
		return values, true
	}
	return nil, true
}

func textValue(s string) []condition.Value {
	return []condition.Value{{Kind: condition.String, Str: []byte(s)}}
}

func numberValue(n int64) []condition.Value {
	return []condition.Value{{Kind: condition.Number, Num: condition.Signed(n)}}
}

// valuesAt collects the values at the end of a path. Arrays on the way are passed
// through unless the path has a position, as capture does.
func valuesAt(values []condition.Value, v *Value, path []step) []condition.Value {
	for v.After != nil {
		v = v.After
	}
	switch v.Kind {
	case Array, Set:
		if v.Complement {
			return values
		}
		for i := range v.Elems {
			switch {
			case len(path) == 0 || path[0].member != "":
				values = valuesAt(values, &v.Elems[i], path)
			case path[0].index == i:
				values = valuesAt(values, &v.Elems[i], path[1:])
			}
		}
		return values
	case Struct:
		if len(path) == 0 {
			return append(values, condition.Value{Kind: condition.Group})
		}
		for i := range v.Elems {
			switch v.Elems[i].Name {
			case path[0].member:
				values = valuesAt(values, &v.Elems[i], path[1:])
			case "": // the arm of a union
				values = valuesAt(values, &v.Elems[i], path)
			}
		}
		return values
	}
	if len(path) > 0 {
		return values
	}
	switch v.Kind {
	case Number:
		return append(values, numberValue(v.Int())...)
	case Address:
		return append(values, condition.Value{Kind: condition.Number, Num: condition.Unsigned(v.Num)})
	case String, Bytes, Token:
		return append(values, textValue(v.Str)...)
	}
	return values
}

// eachDescriptor calls f for the descriptors in the arguments. It recognizes them by what
// Options.DecodeFDs shows of them.
func (c *Call) eachDescriptor(f func(v *Value)) {
	for i := range c.Args {
		c.Args[i].EachDescriptor(f)
	}
}

// eachPath calls f for the paths of those descriptors, and for file names: as written and,
// for names relative to a descriptor, also in full.
func (c *Call) eachPath(f func(path string)) {
	dir := ""
	for i := range c.Args {
		v := &c.Args[i]
		v.EachDescriptor(func(v *Value) {
			if path := v.Note("path"); path != "" {
				f(path)
			}
		})
		if v.Kind == Number {
			dir = v.Note("path")
		}
		if !v.Path {
			continue
		}
		f(v.Str)
		if dir != "" && !path.IsAbs(v.Str) {
			f(path.Join(dir, v.Str))
		}
	}
}
