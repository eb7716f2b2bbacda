//go:build linux && amd64

package report

import "trapline/trace"

// leastEphemeral is the first port that Linux assigns to a socket that does not ask for a
// certain port (ip_local_port_range in ip(7)).
const leastEphemeral = 32768

// ports notes the ports that the kernel has chosen. Programs pass them in command lines
// and in data, where all of them count as equal, like ids. A port that was passed to bind
// was chosen by the program.
func (s *side) ports(c *trace.Call) {
	switch c.Name {
	case "bind", "getsockname", "accept", "accept4":
	default:
		return
	}
	address := c.Arg("addr")
	for i := range address.Elems {
		v := &address.Elems[i]
		if v.Name != "sin_port" && v.Name != "sin6_port" || v.Num < leastEphemeral {
			continue
		}
		if c.Name == "bind" {
			s.bound[v.Num] = true
		} else if !s.bound[v.Num] {
			s.ids[v.Num] = true
		}
	}
}
