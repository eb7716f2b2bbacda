package json_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"trapline/output"
	jsonformat "trapline/output/json"
)

// kernelNode is an element of the member kernel_path.
type kernelNode struct {
	Function string
	Module   string
	Duration *int64 `json:"duration_ns"`
	Calls    []kernelNode
}

// flat is the list of functions that a tree stands for.
func flat(tree []kernelNode, depth int) (list []output.KernelFunction) {
	for _, n := range tree {
		f := output.KernelFunction{Name: n.Function, Module: n.Module, Depth: depth, Duration: -1}
		if n.Duration != nil {
			f.Duration = time.Duration(*n.Duration)
		}
		list = append(append(list, f), flat(n.Calls, depth+1)...)
	}
	return list
}

// The tree in JSON is the list of functions by their depths.
func TestKernelPath(t *testing.T) {
	for _, depths := range [][]int{{}, {0}, {0, 1, 2}, {0, 1, 1, 2, 1}, {0, 1, 2, 3, 1, 0, 0, 1}, {0, 0}} {
		var want []output.KernelFunction
		for i, depth := range depths {
			f := output.KernelFunction{Name: string(rune('a' + i)), Depth: depth, Duration: time.Duration(i - 1)}
			if i == 2 {
				f.Module = "ext4"
			}
			want = append(want, f)
		}
		w := jsonformat.Format.New(&output.Options{}, &output.Tracee{PID: 1})
		w.BeginCall(&output.Header{Name: "x"})
		w.Return()
		w.Number(0, output.Signed)
		w.EndCall(&output.Result{Kernel: &output.KernelPath{Functions: want, Asleep: true, Note: "n"}}, nil)
		line := bytes.Clone(w.Take())
		var record struct {
			Path   []kernelNode `json:"kernel_path"`
			Asleep bool         `json:"kernel_asleep"`
			Note   string       `json:"kernel_note"`
		}
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatalf("%v: %v: %s", depths, err, line)
		}
		got := flat(record.Path, 0)
		if len(got) != len(want) || !record.Asleep || record.Note != "n" {
			t.Fatalf("%v: %s", depths, line)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%v: function %d is %+v, want %+v", depths, i, got[i], want[i])
			}
		}
	}
}
