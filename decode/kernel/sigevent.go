package kernel

import (
	. "trapline/decode/lang"
	"trapline/tables"
)

// Values of sigev_notify (asm-generic/siginfo.h).
const (
	sigevSignal   = 0
	sigevThread   = 2
	sigevThreadID = 4
)

// Sigevent is a struct sigevent, except its end: it has 64 bytes, the last of
// which are not used by any notification.
var Sigevent = Struct{C: "sigevent", Fields: Fields{
	{"sigev_value", &When{If: Test(func(c *Call) bool { return Ref("sigev_value").Num(c) != 0 }), Then: sigval{Xlong}}},
	{"sigev_signo", sigevSigno{Int}},
	{"sigev_notify", &Enum{Set: &tables.SigevNotify}},
	{"", &Union{On: Ref("sigev_notify"), Arms: Arms{
		{&NamedArm{Name: "sigev_notify_thread_id", Type: Int}, Nums{sigevThreadID}},
		{&Inline{Of: &Struct{Fields: Fields{{"sigev_notify_function", Addr}, {"sigev_notify_attributes", Addr}}}}, Nums{sigevThread}},
		{EmptyArm, nil},
	}}},
}}

// sigval is a union sigval, an int or a pointer. Both are shown.
type sigval struct{ Number }

func (t sigval) Show(c *Call, v View) {
	c.Out.BeginStruct()
	c.Out.Field("sival_int")
	Int.Show(c, v)
	c.Out.Field("sival_ptr")
	Addr.Show(c, v)
	c.Out.EndStruct()
}

// sigevSigno is a signal, which is shown by its name if one is sent.
type sigevSigno struct{ Number }

func (t sigevSigno) Show(c *Call, v View) {
	switch Ref("sigev_notify").Num(c) {
	case sigevSignal, sigevThread, sigevThreadID:
		Signal.Show(c, v)
	default:
		Uint.Show(c, v)
	}
}
