package json

import (
	"trapline/output"
	"trapline/tables"
)

// Summary implements output.Writer: an object for each call.
func (j *writer) Summary(s *output.Summary) {
	for _, abi := range tables.ABIs {
		for _, c := range s.Calls(abi) {
			j.record("summary")
			j.member("abi")
			j.string(abi.String())
			j.member("name")
			j.string(c.Name)
			j.member("calls")
			j.number(c.Calls, output.Unsigned)
			j.member("errors")
			j.number(c.Errors, output.Unsigned)
			j.times("cpu_ns", &c.CPU)
			j.times("wall_ns", &c.Wall)
			j.end(nil)
		}
	}
}

// times writes a member with times in nanoseconds.
func (j *writer) times(key string, t *output.Times) {
	j.member(key)
	j.buf = append(j.buf, '{')
	j.member("total")
	j.number(uint64(t.Total), output.Unsigned)
	j.member("shortest")
	j.number(uint64(t.Shortest), output.Unsigned)
	j.member("longest")
	j.number(uint64(t.Longest), output.Unsigned)
	j.buf = append(j.buf, '}')
}
