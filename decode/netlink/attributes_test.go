package netlink

import (
	"strings"
	"testing"
)

// Every attribute that a table describes must have a name in its set.
func TestAttributeNames(t *testing.T) {
	for _, table := range attributeTables {
		for _, e := range table.entries {
			for name := range strings.FieldsSeq(e.Names) {
				found := false
				for _, k := range table.set.Consts {
					found = found || k.Name == table.prefix+name
				}
				if !found {
					t.Errorf("%s%s is not in the set of %s", table.prefix, name, table.set.Unknown)
				}
			}
		}
	}
}
