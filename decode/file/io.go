package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Reading, writing and moving data between descriptors: fs/read_write.c,
// fs/splice.c, fs/sync.c, mm/fadvise.c, mm/filemap.c.

var (
	readIov    = &Out{To: &Iovecs{Count: Ref("iovcnt"), Limit: Result}, Always: true}
	writeIov   = &Ptr{To: &Iovecs{Count: Ref("iovcnt")}}
	rwFlags    = &Flags{Set: &tables.RwFlags}
	splice     = &Flags{Set: &tables.SpliceFlags}
	seekWhence = &Enum{Set: &tables.Whence}
	fadvice    = &Enum{Set: &tables.Fadvise}
	allocMode  = &Flags{Set: &tables.FallocateMode}
	syncRange  = &Flags{Set: &tables.SyncFileRange}
)

var cachestatRange = &Struct{C: "cachestat_range", Fields: Fields{{"off", X64}, {"len", U64}}}

var cachestat = &Struct{C: "cachestat", Fields: Fields{
	{"nr_cache", U64},
	{"nr_dirty", U64},
	{"nr_writeback", U64},
	{"nr_evicted", U64},
	{"nr_recently_evicted", U64},
}}

// truncatedPath is the name of a file whose content is cut off.
var truncatedPath = &UsedPath{For: func(*Call) Naming { return NamesWritten }}

var ioCalls = Calls{
	{"read", Args{{"fd", SourceFD}, {"buf", &Out{To: &Bytes{Len: Result}}}, {"count", Size}}, RetUnsigned},
	{"write", Args{{"fd", SinkFD}, {"buf", &Ptr{To: &Bytes{Len: Ref("count")}}}, {"count", Size}}, RetUnsigned},
	{"pread64", Args{{"fd", SourceFD}, {"buf", &Out{To: &Bytes{Len: Result}}}, {"count", Size}, {"offset", Loff}}, RetUnsigned},
	{"pwrite64", Args{{"fd", SinkFD}, {"buf", &Ptr{To: &Bytes{Len: Ref("count")}}}, {"count", Size}, {"offset", Loff}}, RetUnsigned},
	{"readv", Args{{"fd", SourceFD}, {"iov", readIov}, {"iovcnt", Size}}, RetUnsigned},
	{"writev", Args{{"fd", SinkFD}, {"iov", writeIov}, {"iovcnt", Size}}, RetUnsigned},
	{"preadv", Args{{"fd", SourceFD}, {"iov", readIov}, {"iovcnt", Size}, {"offset", Loff}}, RetUnsigned},
	{"pwritev", Args{{"fd", SinkFD}, {"iov", writeIov}, {"iovcnt", Size}, {"offset", Loff}}, RetUnsigned},
	{"lseek", Args{{"fd", FD}, {"offset", Long}, {"whence", seekWhence}}, RetUnsigned},
	{"truncate", Args{{"path", truncatedPath}, {"length", Ulong}}, RetUnsigned},
	{"ftruncate", Args{{"fd", SinkFD}, {"length", Ulong}}, RetUnsigned},
	{"fallocate", Args{{"fd", SinkFD}, {"mode", allocMode}, {"offset", Loff}, {"len", Loff}}, RetUnsigned},
	{"fadvise64", Args{{"fd", FD}, {"offset", Loff}, {"len", Size}, {"advice", fadvice}}, RetUnsigned},
	{"readahead", Args{{"fd", FD}, {"offset", Loff}, {"count", Size}}, RetUnsigned},
	{"sync_file_range", Args{{"fd", FD}, {"offset", Loff}, {"nbytes", Loff}, {"flags", syncRange}}, RetUnsigned},
	{"sync", nil, RetUnsigned},
	{"fsync fdatasync syncfs", Args{{"fd", FD}}, RetUnsigned},
	{"splice", Args{{"fd_in", SourceFD}, {"off_in", &Ptr{To: S64}}, {"fd_out", SinkFD}, {"off_out", &Ptr{To: S64}}, {"len", Size}, {"flags", splice}}, RetUnsigned},
	{"tee", Args{{"fd_in", SourceFD}, {"fd_out", SinkFD}, {"len", Size}, {"flags", splice}}, RetUnsigned},
	{"vmsplice", Args{{"fd", FD}, {"iov", &Ptr{To: &Iovecs{Count: Ref("nr_segs")}}}, {"nr_segs", Size}, {"flags", splice}}, RetUnsigned},
	{"copy_file_range", Args{{"fd_in", SourceFD}, {"off_in", &Ptr{To: S64}}, {"fd_out", SinkFD}, {"off_out", &Ptr{To: S64}}, {"len", Size}, {"flags", Uint}}, RetUnsigned},
	{"sendfile", Args{{"out_fd", SinkFD}, {"in_fd", SourceFD}, {"offset", &InOut{To: Ulong, Early: true}}, {"count", Size}}, RetUnsigned},
	{"cachestat", Args{{"fd", FD}, {"cstat_range", &Ptr{To: cachestatRange}}, {"cstat", &Out{To: cachestat}}, {"flags", X32}}, RetUnsigned},
}

// The 64-bit preadv2 takes the high half of the offset in a register of its own,
// and ignores it.
var ioCalls64 = Calls{
	{"preadv2", Args{{"fd", SourceFD}, {"iov", readIov}, {"iovcnt", Size}, {"offset", Loff}, {"_", Ulong}, {"flags", rwFlags}}, RetUnsigned},
	{"pwritev2", Args{{"fd", SinkFD}, {"iov", writeIov}, {"iovcnt", Size}, {"offset", Loff}, {"_", Ulong}, {"flags", rwFlags}}, RetUnsigned},
}

var ioCallsI386 = Calls{
	{"preadv2", Args{{"fd", SourceFD}, {"iov", readIov}, {"iovcnt", Size}, {"offset", Loff}, {"flags", rwFlags}}, RetUnsigned},
	{"pwritev2", Args{{"fd", SinkFD}, {"iov", writeIov}, {"iovcnt", Size}, {"offset", Loff}, {"flags", rwFlags}}, RetUnsigned},
	{"_llseek", Args{{"fd", FD}, {"offset", highLow}, {"result", &Out{To: U64}}, {"whence", seekWhence}}, RetUnsigned},
	{"truncate64", Args{{"path", truncatedPath}, {"length", U64}}, RetUnsigned},
	{"ftruncate64", Args{{"fd", SinkFD}, {"length", U64}}, RetUnsigned},
	{"fadvise64_64", Args{{"fd", FD}, {"offset", Loff}, {"len", Loff}, {"advice", fadvice}}, RetUnsigned},
	{"sendfile64", Args{{"out_fd", SinkFD}, {"in_fd", SourceFD}, {"offset", &InOut{To: U64, Early: true}}, {"count", Size}}, RetUnsigned},
}

// highLow is the offset of _llseek. It is the only offset whose high half comes
// first.
var highLow = &Shown{As: U64, By: func(c *Call, v View) {
	u := v.Uint(8)
	c.Out.Number(u<<32|u>>32, output.Signed)
}}
