package model

import (
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/names"
)

// settle names everything at the level of the package.
func (b *builder) settle() {
	var s, vars names.Scope
	s.Reserve("Connector", "Connect", "New")
	var claims, inVars []*names.Claim
	for _, d := range b.decls {
		claims = append(claims, &d.Name)
	}
	for _, e := range b.pkg.Entities {
		claims = append(claims, &e.Type)
		if e.Store != nil {
			for _, f := range e.Store.Fields {
				claims = append(claims, &f.Const)
			}
		}
		for _, a := range e.Actions {
			inVars = append(inVars, &a.Var)
		}
		if b.pkg.Untyped {
			e.Rows = &names.Claim{Want: e.Base.Got + "Rows", Key: e.Wire, Rank: rankParams}
			claims = append(claims, e.Rows)
		}
	}
	s.Settle(claims)
	vars.Settle(inVars)
	claims = nil
	for _, d := range b.decls {
		for _, c := range d.Enum {
			c.Name = names.Claim{Want: d.Name.Got + names.Part(c.Wire), Key: d.Name.Got + "." + c.Wire, Rank: rankConst}
			claims = append(claims, &c.Name)
		}
	}
	s.Settle(claims)
}

// breakCycles makes pointers of the fields through which a struct would contain itself,
// and of those that would make a struct too large.
func (b *builder) breakCycles() {
	for _, d := range b.decls {
		for _, f := range d.Fields {
			if f.Type.IsStruct() && !f.Type.Pointer {
				d.places = append(d.places, f)
			}
		}
	}
	group := map[*Decl]int{}
	for i, members := range components(b.decls) {
		for _, d := range members {
			group[d] = i
		}
	}
	for _, d := range b.decls {
		for _, f := range d.places {
			f.Type.Pointer = group[d] == group[f.Type.Decl]
		}
	}
	sizes := map[*Decl]int{}
	for _, d := range b.decls {
		d.size(sizes)
	}
}

// maxWords is how large a struct inside another may be.
const maxWords = 1000

// size returns about how many words a value takes.
func (d *Decl) size(known map[*Decl]int) int {
	if n, ok := known[d]; ok {
		return n
	}
	n := 3 * len(d.Fields)
	for _, f := range d.places {
		if f.Type.Pointer {
			continue
		}
		inner := f.Type.Decl.size(known)
		if inner > maxWords {
			f.Type.Pointer = true
			continue
		}
		n += inner
	}
	known[d] = n
	return n
}

// components returns the groups of structs that contain each other by value, or
// themselves.
func components(decls []*Decl) [][]*Decl {
	// Tarjan's algorithm, without recursion: documents may nest deeper than is wise.
	type state struct {
		index, low int
		on         bool
	}
	states := map[*Decl]*state{}
	var stack []*Decl
	var groups [][]*Decl
	type frame struct {
		d    *Decl
		next int
	}
	for _, root := range decls {
		if states[root] != nil {
			continue
		}
		frames := []frame{{d: root}}
		for len(frames) > 0 {
			f := &frames[len(frames)-1]
			st := states[f.d]
			if st == nil {
				st = &state{index: len(states), low: len(states), on: true}
				states[f.d] = st
				stack = append(stack, f.d)
			}
			if f.next < len(f.d.places) {
				to := f.d.places[f.next].Type.Decl
				f.next++
				switch other := states[to]; {
				case other == nil:
					frames = append(frames, frame{d: to})
				case other.on:
					st.low = min(st.low, other.index)
				}
				continue
			}
			if st.low == st.index {
				var group []*Decl
				for {
					d := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					states[d].on = false
					group = append(group, d)
					if d == f.d {
						break
					}
				}
				groups = append(groups, group)
			}
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				parent := states[frames[len(frames)-1].d]
				parent.low = min(parent.low, st.low)
			}
		}
	}
	return groups
}
