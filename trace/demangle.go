//go:build linux && amd64

package trace

import "github.com/ianlancetaylor/demangle"

// Bounds of mangled names, in bytes, and of demangled names, as a power of two. The names
// come from files that may be hostile.
const (
	maxMangled        = 4 << 10
	maxDemangledPower = 12
)

// demangled returns the name that a C++ or Rust function has in the source code. It
// returns other names unchanged.
func demangled(symbol string) string {
	if len(symbol) < 3 || len(symbol) > maxMangled || symbol[0] != '_' || symbol[1] != 'Z' && symbol[1] != 'R' {
		return symbol
	}
	return demangle.Filter(symbol, demangle.MaxLength(maxDemangledPower))
}
