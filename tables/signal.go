package tables

import "strings"

// NumSignals is the kernel's NSIG: signals are numbered from 1 to 64.
const NumSignals = 64

const signalPrefix = "SIG"

// SignalName returns the name of signal n, "SIGHUP" for 1. Real-time signals
// count from the kernel's first: 32 is SIGRTMIN, 33 is SIGRT_1. The name is
// empty if n is not a signal.
func SignalName(n int) string {
	if 0 < n && n < len(signals) {
		return signals[n]
	}
	return ""
}

// SignalByName finds the number of a signal by its name, in upper or lower
// case, with or without SIG.
func SignalByName(name string) (int, bool) {
	name = strings.TrimPrefix(strings.ToUpper(name), signalPrefix)
	for n := 1; n < len(signals); n++ {
		if signals[n][len(signalPrefix):] == name {
			return n, true
		}
	}
	return 0, false
}
