//go:build linux && amd64

package buffered

import (
	"os"
	"testing"

	"trapline/integration/surroundings"
)

func TestMain(m *testing.M) {
	surroundings.Settle()
	os.Exit(m.Run())
}
