package host

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// parseGraph parses text of function_graph as it is read from trace_pipe, in reads of a
// given size.
func parseGraph(tid int, text string, size int) (list []string, lost int) {
	p := graphParser{pids: make(map[string]int)}
	functions, lost := parseGraphBy(&p, tid, text, size)
	for _, f := range functions {
		line := strings.Repeat("  ", f.Depth) + f.Name
		if f.Module != "" {
			line += " [" + f.Module + "]"
		}
		if f.Duration >= 0 {
			line += fmt.Sprintf(" %d", f.Duration)
		}
		list = append(list, line)
	}
	return list, lost
}

func parseGraphBy(p *graphParser, tid int, text string, size int) ([]KernelFunction, int) {
	p.begin(tid)
	buf := make([]byte, 256)
	rest := 0
	for text != "" {
		n := copy(buf[rest:], text[:min(size, len(text))])
		text = text[n:]
		rest = p.parse(buf, rest+n)
	}
	return p.end()
}

func TestFunctionGraph(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string
		lost int
	}{
		"calls": {` 1)               |  x64_sys_call() {
 1)               |    __x64_sys_utime() {
 1) + 12.520 us   |      do_utimes();
 1)   1.202 us    |      kfree();
 1) ! 403.417 us  |    }
 1) # 1403.417 us |  }
 1)               |  syscall_exit_work() {
 1)   0.100 us    |    audit();
`, []string{"x64_sys_call 1403417", "  __x64_sys_utime 403417", "    do_utimes 12520", "    kfree 1202"}, 0},
		"returns of functions that were entered before": {` 0)   4.972 us    |        }
 0)   9.000 us    |    } /* ptrace_notify */
 0)               |  a() {
 0)   1.000 us    |    b(); /* = 0x0 */
 0)   2.000 us    |  } /* a = 0x1 */
`, []string{"a 2000", "  b 1000"}, 0},
		"modules": {" 0)   1.000 us    |  ext4_lookup [ext4]();\n 0)   1.000 us    |  finish_task_switch.isra.0();\n",
			[]string{"ext4_lookup [ext4] 1000", "finish_task_switch.isra.0 1000"}, 0},
		"interrupts": {` 0)               |  a() {
 0) ! 280.234 us  |    irq_enter_rcu();
 0)               |    __sysvec_apic_timer_interrupt() {
 0)   2.845 us    |      hrtimer_interrupt();
 0)   2.845 us    |    }
 0)   ==========> |
 0)   0.500 us    |    irq_exit_rcu();
 0)   <========== |
 0)               |    ptrace_notify() {
 0)   0.500 us    |      ptrace_stop();
 0)   1.500 us    |    }
 0)   0.700 us    |    b();
 0)   3.000 us    |  }
`, []string{"a 3000", "  b 700"}, 0},
		"lost": {"CPU:0 [LOST 12 EVENTS]\n 0)   1.000 us    |      c();\n 0)   1.000 us    |    }\n 0)   1.000 us    |  d();\nCPU:1 [LOST 1 EVENTS]\n",
			[]string{"c 1000", "d 1000"}, 13},
		"lost returns": {` 0)               |  a() {
 0)               |    b() {
 0)   0.500 us    |  c();
 0)               |  d() {
 0)   2.000 us    |  }
`, []string{"c 500", "d 2000"}, 0},
		"threads": {` 0)               |  schedule() {
 0)               |    pick_next() {
 1)   1.000 us    |                of_another();
 ------------------------------------------
 1)  swapper-0  =>  t => -5-7 
 ------------------------------------------

 1)   1.000 us    |    }
 1)   3.000 us    |  }
 ------------------------------------------
 1)  t => -5-7  =>  b-2 
 ------------------------------------------

 1)   1.000 us    |  of_another();
 1)   1.000 us    |  }
`, []string{"schedule 3000", "  pick_next 1000"}, 0},
		"more columns": {" 0)  cat-12 |               |  a() {\n 0)  cat-12 |   1.000 us    |    b(x=1);\n 0)  cat-12 |   2.000 us    |  }\n",
			[]string{"a 2000", "  b 1000"}, 0},
		"comments": {" 0)               |  a() {\n 0)               |  /* a marker: x */\n 0)   2.000 us    |  }\n", []string{"a 2000"}, 0},
	} {
		for _, size := range []int{1, 7, 200} {
			got, lost := parseGraph(7, tt.text, size)
			if !slices.Equal(got, tt.want) || lost != tt.lost {
				t.Errorf("%s, read by %d: %q, %d lost; want %q, %d", name, size, got, lost, tt.want, tt.lost)
			}
		}
	}
}

// The current thread of a processor is remembered between calls.
func TestFunctionGraphRemembers(t *testing.T) {
	p := graphParser{pids: make(map[string]int)}
	first, _ := parseGraphBy(&p, 7, " 0)   1.000 us    |  a();\n 0)  x-7  =>  y-8 \n", 100)
	second, _ := parseGraphBy(&p, 7, " 0)   1.000 us    |  b();\n 0)  y-8  =>  x-7 \n 0)   1.000 us    |  c();\n", 100)
	if len(first) != 1 || first[0].Name != "a" || len(second) != 1 || second[0].Name != "c" {
		t.Errorf("%v, then %v", first, second)
	}
}

func FuzzFunctionGraph(f *testing.F) {
	f.Add(" 1)               |  x() {\n 1)   1.000 us    |    y [m]();\n 1)   1.000 us    |  }\nCPU:1 [LOST 3 EVENTS]\n 1)  a-1 => b-2 \n", uint8(9))
	f.Add(" 0)   1e300 us |  };\n 0) | }\n 0) |     a(){\n 0)|b(\n", uint8(1))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		p := graphParser{pids: make(map[string]int)}
		functions, lost := parseGraphBy(&p, 2, text, max(1, int(size)))
		if lost < 0 {
			t.Errorf("%d lost", lost)
		}
		depth := -1
		for _, f := range functions {
			if f.Depth < 0 || f.Depth > depth+1 {
				t.Errorf("depth %d after %d", f.Depth, depth)
			}
			if f.Duration > 1000000*time.Hour {
				t.Errorf("duration %v", f.Duration)
			}
			depth = f.Depth
		}
	})
}

func TestLockdown(t *testing.T) {
	if locksDown("/nonexistent") || !hasWord([]byte("blk function_graph nop\n"), "function_graph") || hasWord([]byte("function_graph2"), "function_graph") {
		t.Error("a word")
	}
}

func TestBufferSizes(t *testing.T) {
	for _, tt := range []struct{ text, size, full string }{
		{"7 (expanded: 1408)", "7", "1408"},
		{"7", "7", "1408"},
		{"1408", "1408", "1408"},
		{"4096", "4096", "4096"},
		{"X", "X", "X"}, // it is not the same on all processors
		{"", "", ""},    // it cannot be read
	} {
		if size, full := bufferSizes(tt.text); size != tt.size || full != tt.full {
			t.Errorf("%q: %q and %q, want %q and %q", tt.text, size, full, tt.size, tt.full)
		}
	}
}
