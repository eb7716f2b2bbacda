package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Disk quotas: fs/quota.

// quotaOp returns the operation in quotactl's argument op. The lowest byte is the
// type of quota.
func quotaOp(c *Call) uint64 { return Ref("op").Num(c) >> 8 }

// quotaCommand is an operation combined with a type of quota: QCMD(Q_SYNC,
// USRQUOTA).
var quotaCommand = &Macro{In: U32, Name: "QCMD", Parts: []Part{
	{Mask: 0xffffff00, Set: &tables.QuotaCmd}, {Mask: 0xff, Set: &tables.QuotaType},
}}

// struct if_dqblk without the padding that 64-bit programs have at its end, and
// struct if_nextdqblk
var (
	dqblk = &Struct{C: "if_dqblk", Packed: true, Fields: Fields{
		{"dqb_bhardlimit", U64},
		{"dqb_bsoftlimit", U64},
		{"dqb_curspace", U64},
		{"dqb_ihardlimit", U64},
		{"dqb_isoftlimit", U64},
		{"dqb_curinodes", U64},
		{"dqb_btime", Verbose{U64}},
		{"dqb_itime", Verbose{U64}},
		{"dqb_valid", Verbose{&Flags{Set: &tables.QuotaValid}}},
	}}
	nextDqblk = &Struct{C: "if_nextdqblk", Fields: Fields{
		{"dqb_bhardlimit", U64},
		{"dqb_bsoftlimit", U64},
		{"dqb_curspace", U64},
		{"dqb_ihardlimit", U64},
		{"dqb_isoftlimit", U64},
		{"dqb_curinodes", U64},
		{"dqb_btime", Verbose{U64}},
		{"dqb_itime", Verbose{U64}},
		{"dqb_valid", Verbose{&Flags{Set: &tables.QuotaValid}}},
		{"dqb_id", U32},
	}}

	dqinfo = &Struct{C: "if_dqinfo", Fields: Fields{
		{"dqi_bgrace", U64},
		{"dqi_igrace", U64},
		{"dqi_flags", &Flags{Set: &tables.QuotaInfoFlags}},
		{"dqi_valid", &Flags{Set: &tables.QuotaInfoValid}},
	}}
)

// Structs of XFS (linux/dqblk_xfs.h).
var (
	xfsQuota = &Struct{C: "fs_disk_quota", Fields: Fields{
		{"d_version", S8},
		{"d_flags", &Flags{In: X8, Set: &tables.XfsDqblkFlags}},
		{"d_fieldmask", X16},
		{"d_id", U32},
		{"d_blk_hardlimit", U64},
		{"d_blk_softlimit", U64},
		{"d_ino_hardlimit", U64},
		{"d_ino_softlimit", U64},
		{"d_bcount", U64},
		{"d_icount", U64},
		{"d_itimer", Verbose{S32}},
		{"d_btimer", Verbose{S32}},
		{"d_iwarns", Verbose{U16}},
		{"d_bwarns", Verbose{U16}},
		{"_", Pad(4)}, // high bits of the timers
		{"d_rtb_hardlimit", Verbose{U64}},
		{"d_rtb_softlimit", Verbose{U64}},
		{"d_rtbcount", Verbose{U64}},
		{"d_rtbtimer", Verbose{S32}},
		{"d_rtbwarns", Verbose{U16}},
		{"_", Pad(2 + 8)},
	}}

	xfsFileStat  = &Struct{C: "fs_qfilestat", Fields: Fields{{"qfs_ino", U64}, {"qfs_nblks", U64}, {"qfs_nextents", U32}}}
	xfsFileStatV = &Struct{C: "fs_qfilestatv", Fields: Fields{{"qfs_ino", U64}, {"qfs_nblks", U64}, {"qfs_nextents", U32}, {"_", Pad(4)}}}

	xfsQuotaStat = &Struct{C: "fs_quota_stat", Fields: Fields{
		{"qs_version", S8},
		{"qs_flags", Verbose{&Flags{In: X16, Set: &tables.XfsQuotaFlags}}},
		{"_", Pad(1)},
		{"qs_uquota", Verbose{xfsFileStat}},
		{"qs_gquota", Verbose{xfsFileStat}},
		{"qs_incoredqs", Verbose{U32}},
		{"qs_btimelimit", Verbose{S32}},
		{"qs_itimelimit", Verbose{S32}},
		{"qs_rtbtimelimit", Verbose{S32}},
		{"qs_bwarnlimit", Verbose{U16}},
		{"qs_iwarnlimit", Verbose{U16}},
	}}

	xfsQuotaStatV = &Struct{C: "fs_quota_statv", Fields: Fields{
		{"qs_version", S8},
		{"_", Pad(1)},
		{"qs_flags", Verbose{&Flags{In: X16, Set: &tables.XfsQuotaFlags}}},
		{"qs_incoredqs", Verbose{U32}},
		{"qs_uquota", Verbose{xfsFileStatV}},
		{"qs_gquota", Verbose{xfsFileStatV}},
		{"qs_pquota", Verbose{xfsFileStatV}},
		{"qs_btimelimit", Verbose{S32}},
		{"qs_itimelimit", Verbose{S32}},
		{"qs_rtbtimelimit", Verbose{S32}},
		{"qs_bwarnlimit", Verbose{U16}},
		{"qs_iwarnlimit", Verbose{U16}},
		{"_", Pad(8 * 8)},
	}}
)

var quotaFormat = &Enum{Set: &tables.QuotaFormat}

// quotaOps are the arguments that follow the operation and the file system.
var quotaOps = Calls{
	{"Q_QUOTAOFF Q_SYNC Q_XQUOTASYNC", nil, nil},
	{"Q_QUOTAON", Args{{"id", quotaFormat}, {"addr", Path}}, nil},
	{"Q_GETQUOTA", Args{{"id", ID}, {"addr", &Out{To: dqblk}}}, nil},
	{"Q_SETQUOTA", Args{{"id", ID}, {"addr", &Ptr{To: dqblk}}}, nil},
	{"Q_GETNEXTQUOTA", Args{{"id", ID}, {"addr", &Out{To: nextDqblk}}}, nil},
	{"Q_XGETQUOTA Q_XGETNEXTQUOTA", Args{{"id", ID}, {"addr", &Out{To: xfsQuota}}}, nil},
	{"Q_XSETQLIM", Args{{"id", ID}, {"addr", &Ptr{To: xfsQuota}}}, nil},
	{"Q_GETFMT", Args{{"_", Int}, {"addr", &Out{To: quotaFormat}}}, nil},
	{"Q_GETINFO", Args{{"_", Int}, {"addr", &Out{To: dqinfo}}}, nil},
	{"Q_SETINFO", Args{{"_", Int}, {"addr", &Ptr{To: dqinfo}}}, nil},
	{"Q_XGETQSTAT", Args{{"_", Int}, {"addr", &Out{To: xfsQuotaStat}}}, nil},
	{"Q_XGETQSTATV", Args{{"_", Int}, {"addr", &Out{To: xfsQuotaStatV}}}, nil},
	{"Q_XQUOTAON Q_XQUOTAOFF", Args{{"_", Int}, {"addr", &Ptr{To: &Flags{Set: &tables.XfsQuotaFlags}}}}, nil},
	{"Q_XQUOTARM", Args{{"_", Int}, {"addr", &Ptr{To: &Flags{Set: &tables.XfsDqblkFlags}}}}, nil},
	{"", Args{{"id", ID}, {"addr", Addr}}, nil},
}

var quotaCalls = Calls{
	{"quotactl", Args{{"op", quotaCommand}, {"special", Path}, {"", &Rest{On: Func(quotaOp), Set: &tables.QuotaCmd, Calls: quotaOps}}}, RetUnsigned},
	{"quotactl_fd", Args{{"fd", FD}, {"op", quotaCommand}, {"", &Rest{On: Func(quotaOp), Set: &tables.QuotaCmd, Calls: quotaOps}}}, RetUnsigned},
}
