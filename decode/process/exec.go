package process

import (
	"strconv"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Running programs: fs/exec.c.

var execCalls = Calls{
	{"execve", Args{{"pathname", RunPath}, {"argv", argvStrings}, {"envp", envpStrings}}, RetUnsigned},
	{"execveat", Args{{"dirfd", DirFD}, {"pathname", executedPath}, {"argv", argvStrings}, {"envp", envpStrings}, {"flags", &Flags{Set: &tables.ExecveatFlags}}}, RetUnsigned},
}

var executedPath = &UsedPath{
	Link: &Has{N: Ref("flags"), Values: Nums{tables.AT_SYMLINK_NOFOLLOW}},
	For:  func(*Call) Naming { return NamesRun },
}

var (
	// argvStrings points to an array of strings that is terminated by a null pointer.
	argvStrings = &Ptr{To: AtAddr(showStrings), C: "const char **"}
	// envpStrings is argvStrings abbreviated to the number of strings, except with
	// -v.
	envpStrings = &envp{Layouts(Ulong)}
)

// showStrings shows the strings of an argument vector. If it is abbreviated, at
// most -s of them are shown.
func showStrings(c *Call, addr uint64) {
	word := c.WordSize()
	mark := c.Mark()
	for n := 0; ; n++ {
		c.Release(mark)
		at := addr + uint64(n*word)
		s, ok := c.ReadUint(at, word)
		if !ok {
			if n == 0 {
				c.Out.Addr(addr)
				return
			}
			c.Out.More()
			c.Out.Comment(output.Note, HexString(at))
			break
		}
		if n == 0 {
			c.Out.BeginArray()
		}
		if s == 0 {
			c.EndRead(at + uint64(word))
			break
		}
		if c.Abbrev && n >= c.StringLimit || n == maxStrings {
			c.Out.More()
			break
		}
		c.Out.Elem()
		c.ShowAt(s, Str)
	}
	c.Out.EndArray()
}

type envp struct{ Layouts }

// CType is the type in C, for lists of calls.
func (*envp) CType() string { return "const char **" }

func (t *envp) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if !c.Abbrev {
		argvStrings.Show(c, v)
		return
	}
	c.Out.Addr(addr)
	if addr == 0 || c.Plain {
		return
	}
	n, terminated := countStrings(c, addr)
	if n == 0 && !terminated {
		return
	}
	b := strconv.AppendInt(c.Alloc(64)[:0], int64(n), 10)
	b = append(b, " var"...)
	if n != 1 {
		b = append(b, 's')
	}
	if !terminated {
		b = append(b, ", unterminated"...)
	}
	c.Out.Comment(output.Note, output.AsString(b))
}

// maxStrings limits how many strings are read. The kernel accepts fewer: with
// their contents they must fit into 6 MiB (execve(2)).
const maxStrings = 1 << 20

// countStrings counts the pointers at addr, up to a null pointer or the end of
// readable memory.
func countStrings(c *Call, addr uint64) (n int, terminated bool) {
	const chunk = 1024
	word := c.WordSize()
	mark := c.Mark()
	for n < maxStrings {
		c.Release(mark)
		at := addr + uint64(n*word)
		size := chunk
		if room := int(PageRoom(at)); room < chunk {
			size = max(word, room/word*word)
		}
		b := c.Read(at, size)
		cut := len(b) < size
		for whole := len(b) / word; whole > 0; whole-- {
			if (View{B: b}).Uint(word) == 0 {
				return n, true
			}
			b = b[word:]
			n++
		}
		if cut {
			break
		}
	}
	return n, false
}
