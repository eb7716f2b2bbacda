package main

import (
	"strings"
	"testing"

	"trapline/tables"
)

// Each ABI has constants and a table of calls.
func TestEveryABI(t *testing.T) {
	files, err := generate("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, abi := range tables.ABIs {
		id := strings.ToUpper(abi.String())
		if _, ok := columnOf[id]; !ok {
			t.Errorf("columnOf lacks %s", id)
		}
		if name := "zsyscall_" + abi.String() + ".go"; files[name] == nil {
			t.Errorf("there is no %s", name)
		}
	}
}
