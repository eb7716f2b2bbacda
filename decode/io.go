package decode

// Reading and writing through descriptors: fs/read_write.c.

var ioCalls = Calls{
	{"read", Args{{"fd", FD}, {"buf", Out(Buf(Result))}, {"count", Size}}, RetUnsigned},
	{"write", Args{{"fd", FD}, {"buf", Ptr(Buf(Len("count")))}, {"count", Size}}, RetUnsigned},
	{"pread64", Args{{"fd", FD}, {"buf", Out(Buf(Result))}, {"count", Size}, {"pos", Loff}}, RetUnsigned},
	{"pwrite64", Args{{"fd", FD}, {"buf", Ptr(Buf(Len("count")))}, {"count", Size}, {"pos", Loff}}, RetUnsigned},
	{"close", Args{{"fd", FD}}, RetUnsigned},
}
