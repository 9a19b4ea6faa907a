package auth

import (
	"fmt"
	"os"
	"strings"
)

// A giver is a place that values are looked up in.
type giver struct {
	name  string
	title string // its name in error messages
	value func(field) string
	state func(field) string // describes what was found, without the value
}

// sources returns the places to look in, in order of precedence.
func sources(explicit Config) []giver {
	explicit = explicit.trimmed()
	list := []giver{fromConfig(SourceOption, "options", explicit)}
	if c := configured.Load(); c != nil {
		list = append(list, fromConfig(SourceConfigure, "auth.Configure", *c))
	} else {
		list = append(list, giver{
			name: SourceConfigure, title: "auth.Configure",
			value: func(field) string { return "" },
		})
	}
	return append(list, giver{
		name: SourceEnvironment, title: "environment",
		value: func(f field) string { return strings.TrimSpace(os.Getenv(f.env)) },
		state: func(f field) string {
			v, ok := os.LookupEnv(f.env)
			switch {
			case !ok:
				return f.env + " is not set"
			case strings.TrimSpace(v) == "":
				return f.env + " is empty"
			}
			return f.env + " is set"
		},
	}, giver{
		name: SourceDefault,
		value: func(f field) string {
			if f.name == "workspace_name" {
				return DefaultWorkspace
			}
			return ""
		},
	})
}

func fromConfig(name, title string, c Config) giver {
	return giver{
		name: name, title: title,
		value: func(f field) string { return f.get(c) },
		state: func(f field) string {
			if f.get(c) == "" {
				return f.name + " is not given"
			}
			return f.name + " is given"
		},
	}
}

// lookUp returns the value of f and the name of the first giver that has one.
func lookUp(givers []giver, f field) (v, from string) {
	for _, g := range givers {
		if v := g.value(f); v != "" {
			return v, g.name
		}
	}
	return "", ""
}

// report describes what each giver has for the fields that are needed.
func report(givers []giver) string {
	var b strings.Builder
	for _, g := range givers {
		switch {
		case g.title == "":
		case g.state == nil:
			fmt.Fprintf(&b, "  %s: not called\n", g.title)
		default:
			b.WriteString("  " + g.title + ":")
			separator := " "
			for _, f := range fields {
				if f.needed {
					b.WriteString(separator + g.state(f))
					separator = ", "
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}
