package uring

import (
	"testing"

	"trapline/decode/internal/clayout"
)

func TestUringLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 9, uringStructs, nil, nil)
}

// uringStructs maps the structs to their names in C.
var uringStructs = []clayout.CStruct{
	{"linux/io_uring.h", "struct io_uring_attr_pi", ioUringAttrPI},
	{"linux/io_uring.h", "struct io_uring_buf_reg", ioUringBufReg},
	{"linux/io_uring.h", "struct io_uring_buf_status", ioUringBufStatus},
	{"linux/io_uring.h", "struct io_uring_clock_register", ioUringClockRegister},
	{"linux/io_uring.h", "struct io_uring_clone_buffers", ioUringCloneBuffers},
	{"linux/io_uring.h", "struct io_uring_file_index_range", ioUringFileIndexRange},
	{"linux/io_uring.h", "struct io_uring_files_update", ioUringFilesUpdate},
	{"linux/io_uring.h", "struct io_uring_getevents_arg", ioUringGeteventsArg},
	{"linux/io_uring.h", "struct io_uring_mem_region_reg", ioUringMemRegionReg},
	{"linux/io_uring.h", "struct io_uring_napi", ioUringNapi},
	{"linux/io_uring.h", "struct io_uring_params", ioUringParams},
	{"linux/io_uring.h", "struct io_uring_probe_op", ioUringProbeOp},
	{"linux/io_uring.h", "struct io_uring_restriction", ioUringRestriction},
	{"linux/io_uring.h", "struct io_uring_rsrc_update", uringRingFD},
	{"linux/io_uring.h", "struct io_uring_sqe", ioUringSqe},
	{"linux/io_uring.h", "struct io_uring_sync_cancel_reg", ioUringSyncCancelReg},
	{"linux/io_uring/query.h", "struct io_uring_query_hdr", ioUringQueryHdr},
	{"linux/io_uring/zcrx.h", "struct io_uring_zcrx_ifq_reg", ioUringZcrxIfqReg},
	{"linux/io_uring/zcrx.h", "struct zcrx_ctrl", zcrxCtrl},
}
