package demo

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/postgres/pgtest"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/thread"
)

// password is Mira's in tests.
const password = "a tablet in a tunnel"

// book is the demo in an installation of its own.
type book struct {
	*app.App
	t         *testing.T
	today     calendar.Day
	zone      *time.Location
	workspace ledger.ID
}

// open builds the demo as it looks on a day; engine is "sqlite" or "postgres".
func open(t *testing.T, engine string, today calendar.Day) *book {
	t.Helper()
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return today.Go(zone).Add(10 * time.Hour) }
	b := &book{t: t, App: install(t, engine, clock), today: today, zone: zone}
	if b.workspace, err = Build(t.Context(), b.App, password); err != nil {
		t.Fatal(err)
	}
	return b
}

// install opens a new installation that has the clock.
func install(t *testing.T, engine string, clock func() time.Time) *app.App {
	t.Helper()
	options := map[string]string{"data": filepath.Join(t.TempDir(), "data")}
	if engine == "postgres" {
		options["database-url"] = pgtest.DSN(t)
	}
	c, err := config.Load(options, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(t.Context(), c, app.Options{Create: true, Clock: clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

func (b *book) actor(name string) ledger.Actor {
	b.t.Helper()
	s, err := b.Ledger.At(b.t.Context(), b.workspace, ledger.System, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	for p := range people.Persons.All(s) {
		if p.Name == name {
			return ledger.Actor{ID: p.Account}
		}
	}
	b.t.Fatalf("nobody is called %s", name)
	return ledger.Actor{}
}

// now returns the workspace as Mira sees it.
func (b *book) now() *ledger.Snapshot {
	b.t.Helper()
	s, err := b.Ledger.At(b.t.Context(), b.workspace, b.actor(Host), 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// at returns the workspace as it was at the end of a day.
func (b *book) at(day calendar.Day) *ledger.Snapshot {
	b.t.Helper()
	s, err := b.Ledger.AsOf(b.t.Context(), b.workspace, b.actor(Host), ledger.AtTime(day.End(b.zone)))
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *book) scope(v ledger.View) *table.Scope {
	return &table.Scope{View: v, Set: b.Tables, Today: b.today, Week: time.Monday, Zone: b.zone}
}

// commits returns the whole journal, the oldest first.
func (b *book) commits() []ledger.Commit {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	head := b.now().Seq()
	var all []ledger.Commit
	for c, err := range b.Ledger.Follow(ctx, b.workspace, 0) {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, c)
		if c.Seq == head {
			break
		}
	}
	return all
}

func eachEngine(t *testing.T, f func(t *testing.T, b *book)) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) { f(t, open(t, engine, "2026-05-12")) })
	}
}

func TestFieldbook(t *testing.T) {
	eachEngine(t, func(t *testing.T, b *book) {
		t.Run("has what a visitor looks for", b.hasEnough)
		t.Run("says something everywhere", b.saysSomething)
		t.Run("has a past that is true", b.hasAPast)
		t.Run("was made by its people", b.wasMadeByPeople)
		t.Run("has a morning's work for its host", b.hasWork)
		t.Run("can be signed in to", b.letsIn)
		t.Run("goes on from now", b.goesOn)
	})
}

func (b *book) hasEnough(t *testing.T) {
	v := b.now()
	for _, count := range []struct {
		of              string
		have, low, high int
	}{
		{"features", backlog.Features.Len(v), 55, 70},
		{"teams", people.Teams.Len(v), 4, 4},
		{"people", people.Persons.Len(v), 14, 14},
		{"objectives", strategy.Objectives.Len(v), 4, 4},
		{"products", access.Products.Len(v), 1, 1},
		{"saved views", backlog.Views.Len(v), 3, 7},
		{"templates", backlog.Templates.Len(v), 2, 4},
		{"comments", collab.Comments.Len(v), 30, 80},
		{"files", collab.Attachments.Len(v), 2, 4},
		{"proposals", ledger.Proposals.Len(v), 4, 4},
		{"custom fields", backlog.Fields.Len(v), 5, 5},
		{"formulas", backlog.Formulas.Len(v), 1, 1},
		{"dependencies", backlog.Dependencies.Len(v), 4, 20},
	} {
		if count.have < count.low || count.have > count.high {
			t.Errorf("%d %s, want %d to %d", count.have, count.of, count.low, count.high)
		}
	}
	if p, ok := access.Products.Get(v, first(access.Products.All(v)).ID); !ok || p.Prefix != "FB" || p.Name != "Fieldbook" {
		t.Errorf("product = %+v", p)
	}

	var past, toCome []string
	for r := range release.Releases.All(v) {
		live, all := 0, 0
		for f := range backlog.Features.BackLinks(v, r.ID) {
			all++
			if backlog.StageOf(v, f).Done() {
				live++
			}
		}
		if r.Date < b.today {
			past = append(past, r.Name)
			if r.Status != release.Released || live != all || live < 8 {
				t.Errorf("%s is over: %s, %d of %d features are live", r.Name, r.Status, live, all)
			}
		} else {
			toCome = append(toCome, r.Name)
			if r.Status == release.Released || live > 0 {
				t.Errorf("%s is to come: %s, %d features are live", r.Name, r.Status, live)
			}
		}
	}
	slices.Sort(past)
	slices.Sort(toCome)
	if !slices.Equal(past, []string{"3.8", "3.9", "4.0"}) || !slices.Equal(toCome, []string{"4.1", "4.2", "4.3"}) {
		t.Errorf("releases past %v, to come %v", past, toCome)
	}

	stages := map[backlog.Stage]int{}
	archived, below := 0, 0
	for f := range backlog.Features.All(v) {
		stages[backlog.StageOf(v, f)]++
		if f.Archived {
			archived++
		}
		if !f.Parent.IsZero() {
			below++
		}
	}
	for _, s := range backlog.Stages {
		if stages[backlog.Stage(s.Name)] == 0 {
			t.Errorf("no feature is in the stage %s", s.Name)
		}
	}
	if archived < 2 || below < 3 {
		t.Errorf("%d archived features, %d below an initiative", archived, below)
	}
}

func first[T any](all func(func(*T) bool)) (one *T) {
	for e := range all {
		return e
	}
	return one
}

func (b *book) saysSomething(t *testing.T) {
	v, s := b.now(), b.scope(b.now())
	for _, kind := range []string{"product", "team", "objective", "release", "feature"} {
		of, _ := b.Tables.Of(kind)
		for r := range of.Rows(v) {
			if of.Show(s, r, "description") == "" {
				t.Errorf("the %s %s has no description", kind, r.Title())
			}
		}
	}
	for p := range people.Persons.All(v) {
		if p.Email == "" || p.Title == "" || p.Account.IsZero() || len(p.Teams) == 0 {
			t.Errorf("%+v", p)
		}
	}
	for team := range people.Teams.All(v) {
		if team.Lead.IsZero() || len(slices.Collect(people.Persons.BackLinks(v, team.ID))) < 3 {
			t.Errorf("the team %s has no lead, or nobody to lead", team.Name)
		}
	}
	for o := range strategy.Objectives.All(v) {
		if o.Owner.IsZero() || o.Period == "" || len(slices.Collect(backlog.Features.BackLinks(v, o.ID))) < 5 {
			t.Errorf("%s has no owner, no period or hardly any features", o.Title)
		}
	}
	for f := range backlog.Features.All(v) {
		text, err := ledger.Text(t.Context(), v, f.Description)
		if err != nil {
			t.Fatal(err)
		}
		if !f.Release.IsZero() && (f.Team.IsZero() || f.Objective.IsZero() || f.Value.IsZero()) {
			t.Errorf("%s %s is committed without a team, an objective or a value", f.Key, f.Title)
		}
		if done := backlog.StageOf(v, f).Done(); !f.Release.IsZero() && done == (len(f.Effort) > 0) {
			t.Errorf("%s %s: done is %t, and the remaining effort is %v", f.Key, f.Title, done, f.Effort)
		}
		if stage := backlog.StageOf(v, f); backlog.StageDiscovery.Before(stage) && stage != backlog.StageDropped && f.Parent.IsZero() &&
			!slices.Contains(f.Tags, "initiative") && (!strings.Contains(text, "## Goals") || !strings.Contains(text, "## Non-goals")) {
			t.Errorf("%s %s is specified without goals or non-goals", f.Key, f.Title)
		}
	}
	// a link in a list of saved views leads somewhere
	for w := range backlog.Views.All(v) {
		values := query(t, w.Query)
		if values.Get("group") == "none" { // a word of pages
			values.Del("group")
		}
		q, err := table.ParseQuery(values)
		if err != nil {
			t.Fatal(err)
		}
		s := b.scope(v)
		s.Me = first(people.Persons.All(v)).ID
		if l, err := thread.FeatureTable.List(t.Context(), s, v, q); err != nil || l.Total == 0 && w.Title != "My open work" {
			t.Errorf("the view %s: %v, %v", w.Title, l, err)
		}
	}
}

// wasMadeByPeople: nothing but the founding was done by the program, and some things
// happened that make a history worth reading.
func (b *book) wasMadeByPeople(t *testing.T) {
	by := map[ledger.ID]int{}
	undone, slipped, deleted, renamed, last := 0, 0, 0, 0, ledger.Time(0)
	v := b.now()
	for i, c := range b.commits() {
		if c.Actor.ID == ledger.System.ID && i > 0 {
			t.Errorf("commit %d, %s, is the program's", c.Seq, c.Verb)
		}
		if c.At < last || c.At.Go().After(b.today.Go(b.zone)) {
			t.Errorf("commit %d is at %v", c.Seq, c.At.Go())
		}
		last = c.At
		by[c.Actor.ID]++
		if c.Undoes != 0 {
			undone++
		}
		for _, e := range c.Entries {
			if e.Kind == "feature" && e.Op == ledger.OpDelete {
				deleted++
			}
			for _, ch := range e.Changes {
				if e.Kind == "feature" && ch.Field == "title" && e.Op == ledger.OpEdit {
					renamed++
				}
				if e.Kind == "feature" && ch.Field == "release" && e.Op == ledger.OpEdit && len(ch.Old) > 2 && len(ch.New) > 2 && c.Branch.IsZero() {
					slipped++
				}
			}
		}
	}
	if len(by) != 15 { // and the founding
		t.Errorf("%d people did something", len(by))
	}
	if undone == 0 || slipped < 3 || deleted < 3 || renamed < 2 {
		t.Errorf("%d undone, %d slipped to another release, %d deleted, %d renamed", undone, slipped, deleted, renamed)
	}
	states := map[ledger.ProposalState]int{}
	var p *ledger.Proposal
	for each := range ledger.Proposals.All(v) {
		states[each.State]++
		if each.State == ledger.ProposalOpen {
			p = each
		} else if each.Reason == "" {
			t.Errorf("nobody said why %s is %s", each.Title, each.State)
		}
	}
	if p == nil || states[ledger.ProposalOpen] != 1 || states[ledger.ProposalMerged] < 1 || states[ledger.ProposalDiscarded] < 1 {
		t.Fatalf("proposals = %v", states)
	}
	approved := 0
	for _, r := range collab.ReviewsOf(v, p.ID) {
		if r.Verdict == collab.Approved {
			approved++
		}
	}
	if n := len(collab.ReviewsOf(v, p.ID)); n != 2 || approved != 1 {
		t.Errorf("%d of %d reviewers of %s approve", approved, n, p.Title)
	}
	if found, err := b.Ledger.Conflicts(t.Context(), b.workspace, b.actor(Host), p.ID); err != nil || len(found) != 1 {
		t.Errorf("conflicts = %v, %v", found, err)
	}
	in, err := b.Ledger.In(t.Context(), b.workspace, b.actor(Host), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for c, err := range ledger.Diff(t.Context(), v, in) {
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind == "feature" {
			changed++
		}
	}
	if changed != 3 {
		t.Errorf("the proposal changes %d features", changed)
	}
	if _, err := b.Ledger.Verify(t.Context(), b.workspace); err != nil {
		t.Error(err)
	}
}

// hasWork: there are things to answer in the inbox and threads to mend, of several kinds.
func (b *book) hasWork(t *testing.T) {
	v := b.now()
	s := b.scope(v)
	reasons := map[notify.Reason]int{}
	items, err := b.Notices().Items(t.Context(), b.workspace, b.actor(Host).ID, s, notify.Waiting)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		for _, n := range i.Notices {
			reasons[n.Reason]++
		}
	}
	if len(items) < 8 || len(items) > 20 || reasons[notify.Mentioned] < 3 || len(reasons) < 3 {
		t.Errorf("%d lines in the inbox: %v", len(items), reasons)
	}
	gaps, err := thread.Gaps(t.Context(), v, b.today)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, g := range gaps {
		kinds[g.Name]++
	}
	if len(kinds) < 5 {
		t.Errorf("gaps = %v", kinds)
	}
	open, resolved, replies := 0, 0, 0
	for c := range collab.Comments.All(v) {
		switch {
		case !c.Parent.IsZero():
			replies++
		case c.Resolved:
			resolved++
		default:
			open++
		}
	}
	if open < 8 || resolved < 3 || replies < 15 {
		t.Errorf("%d open threads, %d resolved ones, %d replies", open, resolved, replies)
	}
}

func (b *book) letsIn(t *testing.T) {
	p, _, err := b.Accounts.SignIn(t.Context(), Email(Host), password, access.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if role := access.RoleOf(b.now(), p.Account.ID); role != access.Owner {
		t.Errorf("the host is %s", role)
	}
	if me, ok := people.Of(b.now(), p.Account.ID); !ok || me.Name != Host {
		t.Errorf("the host is %+v", me)
	}
	if _, _, err := b.Accounts.SignIn(t.Context(), Email("Tovi"), password, access.Client{}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("Tovi signs in: %v", err)
	}
	if all, err := b.Accounts.All(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("accounts = %v, %v", all, err)
	}
}

// TestTheDemoIsLoadedIntoARunningInstallation: somebody is let in, others' workspaces stay
// as they are, and removing it leaves nothing behind.
func TestTheDemoIsLoadedIntoARunningInstallation(t *testing.T) {
	ctx := t.Context()
	a := install(t, "sqlite", time.Now)
	ann, err := a.Accounts.Create(ctx, access.NewAccount{Email: "ann@example.com", Name: "Ann", Password: password}, true)
	if err != nil {
		t.Fatal(err)
	}
	own, err := a.Found(ctx, Slug, access.Workspace{Name: "Fieldbook"}, ann.ID) // a namesake
	if err != nil {
		t.Fatal(err)
	}
	slug, err := Load(ctx, a, ann)
	if err != nil || slug != Slug+"-2" {
		t.Fatalf("Load = %q, %v", slug, err)
	}
	id, err := a.Workspace(ctx, slug)
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.Ledger.At(ctx, id, ledger.Actor{ID: ann.ID}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if me, ok := people.Of(s, ann.ID); !ok || me.Name != "Ann" || access.RoleOf(s, ann.ID) != access.Owner || !access.SettingsOf(s).Demo {
		t.Errorf("Ann is %+v, %s, in %+v", me, access.RoleOf(s, ann.ID), access.SettingsOf(s))
	}
	if n := backlog.Features.Len(s); n < 55 {
		t.Errorf("%d features", n)
	}
	if again, err := Load(ctx, a, ann); err != nil || again != slug {
		t.Errorf("asked again: %q, %v", again, err)
	}
	if all, err := a.Accounts.All(ctx); err != nil || len(all) != 1 {
		t.Errorf("accounts = %v, %v", all, err)
	}
	if err := a.Accounts.Prefer(ctx, ann.ID, id, "checklist", "away"); err != nil {
		t.Fatal(err)
	}
	if err := a.RemoveWorkspace(ctx, id); err != nil {
		t.Fatal(err)
	}
	if all, err := a.Ledger.Workspaces(ctx); err != nil || len(all) != 1 || all[Slug] != own {
		t.Errorf("workspaces = %v, %v", all, err)
	}
	if kept, err := a.Accounts.Preference(ctx, ann.ID, id, "checklist"); err != nil || kept != "" {
		t.Errorf("a preference is left: %q, %v", kept, err)
	}
}

// TestADemoThatWasLeftHalfMadeIsMadeAnew: nobody was let in when the server ended.
func TestADemoThatWasLeftHalfMadeIsMadeAnew(t *testing.T) {
	ctx := t.Context()
	a := install(t, "sqlite", time.Now)
	ann, err := a.Accounts.Create(ctx, access.NewAccount{Email: "ann@example.com", Name: "Ann", Password: password}, true)
	if err != nil {
		t.Fatal(err)
	}
	left, err := a.Found(ctx, Slug, access.Workspace{Name: "Fieldbook", Demo: true}, ledger.NewID(ledger.TimeOf(a.Now())))
	if err != nil {
		t.Fatal(err)
	}
	if slug, err := Load(ctx, a, ann); err != nil || slug != Slug {
		t.Fatalf("Load = %q, %v", slug, err)
	}
	if id, err := a.Workspace(ctx, Slug); err != nil || id == left {
		t.Errorf("the half-made one is still there: %v", err)
	}
}

func TestTheDemoIsBuiltOnceAndCanBeRemoved(t *testing.T) {
	b := open(t, "sqlite", "2026-05-12")
	seq := b.now().Seq()
	again, err := Build(t.Context(), b.App, "another one for today")
	if err != nil || again != b.workspace || b.now().Seq() != seq {
		t.Errorf("a second start finds %v, %v", again, err)
	}
	if _, _, err := b.Accounts.SignIn(t.Context(), Email(Host), "another one for today", access.Client{}); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if err := Remove(t.Context(), b.App); err != nil {
		t.Fatal(err)
	}
	if all, err := b.Ledger.Workspaces(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("there are %v, %v", all, err)
	}
	if err := Remove(t.Context(), b.App); !fault.Is(err, fault.NotFound) {
		t.Errorf("removing it again: %v", err)
	}
}

func TestTheDemoLeavesOthersAlone(t *testing.T) {
	a := install(t, "sqlite", time.Now)
	if _, err := a.Accounts.Create(t.Context(), access.NewAccount{Email: "ann@example.com", Name: "Ann", Password: password}, true); err != nil {
		t.Fatal(err)
	}
	if _, err := Build(t.Context(), a, password); !fault.Is(err, fault.Conflict) {
		t.Errorf("Build = %v, want a Conflict", err)
	}
	if all, err := a.Accounts.All(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("accounts = %v, %v", all, err)
	}
}

// TestABuildThatFailsLeavesNoWorkspace: the next one begins anew.
func TestABuildThatFailsLeavesNoWorkspace(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := install(t, "sqlite", time.Now)
	// the first workspace that shows interrupts who makes it
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if all, err := a.Ledger.Workspaces(ctx); err != nil || len(all) > 0 {
				return
			}
		}
	}()
	if _, err := Build(ctx, a, password); err == nil {
		t.Fatal("an interrupted Build ends without an error")
	}
	if all, err := a.Ledger.Workspaces(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("there are %v, %v", all, err)
	}
	if _, err := Build(t.Context(), a, password); err != nil {
		t.Error(err)
	}
}

// goesOn: the clock runs again, and rights are what they were when the past was made.
func (b *book) goesOn(t *testing.T) {
	var id ledger.ID
	_, err := b.Ledger.Update(t.Context(), b.workspace, b.actor("Lio"), "create", func(tx *ledger.Tx) (err error) {
		if got := calendar.DayOf(tx.Now.In(b.zone)); got != b.today {
			t.Errorf("it is %s, want %s", got, b.today)
		}
		id, err = backlog.FeatureTable.Create(tx, b.scope(tx), ledger.ID{}, table.Input{"title": "Made now"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := b.Ledger.UndoLast(t.Context(), b.workspace, b.actor("Lio"), ledger.Settlement{}); err != nil {
			t.Error(err)
		}
	}()
	_, err = b.Ledger.Update(t.Context(), b.workspace, b.actor("Bex"), "edit", func(tx *ledger.Tx) error {
		return backlog.FeatureTable.Edit(tx, b.scope(tx), id, table.Input{"title": "Not mine"})
	})
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("a contributor changes what is another's: %v", err)
	}
}

// TestTheDemoIsTheSameForADay compares everything but identifiers.
func TestTheDemoIsTheSameForADay(t *testing.T) {
	var texts []string
	for range 2 {
		b := open(t, "sqlite", "2026-11-23")
		var out strings.Builder
		v, s := b.now(), b.scope(b.now())
		for _, of := range b.Tables.All() {
			var rows []string
			for r := range of.Rows(v) {
				row := of.Kind()
				for _, c := range of.Columns(v) {
					if !slices.Contains([]string{"rank", "id", "account", "author", "resolved_by", "reviewer"}, c.Name) {
						row += " | " + of.Show(s, r, c.Name)
					}
				}
				rows = append(rows, row)
			}
			out.WriteString(strings.Join(rows, "\n") + "\n")
		}
		for _, c := range b.commits() {
			out.WriteString(c.At.Go().String() + " " + c.Verb + "\n")
			for _, e := range c.Entries {
				out.WriteString("  " + string(e.Op) + " " + e.Kind + "\n")
			}
		}
		texts = append(texts, out.String())
	}
	a, b := strings.Split(texts[0], "\n"), strings.Split(texts[1], "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("line %d differs:\n%s\n%s", i+1, a[i], b[i])
		}
	}
	if len(a) != len(b) || len(a) < 500 {
		t.Errorf("%d and %d lines", len(a), len(b))
	}
}

// TestTheDemoCanBeMadeOnAnyDay tries weekends, the ends of a year and the switch of clocks.
func TestTheDemoCanBeMadeOnAnyDay(t *testing.T) {
	for _, today := range []calendar.Day{"2026-01-01", "2026-03-29", "2026-10-31", "2028-02-29"} {
		t.Run(string(today), func(t *testing.T) {
			b := open(t, "sqlite", today)
			t.Run("has what a visitor looks for", b.hasEnough)
			t.Run("was made by its people", b.wasMadeByPeople)
		})
	}
}
