package json

import (
	"bytes"
	"time"

	"trapline/output"
)

// head implements output.Format.Head: the first record of a file.
func head(o *output.Options, r *output.Run) []byte {
	j := &writer{opt: o}
	j.record("trace")
	at, c := r.Began, r.Clocks
	if at.IsZero() {
		at, c = time.Now(), output.ReadClocks()
	}
	j.time(at)
	j.nameOf("version", r.Version)
	j.integer("tracer", int64(r.PID))
	if len(r.Command) > 0 {
		j.arguments("command", terminated(r.Command))
	}
	j.arguments("options", terminated(r.Options))
	j.member("kernel")
	j.buf = append(j.buf, '{')
	j.nameOf("name", r.Kernel)
	j.nameOf("release", r.Release)
	j.nameOf("version", r.Build)
	j.nameOf("machine", r.Machine)
	j.buf = append(j.buf, '}')
	j.nameOf("host", r.Host)
	j.member("clocks")
	j.buf = append(j.buf, '{')
	j.member("time")
	if o.Monotonic {
		j.string("monotonic")
	} else {
		j.string("realtime")
	}
	j.integer("realtime_ns", c.Realtime)
	j.integer("monotonic_ns", c.Monotonic)
	j.integer("boottime_ns", c.Boottime)
	j.buf = append(j.buf, '}')
	j.end(nil)
	return j.buf
}

// message implements output.Format.Message.
func message(o *output.Options, at time.Time, text string) []byte {
	j := &writer{opt: o}
	j.record("message")
	j.time(at)
	j.nameOf("text", text)
	j.end(nil)
	return j.buf
}

// process writes the members of a start or exec.
func (j *writer) process(p *output.Process) {
	if p.How != "" {
		j.member("how")
		j.string(p.How)
	}
	if p.Parent != 0 {
		j.integer("parent", int64(p.Parent))
	}
	if p.Exe != nil {
		j.nameOf("exe", string(p.Exe))
	}
	if p.Args != nil {
		j.arguments("argv", p.Args)
	}
	if p.Dir != nil {
		j.nameOf("cwd", string(p.Dir))
	}
	if p.UID >= 0 {
		j.integer("uid", int64(p.UID))
	}
}

// arguments writes a member that is a list of arguments, each of which ends
// with a NUL. If one is not UTF-8, all of them follow in hexadecimal.
func (j *writer) arguments(key string, args []byte) {
	exact := true
	j.member(key)
	j.list(args, func(arg []byte) { exact = j.bytes(arg) && exact })
	if !exact {
		j.member(key + "_hex")
		j.list(args, j.hexString)
	}
}

// terminated joins arguments, each with a NUL after it.
func terminated(args []string) (b []byte) {
	for _, arg := range args {
		b = append(append(b, arg...), 0)
	}
	return b
}

// list writes a list of strings, each of which ends with a NUL.
func (j *writer) list(items []byte, write func([]byte)) {
	j.buf = append(j.buf, '[')
	for n := 0; len(items) > 0; n++ {
		if n > 0 {
			j.buf = append(j.buf, ',')
		}
		var item []byte
		item, items, _ = bytes.Cut(items, []byte{0})
		write(item)
	}
	j.buf = append(j.buf, ']')
}

// usage writes the member "rusage".
func (j *writer) usage(u *output.Usage) {
	j.member("rusage")
	j.buf = append(j.buf, '{')
	j.integer("user_ns", int64(u.User))
	j.integer("system_ns", int64(u.System))
	j.integer("maxrss_kib", u.MaxRSS)
	j.integer("minor_faults", u.MinorFaults)
	j.integer("major_faults", u.MajorFaults)
	j.integer("blocks_in", u.BlocksIn)
	j.integer("blocks_out", u.BlocksOut)
	j.integer("voluntary_switches", u.Voluntary)
	j.integer("involuntary_switches", u.Involuntary)
	j.buf = append(j.buf, '}')
}
