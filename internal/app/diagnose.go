package app

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
)

// Diagnosis is how an installation stands.
type Diagnosis struct {
	Version  string           `json:"version"`
	Go       string           `json:"go"`
	Engine   string           `json:"engine"`
	Settings []config.Setting `json:"settings"`
	Checks   []Check          `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	Name  string `json:"name"`
	Found string `json:"found"`
	Bad   bool   `json:"bad"`
}

// Healthy reports whether nothing bad was found.
func (d Diagnosis) Healthy() bool {
	return !slices.ContainsFunc(d.Checks, func(c Check) bool { return c.Bad })
}

// Diagnose looks at everything that can be checked from here: the configuration, the
// database, the views for analysts and the hash of every commit.
func (a *App) Diagnose(ctx context.Context) Diagnosis {
	d := Diagnosis{Version: Version(), Go: runtime.Version(), Engine: engineName(a.Config), Settings: a.Config.Settings()}
	note := func(name, good string, err error) {
		c := Check{Name: name, Found: good}
		if err != nil {
			c.Found, c.Bad = err.Error(), true
		}
		d.Checks = append(d.Checks, c)
	}
	if unknown := a.Config.Unknown; len(unknown) > 0 {
		note("variables", "no option has these names: "+strings.Join(unknown, ", "), nil)
	}
	note("data folder", a.Config.Data+" is its owner's alone", nil) // else Open would have failed
	note("secret key", "is the one of this database", nil)
	if a.Config.TLSCert != "" {
		cert, err := openCertificate(a.Config.TLSCert, a.Config.TLSKey, a.Log)
		until := ""
		if err == nil {
			until = "is good until " + cert.now.Leaf.NotAfter.Format(time.DateOnly)
			if a.clock().After(cert.now.Leaf.NotAfter) {
				err = fault.New(fault.Invalid, "has ended on %s", cert.now.Leaf.NotAfter.Format(time.DateOnly))
			}
		}
		note("certificate", until, err)
	}
	note("database", "is sound", a.engine.Check(ctx))
	note("views", "are up to date", a.Ledger.CreateViews(ctx))
	all, err := a.Ledger.Workspaces(ctx)
	note("workspaces", fmt.Sprintf("%d", len(all)), err)
	for _, slug := range slices.Sorted(maps.Keys(all)) {
		n, err := a.Ledger.Verify(ctx, all[slug])
		note("workspace "+slug, fmt.Sprintf("%d commits, every hash is right", n), err)
	}
	return d
}
