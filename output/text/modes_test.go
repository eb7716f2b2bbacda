package text

import (
	"testing"

	"trapline/tables"
)

func TestEveryABIHasAMode(t *testing.T) {
	for _, abi := range tables.ABIs {
		if modes[abi] == "" {
			t.Errorf("modes lacks %v", abi)
		}
	}
}
