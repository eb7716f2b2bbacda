package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Extended attributes (fs/xattr.c), and the attributes of file_getattr(2) and
// file_setattr(2) (fs/file_attr.c).

// xattrSizeMax is the largest value of an attribute in bytes (XATTR_SIZE_MAX of
// linux/limits.h).
const xattrSizeMax = 65536

// xattrValue is the value of an attribute, size bytes long. Many values are
// strings.
func xattrValue(size Num) Type { return &xattr{size: size} }

type xattr struct {
	Unsized
	size Num
}

func (t *xattr) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// Keep implements keeper of package lang.
func (t *xattr) Keep(k *Keeps) { k.Elements(t.size, 1, uint64(k.Decoder.StringLimit)+1) }

func (t *xattr) ShownPlain(*Call) bool { return true }

func (t *xattr) ShowAt(c *Call, addr uint64) {
	size := t.size.Num(c)
	if size > xattrSizeMax {
		c.Out.Addr(addr)
		return
	}
	c.ShowBuffer(addr, size, OrString)
}

var (
	xattrFlags = &Flags{Set: &tables.XattrFlags}
	xattrAt    = &Flags{Set: &tables.XattratFlags}

	setValue = &Ptr{To: xattrValue(Ref("size"))}
	gotValue = &Out{To: xattrValue(Result), IfAny: Ref("size")} // with a size of 0 the caller only asks for the value's size
	gotList  = &Out{To: &Bytes{Len: Result}, IfAny: Ref("size")}
)

// xattrSetArgs and xattrGetArgs are struct xattr_args of setxattrat and
// getxattrat.
var (
	xattrSetArgs = &Struct{C: "xattr_args", Fields: Fields{{"value", &Ptr{To: xattrValue(Ref("size")), Wide: true}}, {"size", U32}, {"flags", xattrFlags}}}
	xattrGetArgs = &Struct{C: "xattr_args", Fields: Fields{{"value", &Out{To: xattrValue(Result), IfAny: Ref("size"), Wide: true}}, {"size", U32}, {"flags", xattrFlags}}}
)

// xattrArgsLeast is the size of the first version of struct xattr_args.
const xattrArgsLeast = 16

// fileAttr is struct file_attr. The number of extents is read-only.
var (
	fileAttr = &Struct{C: "file_attr", Fields: Fields{
		{"fa_xflags", &Flags{In: X64, Set: &tables.FsXflags}},
		{"fa_extsize", U32},
		{"fa_nextents", U32},
		{"fa_projid", X32},
		{"fa_cowextsize", U32},
	}}
	fileAttrSet = &Struct{Of: fileAttr, Pick: Names{"fa_xflags", "fa_extsize", "fa_projid", "fa_cowextsize"}}
)

// fileAttrLeast is the size of the first version of struct file_attr.
const fileAttrLeast = 24

// fileAttrSize returns the size of a struct file_attr. The kernel refuses one
// larger than a page.
func fileAttrSize(c *Call) uint64 {
	if size := Ref("size").Num(c); size <= PageSize {
		return size
	}
	return 0
}

var xattrCalls = Calls{
	{"setxattr", Args{{"pathname", ChangedPath}, {"name", String}, {"value", setValue}, {"size", Size}, {"flags", xattrFlags}}, RetUnsigned},
	{"lsetxattr", Args{{"pathname", changedLinkPath}, {"name", String}, {"value", setValue}, {"size", Size}, {"flags", xattrFlags}}, RetUnsigned},
	{"fsetxattr", Args{{"fd", ChangedFD}, {"name", String}, {"value", setValue}, {"size", Size}, {"flags", xattrFlags}}, RetUnsigned},
	{"getxattr", Args{{"pathname", Path}, {"name", String}, {"value", gotValue}, {"size", Size}}, RetUnsigned},
	{"lgetxattr", Args{{"pathname", LinkPath}, {"name", String}, {"value", gotValue}, {"size", Size}}, RetUnsigned},
	{"fgetxattr", Args{{"fd", FD}, {"name", String}, {"value", gotValue}, {"size", Size}}, RetUnsigned},
	{"listxattr", Args{{"pathname", Path}, {"list", gotList}, {"size", Size}}, RetUnsigned},
	{"llistxattr", Args{{"pathname", LinkPath}, {"list", gotList}, {"size", Size}}, RetUnsigned},
	{"flistxattr", Args{{"fd", FD}, {"list", gotList}, {"size", Size}}, RetUnsigned},
	{"removexattr", Args{{"pathname", ChangedPath}, {"name", String}}, RetUnsigned},
	{"lremovexattr", Args{{"pathname", changedLinkPath}, {"name", String}}, RetUnsigned},
	{"fremovexattr", Args{{"fd", ChangedFD}, {"name", String}}, RetUnsigned},

	{"setxattrat", Args{{"dirfd", DirFD}, {"pathname", atChangedPath}, {"flags", xattrAt}, {"name", String},
		{"args", &Ptr{To: &Extensible{Of: xattrSetArgs, Size: Ref("size"), Least: xattrArgsLeast}}}, {"size", Size}}, RetUnsigned},
	{"getxattrat", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"flags", xattrAt}, {"name", String},
		{"args", &Out{To: &Extensible{Of: xattrGetArgs, Size: Ref("size"), Least: xattrArgsLeast}, Always: true}}, {"size", Size}}, RetUnsigned},
	{"listxattrat", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"flags", xattrAt}, {"list", gotList}, {"size", Size}}, RetUnsigned},
	{"removexattrat", Args{{"dirfd", DirFD}, {"pathname", atChangedPath}, {"flags", xattrAt}, {"name", String}}, RetUnsigned},

	{"file_getattr", Args{{"dirfd", DirFD}, {"pathname", atPath}, {"attr", &Out{To: &Extensible{Of: fileAttr, Size: Func(fileAttrSize), Least: fileAttrLeast}}},
		{"size", Size}, {"flags", &Flags{Set: &tables.FileAttrFlags}}}, RetUnsigned},
	{"file_setattr", Args{{"dirfd", DirFD}, {"pathname", atChangedPath}, {"attr", &Ptr{To: &Extensible{Of: fileAttrSet, Size: Func(fileAttrSize), Least: fileAttrLeast}}},
		{"size", Size}, {"flags", &Flags{Set: &tables.FileAttrFlags}}}, RetUnsigned},
}
