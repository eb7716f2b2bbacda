//go:build linux && amd64

package trace

import "github.com/ianlancetaylor/demangle"

// Bounds of mangled names, in bytes, and of what they stand for, as a power of two:
// they come from files that may be hostile.
const (
	maxMangled        = 4 << 10
	maxDemangledPower = 12
)

// demangled returns the source code's name of a function of C++ or Rust, or the name
// itself if it is not mangled.
func demangled(symbol string) string {
	if len(symbol) < 3 || len(symbol) > maxMangled || symbol[0] != '_' || symbol[1] != 'Z' && symbol[1] != 'R' {
		return symbol
	}
	return demangle.Filter(symbol, demangle.MaxLength(maxDemangledPower))
}
