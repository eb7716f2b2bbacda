package tables

import "strings"

// NumSignals is the kernel's NSIG: signals are numbered from 1 to 64.
const NumSignals = 64

const signalPrefix = "SIG"

// SignalName gives the name of signal n, "SIGHUP" for 1. Real-time signals are
// counted from the kernel's first: 32 is SIGRTMIN, 33 is SIGRT_1. A number
// that is no signal has no name.
func SignalName(n int) string {
	if 0 < n && n < len(signals) {
		return signals[n]
	}
	return ""
}

// SignalByName finds the number of a signal by its name, in any case, with or
// without SIG before it.
func SignalByName(name string) (int, bool) {
	name = strings.TrimPrefix(strings.ToUpper(name), signalPrefix)
	for n := 1; n < len(signals); n++ {
		if signals[n][len(signalPrefix):] == name {
			return n, true
		}
	}
	return 0, false
}
