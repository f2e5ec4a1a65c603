package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// Input is values to be written, by column. A value is what JSON decodes to: nil, a
// text, a number, a flag, a list, an object; texts are accepted for every column, so
// that forms and files need no types of their own.
type Input map[string]any

func asText(in any) (string, error) {
	switch in := in.(type) {
	case nil:
		return "", nil
	case string:
		return in, nil
	case float64:
		return showNumber(in), nil
	case []any, []string:
		l, err := asList(in)
		return strings.Join(l, "; "), err
	}
	return "", errors.New("must be a text")
}

func asNumber(in any) (n float64, ok bool, err error) {
	switch in := in.(type) {
	case nil:
		return 0, false, nil
	case float64:
		return in, true, nil
	case string:
		in = strings.TrimSpace(in)
		if in == "" {
			return 0, false, nil
		}
		n, err := strconv.ParseFloat(strings.ReplaceAll(in, "\u2212", "-"), 64)
		if err != nil || n != n || n-n != 0 {
			return 0, false, fmt.Errorf("%q is no number; write it as 12 or 12.5", in)
		}
		return n, true, nil
	}
	return 0, false, errors.New("must be a number")
}

func asDay(s *Scope, in any) (calendar.Day, error) {
	t, err := asText(in)
	if err != nil {
		return "", errors.New("must be a day, as 2026-03-31")
	}
	t = strings.TrimSpace(t)
	if t == "" {
		return "", nil
	}
	if at, err := time.Parse(time.RFC3339, t); err == nil {
		return calendar.DayOf(at.In(s.zone())), nil
	}
	d, err := calendar.Resolve(t, s.Today, s.Week)
	if err != nil {
		return "", fmt.Errorf("%q %w", t, calendar.ErrDay)
	}
	return d, nil
}

func (s *Scope) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

func asFlag(in any) (bool, error) {
	switch in := in.(type) {
	case nil:
		return false, nil
	case bool:
		return in, nil
	case string:
		switch strings.ToLower(strings.TrimSpace(in)) {
		case "", "no", "false", "0", "off":
			return false, nil
		case "yes", "true", "1", "on":
			return true, nil
		}
	}
	return false, errors.New("must be yes or no")
}

func asURL(in any) (string, error) {
	t, err := asText(in)
	if err != nil {
		return "", err
	}
	t = strings.TrimSpace(t)
	if t == "" {
		return "", nil
	}
	u, err := url.Parse(t)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto") || (u.Host == "" && u.Scheme != "mailto") {
		return "", fmt.Errorf("%q is no web address; write it with https://", t)
	}
	return t, nil
}

func asOption(options []Option, in any) (string, error) {
	t, err := asText(in)
	if err != nil {
		return "", err
	}
	t = strings.TrimSpace(t)
	if t == "" {
		return "", nil
	}
	var names []string
	for _, o := range options {
		if strings.EqualFold(o.Name, t) || strings.EqualFold(o.Label, t) {
			return o.Name, nil
		}
		names = append(names, o.Label)
	}
	return "", fmt.Errorf("%q is none of %s", t, strings.Join(names, ", "))
}

// asList reads a list, or a text with semicolons or commas between its elements.
func asList(in any) ([]string, error) {
	var all []string
	add := func(t string) {
		if t = strings.TrimSpace(t); t != "" && !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	switch in := in.(type) {
	case nil:
	case string:
		cut := ";"
		if !strings.Contains(in, cut) {
			cut = ","
		}
		for t := range strings.SplitSeq(in, cut) {
			add(t)
		}
	case []string:
		for _, t := range in {
			add(t)
		}
	case []any:
		for _, x := range in {
			t, ok := x.(string)
			if !ok {
				return nil, errors.New("must be a list of texts")
			}
			add(t)
		}
	default:
		return nil, errors.New("must be a list of texts")
	}
	return all, nil
}

// asLink reads a target: its identifier, key or name, or an object with the member id.
func asLink(s *Scope, kind string, in any) (ledger.ID, error) {
	if o, ok := in.(map[string]any); ok {
		in = o["id"]
		if in == nil {
			return ledger.ID{}, errors.New("needs the member id")
		}
	}
	t, ok := in.(string)
	if in == nil || (ok && strings.TrimSpace(t) == "") {
		return ledger.ID{}, nil
	}
	if !ok {
		return ledger.ID{}, fmt.Errorf("must be the identifier, key or name of a %s", kind)
	}
	id, err := s.Find(kind, t)
	if err != nil {
		return ledger.ID{}, plain(err)
	}
	return id, nil
}

func asLinks(s *Scope, kind string, in any) ([]ledger.Ref, error) {
	var each []any
	switch in := in.(type) {
	case []any:
		each = in
	case map[string]any:
		each = []any{in}
	default:
		l, err := asList(in)
		if err != nil {
			return nil, fmt.Errorf("must be a list of identifiers, keys or names of a %s", kind)
		}
		for _, t := range l {
			each = append(each, t)
		}
	}
	var all []ledger.Ref
	for _, x := range each {
		id, err := asLink(s, kind, x)
		if err != nil {
			return nil, err
		}
		if !id.IsZero() && !slices.Contains(all, ledger.Ref(id)) {
			all = append(all, ledger.Ref(id))
		}
	}
	return all, nil
}

// strict decodes JSON into v and refuses members that v does not have.
func strict(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("holds more than one value")
	}
	return nil
}

// plain returns the message of a fault for use as that of a field.
func plain(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return errors.New(f.Message)
	}
	return err
}
