package app

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
)

// Found makes a workspace with its settings, its owner and the standard workflow. A
// workspace without settings is what is left of a founding that failed half-way; it is
// gone on with. Settings that are empty are the usual ones.
//
// Errors: fault.Conflict if the slug is taken, fault.Invalid for the settings.
func (a *App) Found(ctx context.Context, slug string, settings access.Workspace, owner ledger.ID) (ledger.ID, error) {
	id, err := a.Ledger.CreateWorkspace(ctx, slug)
	taken := fault.Is(err, fault.Conflict)
	if taken {
		id, err = a.Workspace(ctx, slug)
	}
	if err != nil {
		return id, err
	}
	_, err = a.Ledger.Update(ctx, id, ledger.System, "found the workspace", func(tx *ledger.Tx) error {
		if access.Workspaces.Len(tx) > 0 {
			return fault.New(fault.Conflict, "there is already a workspace %q", slug)
		}
		w := access.SettingsOf(tx) // the usual ones
		w.Name = cmp.Or(settings.Name, slug)
		w.TimeZone = cmp.Or(settings.TimeZone, w.TimeZone)
		w.FirstWeekday = cmp.Or(settings.FirstWeekday, w.FirstWeekday)
		w.ValueUnit = cmp.Or(settings.ValueUnit, w.ValueUnit)
		w.Currency = cmp.Or(settings.Currency, w.Currency)
		w.Demo = settings.Demo
		if _, err := access.Workspaces.Create(tx, w); err != nil {
			return err
		}
		if err := access.Grant(tx, owner, access.Owner, ledger.ID{}); err != nil {
			return err
		}
		if a, err := a.Accounts.ByID(ctx, owner); err == nil { // the system is nobody's account
			if err := people.Join(tx, a.ID, a.Name, a.Email); err != nil {
				return err
			}
		}
		if _, err := access.Products.Create(tx, access.Product{Name: w.Name, Prefix: prefixOf(w.Name)}); err != nil {
			return err
		}
		return backlog.StandardWorkflow(tx)
	})
	return id, err
}

// freeSlug makes a slug of a name that no workspace has.
func (a *App) freeSlug(ctx context.Context, name string) (string, error) {
	all, err := a.Ledger.Workspaces(ctx)
	if err != nil {
		return "", err
	}
	base := slugOf(name)
	slug := base
	for n := 2; ; n++ {
		if _, taken := all[slug]; !taken {
			return slug, nil
		}
		slug = fmt.Sprintf("%s-%d", base, n)
	}
}

// slugOf spells a name with the letters that a slug may have, at most 32 of them.
func slugOf(name string) string {
	var b strings.Builder
	for _, word := range ledger.Words(name) {
		word = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, word)
		if word == "" {
			continue
		}
		if b.Len()+1+len(word) > 32 {
			break
		}
		if b.Len() > 0 {
			b.WriteByte('-')
		}
		b.WriteString(word)
	}
	if b.Len() == 0 {
		return "workspace"
	}
	return b.String()
}

// prefixOf makes the prefix of a first product from the name of its workspace: the
// capitals of a name that has several, else its first letters.
func prefixOf(name string) string {
	var capitals, letters strings.Builder
	for _, r := range name {
		switch {
		case r >= 'A' && r <= 'Z':
			capitals.WriteRune(r)
			letters.WriteRune(r)
		case r >= 'a' && r <= 'z':
			letters.WriteRune(r - 'a' + 'A')
		}
	}
	p := capitals.String()
	if len(p) < 2 {
		p = letters.String()
	}
	if len(p) < 2 {
		return "TL"
	}
	return p[:2]
}
