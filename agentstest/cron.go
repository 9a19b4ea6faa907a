package agentstest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A cronField is a field of a cron expression in Quartz syntax.
type cronField struct {
	name     string
	min, max int
	names    []string // of min and the numbers after it
}

var (
	monthNames = strings.Fields("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
	dayNames   = strings.Fields("SUN MON TUE WED THU FRI SAT")
	longDays   = strings.Fields("Sunday Monday Tuesday Wednesday Thursday Friday Saturday")

	cronFields = []cronField{
		{name: "second", max: 59},
		{name: "minute", max: 59},
		{name: "hour", max: 23},
		{name: "day of the month", min: 1, max: 31},
		{name: "month", min: 1, max: 12, names: monthNames},
		{name: "day of the week", min: 1, max: 7, names: dayNames},
		{name: "year", min: 1970, max: 2099},
	}
)

// describeCron describes a cron expression in words. Unusual ones it describes
// field by field. The error says what is wrong with the expression.
func describeCron(expression string) (string, error) {
	parts := strings.Fields(strings.ToUpper(expression))
	if len(parts) != 6 && len(parts) != 7 {
		return "", fmt.Errorf("the expression has %d fields instead of 6 or 7: second minute hour day-of-month month day-of-week [year]", len(parts))
	}
	for i, part := range parts {
		if err := cronFields[i].check(i, part); err != nil {
			return "", err
		}
	}
	if (parts[3] == "?") == (parts[5] == "?") {
		return "", errors.New("either the day of the month or the day of the week must be ?")
	}
	return sayCron(parts), nil
}

// check checks the i-th field of an expression.
func (f cronField) check(i int, part string) error {
	dayField := i == 3 || i == 5
	for item := range strings.SplitSeq(part, ",") {
		switch {
		case item == "*", item == "?" && dayField && part == "?":
			continue
		case i == 3 && (item == "L" || item == "LW"), i == 5 && item == "L":
			continue
		}
		span, step, stepped := strings.Cut(item, "/")
		if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
			return fmt.Errorf("%q is not a step of the %s", item, f.name)
		}
		if stepped && span == "*" {
			continue
		}
		first, last, ranged := strings.Cut(span, "-")
		if i == 5 && !ranged {
			if day, nth, found := strings.Cut(first, "#"); found {
				if n, err := strconv.Atoi(nth); err != nil || n < 1 || n > 5 {
					return fmt.Errorf("%q is not a %s", item, f.name)
				}
				first = day
			}
			first = strings.TrimSuffix(first, "L")
		}
		if i == 3 && !ranged {
			first = strings.TrimSuffix(first, "W")
		}
		if _, ok := f.value(first); !ok {
			return fmt.Errorf("%q is not a %s", item, f.name)
		}
		if ranged {
			if _, ok := f.value(last); !ok {
				return fmt.Errorf("%q is not a %s", item, f.name)
			}
		}
	}
	return nil
}

// value returns the number that s stands for, and whether it is in range.
func (f cronField) value(s string) (int, bool) {
	if i := slices.Index(f.names, s); i >= 0 {
		return f.min + i, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= f.min && n <= f.max
}

func sayCron(parts []string) string {
	when := []string{sayTime(parts[0], parts[1], parts[2])}
	switch {
	case parts[3] == "L":
		when = append(when, "on the last day of the month")
	case parts[3] != "?" && parts[3] != "*":
		when = append(when, "on day "+parts[3]+" of the month")
	case parts[5] != "?" && parts[5] != "*":
		when = append(when, "on "+sayDays(parts[5]))
	}
	if parts[4] != "*" {
		when = append(when, "in month "+parts[4])
	}
	if len(parts) == 7 && parts[6] != "*" {
		when = append(when, "in "+parts[6])
	}
	if len(when) == 1 && strings.HasPrefix(when[0], "At ") && !strings.Contains(when[0], "hour") {
		when = append(when, "every day")
	}
	return strings.Join(when, ", ")
}

func sayTime(second, minute, hour string) string {
	_, minuteErr := strconv.Atoi(minute)
	h, hourErr := strconv.Atoi(hour)
	switch {
	case second == "0" && minuteErr == nil && hourErr == nil:
		m, _ := strconv.Atoi(minute) // cannot fail: minuteErr is nil
		return fmt.Sprintf("At %02d:%02d", h, m)
	case second == "0" && minute == "0" && hour == "*":
		return "Every hour"
	case second == "0" && minute == "*" && hour == "*":
		return "Every minute"
	case second == "0" && minute == "0" && stepOf(hour) != "":
		return "Every " + stepOf(hour) + " hours"
	case second == "0" && hour == "*" && stepOf(minute) != "":
		return "Every " + stepOf(minute) + " minutes"
	}
	return fmt.Sprintf("At second %s, minute %s, hour %s", second, minute, hour)
}

// stepOf returns n of */n and 0/n, "" for anything else.
func stepOf(part string) string {
	span, step, found := strings.Cut(part, "/")
	if !found || span != "*" && span != "0" {
		return ""
	}
	return step
}

func sayDays(part string) string {
	var days []string
	for item := range strings.SplitSeq(part, ",") {
		first, last, ranged := strings.Cut(item, "-")
		said := sayDay(first)
		if ranged {
			said += " to " + sayDay(last)
		}
		days = append(days, said)
	}
	return strings.Join(days, " and ")
}

func sayDay(s string) string {
	if n, ok := cronFields[5].value(s); ok {
		return longDays[n-1]
	}
	return s
}
