package memory

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestMemoryLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 5, memoryStructs, nil, nil)
}

// memoryStructs maps the structs to their names in C.
var memoryStructs = []clayout.CStruct{
	{"linux/userfaultfd.h", "struct uffdio_api", uffdioAPI},
	{"linux/userfaultfd.h", "struct uffdio_continue", uffdioContinue},
	{"linux/userfaultfd.h", "struct uffdio_copy", uffdioCopy},
	{"linux/userfaultfd.h", "struct uffdio_poison", uffdioPoison},
	{"linux/userfaultfd.h", "struct uffdio_range", uffdioRange},
	{"linux/userfaultfd.h", "struct uffdio_register", uffdioRegister},
	{"linux/userfaultfd.h", "struct uffdio_zeropage", uffdioZeropage},
}
