package kernel

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// ax25Call is the address of an amateur radio station, an ax25_address of
// linux/ax25.h: a call sign of six characters, each shifted left by one bit, and
// a byte with the number of the station (SSID).
type ax25Call struct{}

func (ax25Call) Layout(tables.ABI) Layout { return Layout{Size: ax25CallSize, Align: 1} }

func (ax25Call) Keep(*Keeps) {}

func (ax25Call) Show(c *Call, v View) { showAX25Call(c, v.B) }

const ax25CallSize = 7

// How an address is shown: as text that is equivalent to it, as text that omits
// something, or not as text.
const (
	ax25Plain = iota
	ax25Odd
	ax25Garbage
)

func ax25Kind(b []byte) int {
	kind := ax25Plain
	space, char := false, false
	for _, x := range b[:ax25CallSize-1] {
		if x&1 != 0 {
			kind = ax25Odd
		}
		x >>= 1
		if x == ' ' {
			space = true
		} else {
			char = true
		}
		if (x < '0' || x > '9') && (x < 'A' || x > 'Z') && x != ' ' || x != ' ' && space {
			kind = ax25Odd
		}
		if x < ' ' || x > '~' || x == '*' || x == '/' {
			return ax25Garbage
		}
	}
	if last := b[ax25CallSize-1]; last&^0x1e != 0 || !char && last != 0 {
		kind = ax25Odd
	}
	return kind
}

func showAX25Call(c *Call, b []byte) {
	kind := ax25Kind(b)
	if kind == ax25Plain {
		c.Out.BeginNamed()
	}
	c.Out.BeginStruct()
	c.Out.Field("ax25_call")
	c.Out.Str(output.Binary, b, false)
	c.Out.EndStruct()
	text := ax25Text(b)
	switch kind {
	case ax25Plain:
		c.Out.Named(output.InComment)
		c.Out.Text(output.AsString(text))
		c.Out.EndNamed()
	case ax25Odd:
		c.Out.Comment(output.Note, output.AsString(text))
	}
}

// ax25Text returns the usual notation, call sign and SSID: "VK2KTJ-1", or "*" for
// the null address.
func ax25Text(b []byte) []byte {
	var text []byte
	end := ax25CallSize - 1
	for end > 0 && b[end-1]>>1 == ' ' {
		end--
	}
	for _, x := range b[:end] {
		text = append(text, x>>1)
	}
	text = append(text, '-')
	ssid := b[ax25CallSize-1] >> 1 & 15
	if ssid > 9 {
		text = append(text, '1')
		ssid -= 10
	}
	text = append(text, '0'+ssid)
	if text[0] == '-' && text[1] == '0' {
		return []byte("*")
	}
	return text
}

// struct sockaddr_ax25, and full_sockaddr_ax25, which adds the digipeaters
// (linux/ax25.h)
var (
	sockaddrAX25 = &Struct{C: "sockaddr_ax25", Fields: Fields{{"_", U16}, {"sax25_call", ax25Call{}}, {"sax25_ndigis", S32}}}

	sockaddrAX25Full = &Struct{Fields: Fields{
		{"", &Union{On: If{All{&Is{N: Func(digipeaters), Values: Nums{0}}, &Is{N: Length, Values: Nums{sockaddrAX25Size}}}}, Arms: Arms{
			{&Inline{Of: sockaddrAX25}, Nums{1}},
			{&NamedArm{Name: "fsa_ax25", Type: sockaddrAX25}, nil},
		}}},
		{"fsa_digipeater", &When{If: Test(hasDigipeaters), Then: Tail{&Array{Of: ax25Call{}, N: maxDigipeaters, Used: Func(digipeaters), Whole: true}}}},
		{"...", &When{If: Test(beyondDigipeaters), Then: &Abbreviated{}}},
	}}
)

const (
	sockaddrAX25Size = 16
	maxDigipeaters   = 8 // AX25_MAX_DIGIS
)

// digipeaters is sax25_ndigis, a signed number.
func digipeaters(c *Call) uint64 { return uint64(c.Frame(0).View.At(12, 4).Int(4)) }

func hasDigipeaters(c *Call) bool { return int64(digipeaters(c)) > 0 }

// beyondDigipeaters holds if there are more bytes than those of all digipeaters.
func beyondDigipeaters(c *Call) bool {
	n := c.Known - sockaddrAX25Size
	return n%ax25CallSize != 0 || n > maxDigipeaters*ax25CallSize
}
