package ipc

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestIpcLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 10, ipcStructs, nil, nil)
}

// ipcStructs maps the structs to their names in C.
var ipcStructs = []clayout.CStruct{
	{"asm-generic/ipcbuf.h", "struct ipc64_perm", ipcPermission},
	{"linux/futex.h", "struct futex_waitv", futexWaitv},
	{"linux/mqueue.h", "struct mq_attr", mqAttr},
	{"linux/msg.h", "struct msginfo", msgInfo},
	{"linux/rseq.h", "struct rseq", rseqArea},
	{"linux/rseq.h", "struct rseq_cs", rseqSection},
	{"linux/sem.h", "struct sembuf", semOperation},
	{"linux/sem.h", "struct seminfo", semInfo},
}
