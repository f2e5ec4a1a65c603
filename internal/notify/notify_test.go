package notify_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/table"
)

var (
	tables = table.NewSet(access.ProductTable, people.TeamTable, people.PersonTable, strategy.ObjectiveTable, collab.Table)
	rules  = slices.Concat(people.Rules, strategy.Rules, collab.Rules(strategy.Objectives))
)

// office is a workspace with Ann, Bob and Cy, who are editors, and an inbox for each.
type office struct {
	*notify.Box
	t     *testing.T
	l     *ledger.Ledger
	ws    ledger.ID
	clock *ledgertest.Clock
	who   map[string]ledger.Actor
	goal  ledger.ID // an objective that the system made
}

func newOffice(t *testing.T, store ledger.Store) *office {
	o := &office{t: t, clock: ledgertest.NewClock(), who: map[string]ledger.Actor{}}
	o.l = ledgertest.Open(t, store, ledger.Options{
		Registry: ledger.NewRegistry(access.Workspaces, access.Products, access.Memberships, people.Teams, people.Persons, strategy.Objectives, collab.Comments, collab.Attachments, collab.Reviews),
		Policy:   access.NewTable(func(ledger.ID) (access.Scope, bool) { return "", false }, rules...),
		Clock:    o.clock.Now,
	})
	var err error
	if o.ws, err = o.l.CreateWorkspace(t.Context(), "office"); err != nil {
		t.Fatal(err)
	}
	o.do(ledger.System, func(tx *ledger.Tx) error {
		for _, name := range []string{"Ann", "Bob", "Cy"} {
			o.who[name] = ledger.Actor{ID: tx.NewID()}
			if err := people.Join(tx, o.who[name].ID, name, strings.ToLower(name)+"@example.com"); err != nil {
				return err
			}
			if err := access.Grant(tx, o.who[name].ID, access.Editor, ledger.ID{}); err != nil {
				return err
			}
		}
		o.goal, err = strategy.Objectives.Create(tx, strategy.Objective{Title: "Grow"})
		return err
	})
	o.Box, err = notify.Open(t.Context(), notify.Settings{
		Ledger: o.l, Tables: tables, Follows: func(kind string) bool { return kind == "objective" },
		Clock: o.clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

func (o *office) do(as ledger.Actor, fn func(tx *ledger.Tx) error, opts ...ledger.UpdateOption) {
	o.t.Helper()
	o.clock.Add(time.Minute)
	if _, err := o.l.Update(o.t.Context(), o.ws, as, "edit", fn, opts...); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) edit(who string, fn func(*strategy.Objective)) {
	o.t.Helper()
	o.do(o.who[who], func(tx *ledger.Tx) error {
		return strategy.Objectives.Edit(tx, o.goal, func(g *strategy.Objective) error { fn(g); return nil })
	})
}

func (o *office) say(who, text string) (id ledger.ID) {
	o.t.Helper()
	o.do(o.who[who], func(tx *ledger.Tx) (err error) {
		id, err = collab.Say(tx, &table.Scope{View: tx, Set: tables}, ledger.AnyRef{Kind: "objective", ID: o.goal}, text)
		return err
	})
	return id
}

func (o *office) reply(who string, to ledger.ID, text string) (id ledger.ID) {
	o.t.Helper()
	o.do(o.who[who], func(tx *ledger.Tx) (err error) {
		id, err = collab.Reply(tx, &table.Scope{View: tx, Set: tables}, to, text)
		return err
	})
	return id
}

func (o *office) follow(who string, on bool) {
	o.t.Helper()
	must(o.t, o.Follow(o.t.Context(), o.ws, o.who[who].ID, ledger.AnyRef{Kind: "objective", ID: o.goal}, on))
}

func (o *office) catchUp() {
	o.t.Helper()
	must(o.t, o.CatchUp(o.t.Context(), o.ws))
}

func (o *office) items(who string, tab notify.Tab) []notify.Item {
	o.t.Helper()
	s, err := o.l.At(o.t.Context(), o.ws, o.who[who], 0)
	must(o.t, err)
	items, err := o.Items(o.t.Context(), o.ws, o.who[who].ID, &table.Scope{View: s, Set: tables}, tab)
	must(o.t, err)
	return items
}

// told is what somebody's inbox says, the newest first: the title, the reasons and who.
func (o *office) told(who string, tab notify.Tab) string {
	o.t.Helper()
	var all []string
	for _, i := range o.items(who, tab) {
		text := i.About.Title + ":"
		for _, n := range i.Notices {
			text += " " + string(n.Reason) + " by " + o.name(n.Actor)
			if len(n.Fields) > 0 {
				text += fmt.Sprint(" ", n.Fields)
			}
			text += ","
		}
		text = strings.TrimSuffix(text, ",")
		if i.Unread {
			text += " *"
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func (o *office) name(account ledger.ID) string {
	for name, a := range o.who {
		if a.ID == account {
			return name
		}
	}
	return "?"
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) want(who string, tab notify.Tab, want string) {
	o.t.Helper()
	if got := o.told(who, tab); got != want {
		o.t.Errorf("%s is told %q in %s, want %q", who, got, tab, want)
	}
}

// each runs a test on every engine.
func each(t *testing.T, f func(t *testing.T, o *office)) {
	ledgertest.Each(t, func(t *testing.T, open func() ledger.Store) { f(t, newOffice(t, open())) })
}

func TestWhoIsToldOfWhat(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.catchUp()
		for _, who := range []string{"Ann", "Bob", "Cy"} {
			o.want(who, notify.Waiting, "")
		}
		// whoever is made the owner, and follows from then on
		var bob ledger.ID
		o.do(o.who["Ann"], func(tx *ledger.Tx) error {
			p, _ := people.Of(tx, o.who["Bob"].ID)
			bob = p.ID
			return nil
		})
		o.edit("Ann", func(g *strategy.Objective) { g.Owner = ledger.Ref(bob) })
		o.edit("Ann", func(g *strategy.Objective) { g.Title, g.Period = "Grow fast", "2026" })
		o.edit("Bob", func(g *strategy.Objective) { g.Title = "Grow well" }) // his own doing
		o.catchUp()
		o.want("Bob", notify.Waiting, "Grow well: changed by Ann [title period], assigned by Ann [owner] *")
		o.want("Ann", notify.Waiting, "") // an edit alone does not make her follow

		// whoever is mentioned, and everybody who follows; each for the strongest reason
		first := o.say("Ann", "what do you think, @Bob, @Cy?")
		o.catchUp()
		o.want("Cy", notify.Waiting, "Grow well: mentioned by Ann *")
		o.want("Bob", notify.Waiting, "Grow well: mentioned by Ann, changed by Ann [title period], assigned by Ann [owner] *")
		o.reply("Bob", first, "let me see, @Bob") // nobody tells himself
		o.catchUp()
		o.want("Ann", notify.Waiting, "Grow well: replied by Bob *")
		o.want("Cy", notify.Waiting, "Grow well: commented by Bob, mentioned by Ann *")
		o.do(o.who["Bob"], func(tx *ledger.Tx) error {
			return collab.Resolve(tx, &table.Scope{View: tx, Set: tables}, first, true)
		})
		o.catchUp()
		o.want("Ann", notify.Waiting, "Grow well: resolved by Bob, replied by Bob *")

		// who unfollows is not told, and no comment makes them follow again
		o.follow("Cy", false)
		o.say("Cy", "I am out")
		o.edit("Ann", func(g *strategy.Objective) { g.Title = "Grow" })
		o.catchUp()
		o.want("Cy", notify.Waiting, "Grow: commented by Bob, mentioned by Ann *")
		o.say("Bob", "@Cy, one thing") // but a mention is meant for her
		o.catchUp()
		o.want("Cy", notify.Waiting, "Grow: mentioned by Bob, commented by Bob, mentioned by Ann *")
	})
}

func TestANoticeIsMadeOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.follow("Bob", true)
		o.edit("Ann", func(g *strategy.Objective) { g.Title = "Grow fast" })
		o.catchUp()
		_, err := o.Finish(t.Context(), o.ws, o.who["Bob"].ID, o.goal)
		must(t, err)
		// a follower that was stopped before it noted how far it had come begins anew
		must(t, o.l.SetCursor(t.Context(), o.ws, "notices", 0))
		o.catchUp()
		o.want("Bob", notify.Waiting, "")
		o.want("Bob", notify.Done, "Grow fast: changed by Ann [title]")
		o.edit("Ann", func(g *strategy.Objective) { g.Title = "Grow" })
		o.catchUp()
		o.want("Bob", notify.Waiting, "Grow: changed by Ann [title] *") // of what is done nothing comes back
		// what happened long before it is read is nobody's news
		o.edit("Ann", func(g *strategy.Objective) { g.Period = "2026" })
		o.clock.Add(30 * 24 * time.Hour)
		o.catchUp()
		o.want("Bob", notify.Waiting, "Grow: changed by Ann [title] *")
	})
}

func TestAProposalTellsWhenItIsMerged(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.follow("Bob", true)
		var p ledger.ID
		o.do(o.who["Ann"], func(tx *ledger.Tx) (err error) {
			p, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "What if", State: ledger.ProposalOpen})
			return err
		})
		o.do(o.who["Ann"], func(tx *ledger.Tx) error {
			_, err := collab.Say(tx, &table.Scope{View: tx, Set: tables}, ledger.AnyRef{Kind: "objective", ID: o.goal}, "if so")
			if err != nil {
				return err
			}
			return strategy.Objectives.Edit(tx, o.goal, func(g *strategy.Objective) error { g.Period = "2027"; return nil })
		}, ledger.In(p))
		o.catchUp()
		o.want("Bob", notify.Waiting, "")
		_, err := o.l.Merge(t.Context(), o.ws, o.who["Cy"], p, ledger.Settlement{})
		must(t, err)
		o.catchUp()
		if got := o.told("Bob", notify.Waiting); !strings.Contains(got, "commented by Ann") || !strings.Contains(got, "changed by Cy [period]") {
			t.Errorf("Bob is told %q of the merge", got)
		}
	})
}

func TestStatesOfALine(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.follow("Bob", true)
		o.edit("Ann", func(g *strategy.Objective) { g.Title = "Grow fast" })
		o.catchUp()
		bob := o.who["Bob"].ID
		mark := func(n int, err error) {
			t.Helper()
			must(t, err)
			if n != 1 {
				t.Errorf("%d lines were marked, want 1", n)
			}
		}
		const one = "Grow fast: changed by Ann [title]"
		o.want("Bob", notify.Waiting, one+" *")
		mark(o.Read(t.Context(), o.ws, bob, o.goal))
		o.want("Bob", notify.Waiting, one)
		mark(o.MarkUnread(t.Context(), o.ws, bob, o.goal))
		o.want("Bob", notify.Waiting, one+" *")
		mark(o.Finish(t.Context(), o.ws, bob, o.goal))
		o.want("Bob", notify.Waiting, "")
		o.want("Bob", notify.Done, one)
		mark(o.Return(t.Context(), o.ws, bob, o.goal))
		o.want("Bob", notify.Waiting, one)
		o.want("Bob", notify.Done, "")

		until := o.clock.Now().Add(time.Hour)
		mark(o.Snooze(t.Context(), o.ws, bob, until, o.goal))
		o.want("Bob", notify.Waiting, "")
		o.want("Bob", notify.Snoozed, one+" *")
		o.clock.Add(time.Hour + time.Second)
		o.want("Bob", notify.Snoozed, "")
		o.want("Bob", notify.Waiting, one+" *")
		mark(o.Snooze(t.Context(), o.ws, bob, o.clock.Now().Add(time.Hour), o.goal))
		o.edit("Ann", func(g *strategy.Objective) { g.Title = "Grow" }) // what is new ends it
		o.catchUp()
		o.want("Bob", notify.Waiting, "Grow: changed by Ann [title], changed by Ann [title] *")
		if _, err := o.Snooze(t.Context(), o.ws, bob, o.clock.Now().Add(800*24*time.Hour), o.goal); !fault.Is(err, fault.Invalid) {
			t.Errorf("a snooze of two years: %v", err)
		}

		// a line of somebody else cannot be named
		if n, err := o.Finish(t.Context(), o.ws, o.who["Cy"].ID, o.goal); err != nil || n != 0 {
			t.Errorf("Cy finishes %d lines of others: %v", n, err)
		}
		mark(o.Finish(t.Context(), o.ws, bob, o.goal))
		o.clock.Add(89 * 24 * time.Hour)
		must(t, o.Sweep(t.Context()))
		if o.told("Bob", notify.Done) == "" {
			t.Error("what was done is forgotten too early")
		}
		o.clock.Add(2 * 24 * time.Hour)
		must(t, o.Sweep(t.Context()))
		o.want("Bob", notify.Done, "")
	})
}

func TestWhoLosesARightLosesWhatTheyWereTold(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.follow("Bob", true)
		id := o.say("Ann", "among us")
		o.catchUp()
		o.want("Bob", notify.Waiting, "Grow: commented by Ann *")
		var product ledger.ID
		o.do(ledger.System, func(tx *ledger.Tx) (err error) {
			product, err = access.Products.Create(tx, access.Product{Name: "Secret", Prefix: "SE", Private: true})
			if err != nil {
				return err
			}
			return strategy.Objectives.Edit(tx, o.goal, func(g *strategy.Objective) error { g.Product = ledger.Ref(product); return nil })
		})
		o.catchUp()
		o.want("Bob", notify.Waiting, "")
		o.do(ledger.System, func(tx *ledger.Tx) error { return access.Grant(tx, o.who["Bob"].ID, access.Viewer, product) })
		if got := o.told("Bob", notify.Waiting); !strings.Contains(got, "commented by Ann") {
			t.Errorf("Bob is told %q once he may see it", got)
		}
		// what was said and taken back is not told any more
		o.do(ledger.System, func(tx *ledger.Tx) error { return collab.Delete(tx, id) })
		if got := o.told("Bob", notify.Waiting); strings.Contains(got, "commented") {
			t.Errorf("Bob is told %q of what was taken back", got)
		}
	})
}

func TestAPageIsWoken(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.follow("Bob", true)
		bob, stop := o.Watch(o.ws, o.who["Bob"].ID)
		defer stop()
		cy, give := o.Watch(o.ws, o.who["Cy"].ID)
		defer give()
		o.edit("Ann", func(g *strategy.Objective) { g.Title = "Grow fast" })
		o.catchUp()
		select {
		case <-bob:
		case <-time.After(10 * time.Second):
			t.Fatal("nobody wakes the page")
		}
		select {
		case <-cy:
			t.Error("the page of somebody else is woken")
		default:
		}
	})
}

func TestReviewsAreTold(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		about := ledger.AnyRef{Kind: "objective"}
		o.do(o.who["Ann"], func(tx *ledger.Tx) (err error) {
			about.ID, err = strategy.Objectives.Create(tx, strategy.Objective{Title: "Plan"})
			return err
		})
		ask := func() {
			o.t.Helper()
			o.do(o.who["Ann"], func(tx *ledger.Tx) error {
				_, err := collab.Ask(tx, about, o.who["Bob"].ID, true)
				return err
			})
			o.catchUp()
		}
		judge := func(who string, v collab.Verdict) {
			o.t.Helper()
			o.do(o.who[who], func(tx *ledger.Tx) error { return collab.Judge(tx, about, v, "because") })
			o.catchUp()
		}
		ask()
		o.want("Bob", notify.Waiting, "Plan: asked by Ann *")
		o.want("Ann", notify.Waiting, "") // her own doing
		judge("Bob", collab.Approved)
		o.want("Ann", notify.Waiting, "Plan: judged by Bob *")
		o.want("Bob", notify.Waiting, "Plan: asked by Ann *")
		judge("Cy", collab.Changes) // who was not asked
		o.want("Ann", notify.Waiting, "Plan: judged by Cy, judged by Bob *")
		o.want("Cy", notify.Waiting, "")
		ask() // anew
		o.want("Bob", notify.Waiting, "Plan: asked by Ann, asked by Ann *")
		o.do(o.who["Ann"], func(tx *ledger.Tx) error { // who must agree is no news
			r, _ := collab.ReviewOf(tx, about.ID, o.who["Bob"].ID)
			return collab.Reviews.Edit(tx, r.ID, func(r *collab.Review) error { r.Must = false; return nil })
		})
		o.do(o.who["Ann"], func(tx *ledger.Tx) error {
			r, _ := collab.ReviewOf(tx, about.ID, o.who["Cy"].ID)
			return collab.Reviews.Delete(tx, r.ID)
		})
		o.catchUp()
		o.want("Bob", notify.Waiting, "Plan: asked by Ann, asked by Ann *")
		o.want("Cy", notify.Waiting, "")
	})
}

func TestUnreadIsCountedAnewWhenSomethingHappens(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		bob := o.who["Bob"].ID
		other, err := notify.Open(t.Context(), notify.Settings{ // another process
			Ledger: o.l, Tables: tables, Follows: func(string) bool { return false }, Clock: o.clock.Now, Log: slog.New(slog.DiscardHandler),
		})
		must(t, err)
		t.Cleanup(other.Close)
		want := func(what string, n int) {
			t.Helper()
			s, err := o.l.At(t.Context(), o.ws, o.who["Bob"], 0)
			must(t, err)
			for name, b := range map[string]*notify.Box{"this": o.Box, "the other": other} {
				for range 2 {
					got, err := b.Unread(t.Context(), o.ws, bob, &table.Scope{View: s, Set: tables})
					must(t, err)
					if got != n {
						t.Errorf("%s: %s process counts %d, want %d", what, name, got, n)
					}
				}
			}
		}
		want("nothing was told", 0)
		o.follow("Bob", true)
		o.edit("Ann", func(g *strategy.Objective) { g.Title = "Grow fast" })
		o.catchUp()
		want("a change", 1)
		for range 3 { // at one and the same time
			_, err = o.Read(t.Context(), o.ws, bob, o.goal)
			must(t, err)
			want("read", 0)
			_, err = o.MarkUnread(t.Context(), o.ws, bob, o.goal)
			must(t, err)
			want("unread", 1)
		}
		_, err = o.Snooze(t.Context(), o.ws, bob, o.clock.Now().Add(time.Hour), o.goal)
		must(t, err)
		want("snoozed", 0)
		o.clock.Add(2 * time.Hour)
		want("back", 1)
		o.do(ledger.System, func(tx *ledger.Tx) error { return strategy.Objectives.Delete(tx, o.goal) })
		want("what it is about is gone", 0)
	})
}
