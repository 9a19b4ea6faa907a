package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// faultHelp describes the flag -fault.
const faultHelp = `A fault is target=effect[,setting...]:

  target  an operationId, such as createToken; an entity and an action, such as
          issues.list, where * stands for any; or * for all requests
  effect  a status from 200 to 599; reset or lost, which break the connection
          before or after the request takes effect; truncate=N, which breaks it
          after N bytes of the body; or only delay=DURATION
  settings
          times=N         requests to hit, -1 for all (default 1)
          after=N         requests to let pass before that (default 0)
          rate=P          the probability that a request is hit (default 1)
          delay=DURATION  the time before the response, such as 1.5s (default 0)
          retry-after=N   seconds for the header Retry-After (default 1 with 429)

A request is hit by the first fault that fits. Examples:

  -fault issues.list=429,retry-after=600,times=-1
  -fault createToken=503
  -fault '*=delay=2s,rate=0.1,times=-1'

`

// operationHelp lists the operations that a fault can have as its target.
func operationHelp() string {
	var b strings.Builder
	b.WriteString("The operations:\n\n")
	for _, name := range agentstest.Operations() {
		b.WriteString("  " + name + "\n")
	}
	return b.String()
}

// parseFault reads a value of the flag -fault.
func parseFault(value string) (agentstest.Fault, error) {
	var f agentstest.Fault
	target, effects, found := strings.Cut(value, "=")
	if !found || effects == "" {
		return f, errors.New("want target=effect, such as createToken=503")
	}
	if err := parseTarget(&f, target); err != nil {
		return f, err
	}
	seen := map[string]bool{}
	for item := range strings.SplitSeq(effects, ",") {
		name, text, hasValue := strings.Cut(strings.TrimSpace(item), "=")
		if _, err := strconv.Atoi(name); err == nil && !hasValue {
			name, text, hasValue = "status", name, true
		}
		if seen[name] {
			return f, fmt.Errorf("more than one %s", name)
		}
		seen[name] = true
		if err := parseItem(&f, name, text, hasValue); err != nil {
			return f, err
		}
	}
	answers := f.Status != 0
	switch {
	case !answers && !f.Reset && !f.Lost && f.Truncate == 0 && f.Delay == 0:
		return f, errors.New("no effect: want a status, reset, lost, truncate=N or delay=DURATION")
	case f.Reset && (answers || f.Lost || f.Truncate != 0), f.Lost && (answers || f.Truncate != 0):
		return f, errors.New("more than one effect: reset and lost send no response")
	case seen["retry-after"] && !answers:
		return f, errors.New("retry-after needs a status")
	}
	return f, nil
}

func parseTarget(f *agentstest.Fault, target string) error {
	entity, action, dotted := target, "", false
	if i := strings.LastIndexByte(target, '.'); i >= 0 {
		entity, action, dotted = target[:i], target[i+1:], true
	}
	switch {
	case target == "*":
	case dotted && entity != "" && action != "":
		if entity != "*" {
			f.Entity = entity
		}
		if action != "*" {
			f.Action = action
		}
		if f.Entity == "" && f.Action == "" {
			f.Operation = "executeConnector"
		}
	case dotted || !slices.Contains(agentstest.Operations(), target):
		return fmt.Errorf("unknown target %q: want an operationId such as createToken, or entity.action such as issues.list", target)
	default:
		f.Operation = target
	}
	return nil
}

// parseItem reads one of the effects and settings of a fault.
func parseItem(f *agentstest.Fault, name, text string, hasValue bool) error {
	number := func(least int) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least {
			return 0, fmt.Errorf("%s=%s: want an integer of at least %d", name, text, least)
		}
		return n, nil
	}
	var err error
	switch name {
	case "reset", "lost":
		if hasValue {
			return fmt.Errorf("%s has no value", name)
		}
		f.Reset, f.Lost = f.Reset || name == "reset", f.Lost || name == "lost"
	case "status":
		if f.Status, err = strconv.Atoi(text); err != nil || f.Status < 200 || f.Status > 599 {
			return fmt.Errorf("status %s: want 200 to 599", text)
		}
	case "times":
		if f.Times, err = strconv.Atoi(text); err != nil || f.Times == 0 || f.Times < -1 {
			return fmt.Errorf("times=%s: want a number of requests, or -1 for all", text)
		}
	case "after":
		f.After, err = number(0)
	case "truncate":
		if f.Truncate, err = number(0); err == nil && f.Truncate == 0 {
			f.Truncate = -1 // right after the header
		}
	case "rate":
		if f.Rate, err = strconv.ParseFloat(text, 64); err != nil || !(f.Rate > 0 && f.Rate <= 1) {
			return fmt.Errorf("rate=%s: want a number above 0 and up to 1", text)
		}
	case "delay":
		if f.Delay, err = time.ParseDuration(text); err != nil || f.Delay <= 0 {
			return fmt.Errorf("delay=%s: want a duration such as 1.5s", text)
		}
	case "retry-after":
		if _, err = number(0); err == nil {
			f.Header = http.Header{"Retry-After": {text}}
		}
	default:
		return fmt.Errorf("unknown effect or setting %q", name)
	}
	return err
}

// describeFault returns what a fault does, in one line.
func describeFault(f agentstest.Fault) string {
	target := cmp.Or(f.Operation, "*")
	if f.Entity != "" || f.Action != "" {
		target = cmp.Or(f.Entity, "*") + "." + cmp.Or(f.Action, "*")
	}
	var what string
	switch {
	case f.Reset:
		what = "break the connection before the request takes effect"
	case f.Lost:
		what = "break the connection after the request took effect"
	case f.Status != 0:
		what = "respond with " + strings.TrimSpace(strconv.Itoa(f.Status)+" "+http.StatusText(f.Status))
		if after := f.Header.Get("Retry-After"); after != "" {
			what += " with Retry-After: " + after
		} else if f.Status == http.StatusTooManyRequests {
			what += " with Retry-After: 1"
		}
	}
	if f.Truncate != 0 {
		cut := fmt.Sprintf("break the connection after %d bytes of the body", max(f.Truncate, 0))
		what = strings.TrimPrefix(what+" and "+cut, " and ")
	}
	if f.Delay > 0 {
		what = "wait " + f.Delay.String() + ", then " + cmp.Or(what, "respond as usual")
	}
	switch {
	case f.Times < 0:
		what += ", every time"
	case f.Times > 1:
		what += fmt.Sprintf(", %d times", f.Times)
	default:
		what += ", once"
	}
	if f.After > 0 {
		what += fmt.Sprintf(", from request %d on", f.After+1)
	}
	if f.Rate > 0 && f.Rate < 1 {
		what += fmt.Sprintf(", with probability %g", f.Rate)
	}
	return target + ": " + what
}
