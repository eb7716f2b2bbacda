package integration

import (
	"regexp"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// onCPU are the members of a struct rseq that depend on the processor.
var onCPU = regexp.MustCompile(`((?:\b(?:cpu_id|cpu_id_start|mm_cid|node_id)=)|"(?:cpu_id|cpu_id_start|mm_cid|node_id)":\{"value":)\d+`)

// An rseq that does not stop has the same line as one that does, whatever its area is. Those
// with a critical section stop.
func TestBufferedRseq(t *testing.T) {
	need.All(t, need.GCC64)
	p := bufferedProgram{name: "sh", script: "GLIBC_TUNABLES=glibc.pthread.rseq=0 " + path(t, programs.Rseq) + " 60"}
	calls := regexp.MustCompile(`^rseq\(|"name":"rseq"`)
	for _, flags := range []string{"", "-v", "--json", "-e raw=rseq"} {
		t.Run(flags, func(t *testing.T) {
			sameBothWays(t, p, append(strings.Fields(flags), "-f", "-d"), "stops from now on", 60*16, func(log string) []string {
				lines := comparable(onCPU.ReplaceAllString(log, "${1}CPU"), calls)
				if n := strings.Count(strings.Join(lines, "\n"), "rseq"); n < 60*24 {
					t.Errorf("%d lines of rseq", n)
				}
				return lines
			})
		})
	}
}
