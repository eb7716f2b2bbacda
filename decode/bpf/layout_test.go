package bpf

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestBpfLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 11, bpfStructs, nil, nil)
}

// What C calls the structs.
var bpfStructs = []clayout.CStruct{
	{"linux/bpf.h", "struct bpf_insn", bpfInstruction},
	{"linux/bpf.h", "struct bpf_map_info", bpfMapInfo},
	{"linux/bpf.h", "struct bpf_prog_info", bpfProgInfo},
}
