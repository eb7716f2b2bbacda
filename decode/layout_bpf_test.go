package decode

import "testing"

func TestBpfLayoutsAgainstC(t *testing.T) {
	compareWithC(t, 11, bpfStructs, nil, nil)
}

// What C calls the structs.
var bpfStructs = []cStruct{
	{"linux/bpf.h", "struct bpf_insn", bpfInstruction},
	{"linux/bpf.h", "struct bpf_map_info", bpfMapInfo},
	{"linux/bpf.h", "struct bpf_prog_info", bpfProgInfo},
}
