package document

import (
	"maps"
	"slices"
	"strings"
)

// usualActions are the actions whose methods have forms of their own.
var usualActions = words("list get create update delete search api_search download")

// checkAction notes an action that is probably meant to be a usual one.
func (l *loader) checkAction(o *Operation) {
	if slices.Contains(usualActions, o.Action) {
		return
	}
	plain := func(name string) string {
		return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(name))
	}
	closest := ""
	for _, usual := range usualActions {
		if plain(o.Action) == plain(usual) {
			closest = usual
		}
	}
	if closest == "" && len(o.Action) > 4 {
		closest = Nearest(o.Action, usualActions, 1)
	}
	if closest == "" && strings.EqualFold(o.Action, o.Method) {
		closest = map[string]string{"post": "create", "put": "update", "patch": "update"}[o.Method]
	}
	if closest != "" {
		l.note(Doubt, "actions", "%s has the action %q, which becomes one of its own (closest: %s)", o.place(), o.Action, closest)
	}
}

// checkEntities notes the names of entities that are probably misspelt: those almost
// called like one that has more operations, none of them for the same action, and those
// that the context store alone has.
func (l *loader) checkEntities() {
	actions := map[string][]string{}
	for _, o := range l.d.Operations {
		actions[o.Entity] = append(actions[o.Entity], o.Action)
	}
	entities := slices.Sorted(maps.Keys(actions))
	nearest := func(name string, known []string) string {
		if len(name) < 7 && len(known) > 0 {
			return Nearest(name, known, 1)
		}
		return near(name, known)
	}
	for _, name := range entities {
		larger := slices.DeleteFunc(slices.Clone(entities), func(other string) bool {
			return len(actions[other]) <= len(actions[name]) || slices.ContainsFunc(actions[name], func(a string) bool { return slices.Contains(actions[other], a) })
		})
		if closest := nearest(name, larger); closest != "" {
			l.note(Doubt, "entities", "the entity %q has only %s, and there is an entity of almost that name (closest: %s)", name, strings.Join(actions[name], ", "), closest)
		}
	}
	var stored []string
	for _, s := range l.d.Store {
		stored = append(stored, s.Entity)
	}
	rest := slices.DeleteFunc(entities, func(name string) bool { return slices.Contains(stored, name) })
	for _, name := range stored {
		if actions[name] != nil {
			continue
		}
		if closest := nearest(name, rest); closest != "" {
			l.note(Doubt, "entities", "the context store has the entity %q, which no operation has (closest: %s)", name, closest)
		}
	}
}

// checkBody notes a body that is of no kind whose properties are parameters.
func (l *loader) checkBody(o *Operation, content *node, at *where) {
	if o.Body != nil || !content.is(object) || len(content.members) == 0 {
		return
	}
	var kinds []string
	level := Detail // a file, as it seems
	for _, m := range content.members {
		kinds = append(kinds, m.name)
		if kind := strings.ToLower(m.name); slices.ContainsFunc(words("xml yaml json form"), func(word string) bool { return strings.Contains(kind, word) }) {
			level = Doubt
		}
	}
	l.note(level, "bodies", "%s gives no parameters: it has %s, and only JSON and forms with a schema do", at, strings.Join(kinds, ", "))
}
