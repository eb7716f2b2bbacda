package bpf

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestBpfLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 11, structs, nil, nil)
}

// structs maps the structs to their names in C.
var structs = []clayout.CStruct{
	{"linux/bpf.h", "struct bpf_insn", instruction},
	{"linux/bpf.h", "struct bpf_map_info", mapInfo},
	{"linux/bpf.h", "struct bpf_prog_info", progInfo},
}
