//go:build linux && amd64

package tui

import (
	"sort"

	"trapline/trace"
)

// node is a line of the process tree.
type node struct {
	process Process
	threads int // of a process, besides the first
	depth   int
	last    bool // of its siblings
}

// tree puts processes in the order of a tree, each before its children. Threads are only
// counted.
func tree(all []Process) []node {
	byTGID := map[int]int{}
	group := map[int]int{}
	var nodes []node
	for _, p := range all {
		group[p.TID] = p.TGID
		i, ok := byTGID[p.TGID]
		if ok && (p.TID != p.TGID || nodes[i].process.TID == p.TGID && nodes[i].process.Ended.IsZero()) {
			nodes[i].threads++
			nodes[i].process.Calls += p.Calls
			nodes[i].process.Errors += p.Errors
			continue
		}
		byTGID[p.TGID] = len(nodes)
		nodes = append(nodes, node{process: p})
	}
	children := map[int][]int{}
	var roots []int
	for i := range nodes {
		p := &nodes[i].process
		if parent, ok := byTGID[group[p.Parent]]; ok && p.Parent != 0 && parent != i && parent < i {
			children[parent] = append(children[parent], i)
		} else {
			roots = append(roots, i)
		}
	}
	var ordered []node
	var visit func(list []int, depth int)
	visit = func(list []int, depth int) {
		sort.SliceStable(list, func(a, b int) bool { return nodes[list[a]].process.Began.Before(nodes[list[b]].process.Began) })
		for i := range list {
			for ; i > 0 && trace.CreatedBefore(nodes[list[i]].process.TGID, nodes[list[i-1]].process.TGID); i-- {
				list[i], list[i-1] = list[i-1], list[i]
			}
		}
		for k, i := range list {
			n := nodes[i]
			n.depth, n.last = depth, k == len(list)-1
			ordered = append(ordered, n)
			visit(children[i], depth+1)
		}
	}
	visit(roots, 0)
	return ordered
}

// below is the set of a process and all its descendants.
func below(nodes []node, at int) map[int]bool {
	set := map[int]bool{nodes[at].process.TGID: true}
	for i := at + 1; i < len(nodes) && nodes[i].depth > nodes[at].depth; i++ {
		set[nodes[i].process.TGID] = true
	}
	return set
}
