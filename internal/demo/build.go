package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/calendar"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/table"
)

// Slug is the workspace in addresses.
const Slug = "fieldbook"

// Zone is the time zone of the workspace.
const Zone = "Europe/Vienna"

// Host is who founded the workspace and owns it: whoever looks at the demo signs in as
// her.
const Host = "Mira"

// Email returns the address of one of the people in the demo.
func Email(name string) string { return strings.ToLower(name) + "@fieldbook.example" }

// Build makes the workspace as it looks today, unless it is there, in an installation for
// the demo alone, and an account for its host, who gets the password in any case. The
// other people have none: nobody signs in as them. What fails half-way leaves no
// workspace.
//
// Errors: fault.Conflict if the installation has other accounts than the demo's.
func Build(ctx context.Context, a *app.App, password string) (ledger.ID, error) {
	host, err := makeHost(ctx, a.Accounts, password)
	if err != nil {
		return ledger.ID{}, err
	}
	all, err := a.Ledger.Workspaces(ctx)
	if err != nil {
		return ledger.ID{}, err
	}
	if id, ok := all[Slug]; ok {
		return id, nil
	}
	return build(ctx, a, Slug, host)
}

// build makes the workspace under a slug that is free. Its host has the account.
func build(ctx context.Context, a *app.App, slug string, host ledger.ID) (id ledger.ID, err error) {
	steps, err := readScript(fieldbook)
	if err != nil {
		return ledger.ID{}, err
	}
	zone, err := time.LoadLocation(Zone)
	if err != nil {
		return ledger.ID{}, err
	}
	b := &builder{
		App: a, clock: &clock{}, zone: zone, today: calendar.DayOf(a.Now().In(zone)), ids: map[*thing]ledger.ID{},
		accounts: map[string]ledger.ID{Host: host}, files: map[string]files.File{},
	}
	for _, name := range cast(steps) {
		if name != Host {
			b.accounts[name] = ledger.NewID(ledger.TimeOf(a.Now()))
		}
	}
	b.turnClock(steps[0])
	if b.workspace, err = a.Ledger.CreateWorkspace(ctx, slug); err != nil {
		return ledger.ID{}, err
	}
	now, err := a.Ledger.Backdate(ctx, b.workspace, b.clock.Now)
	if err == nil {
		defer now()
		err = b.found(ctx, slug)
	}
	if err == nil {
		err = b.replay(ctx, steps)
	}
	if err == nil {
		err = a.Tell(ctx, b.workspace)
	}
	if err != nil {
		return ledger.ID{}, errors.Join(err, a.RemoveWorkspace(context.WithoutCancel(ctx), b.workspace))
	}
	return b.workspace, nil
}

// Remove removes the workspace with all its history. The host's account stays, because
// accounts belong to the installation.
func Remove(ctx context.Context, a *app.App) error {
	id, err := a.Workspace(ctx, Slug)
	if err != nil {
		return err
	}
	return a.RemoveWorkspace(ctx, id)
}

// cast returns the names of those who have a role.
func cast(steps []*step) (names []string) {
	for _, s := range steps {
		if _, ok := s.value("role"); ok && s.first {
			names = append(names, s.of.title)
		}
	}
	return names
}

// makeHost returns the account of the host, and gives it the password.
func makeHost(ctx context.Context, accounts *access.Accounts, password string) (ledger.ID, error) {
	have, err := accounts.All(ctx)
	if err != nil {
		return ledger.ID{}, err
	}
	var host ledger.ID
	for _, account := range have {
		if account.Email != Email(account.Name) {
			return ledger.ID{}, fault.New(fault.Conflict, "this installation has accounts of other people; the demo needs one of its own")
		}
		if account.Name == Host {
			host = account.ID
		}
	}
	if host.IsZero() {
		account, err := accounts.Create(ctx, access.NewAccount{Email: Email(Host), Name: Host, Password: password}, true)
		return account.ID, err
	}
	secret, err := accounts.NewReset(ctx, access.Operator, host)
	if err == nil {
		err = accounts.Reset(ctx, secret, password)
	}
	return host, err
}

// builder replays the script.
type builder struct {
	*app.App
	clock     *clock
	zone      *time.Location
	today     calendar.Day
	workspace ledger.ID
	accounts  map[string]ledger.ID  // by name
	ids       map[*thing]ledger.ID  // of what is made
	files     map[string]files.File // by name
}

// found makes the workspace what others are, before anything is in it. Its host may be
// nobody's account, whom founding knows nothing of.
func (b *builder) found(ctx context.Context, slug string) error {
	host := b.accounts[Host]
	if _, err := b.Found(ctx, slug, access.Workspace{Name: "Fieldbook", TimeZone: Zone, Demo: true}, host); err != nil {
		return err
	}
	_, err := b.Ledger.Update(ctx, b.workspace, ledger.System, "found the workspace", func(tx *ledger.Tx) error {
		return people.Join(tx, host, Host, Email(Host))
	})
	return err
}

// replay does what the steps say, those of one person at one time in one commit.
func (b *builder) replay(ctx context.Context, steps []*step) error {
	for len(steps) > 0 {
		first := steps[0]
		n := 1
		for n < len(steps) && together(first, steps[n]) {
			n++
		}
		b.turnClock(first)
		if err := b.commit(ctx, steps[:n]); err != nil {
			return fmt.Errorf("%s: %w", first.line, err)
		}
		steps = steps[n:]
	}
	return nil
}

func together(a, b *step) bool {
	return a.day == b.day && a.clock == b.clock && a.who == b.who && !isAlone(a) && !isAlone(b)
}

// isAlone reports whether a step is a commit of its own by its nature.
func isAlone(s *step) bool {
	return slices.ContainsFunc(s.deeds, func(d deed) bool {
		return d.name == "undo" || d.name == "on" || d.name == "merge" || d.name == "discard"
	})
}

func (b *builder) day(s *step) calendar.Day { return workday(b.today, s.day) }

func (b *builder) turnClock(s *step) {
	// the clock on the wall, also on a day when it is put forward
	d := b.day(s).Go(b.zone)
	b.clock.set(time.Date(d.Year(), d.Month(), d.Day(), 0, int(s.clock.Minutes()), 0, 0, b.zone))
}

// commit does what steps of one person at one time say.
func (b *builder) commit(ctx context.Context, steps []*step) error {
	account, ok := b.accounts[steps[0].who]
	if !ok {
		return fmt.Errorf("nobody is called %s", steps[0].who)
	}
	as := ledger.Actor{ID: account}
	if _, undo := steps[0].value("undo"); undo {
		_, err := b.Ledger.UndoLast(ctx, b.workspace, as, ledger.Settlement{})
		return err
	}
	if reason, merge := steps[0].value("merge"); merge {
		_, err := b.Ledger.Merge(ctx, b.workspace, as, b.ids[steps[0].of], ledger.Settlement{Reason: reason})
		return err
	}
	if reason, discard := steps[0].value("discard"); discard {
		_, err := b.Ledger.Discard(ctx, b.workspace, as, b.ids[steps[0].of], reason)
		return err
	}
	for _, s := range steps {
		if name, attach := s.value("attach"); attach {
			if err := b.store(ctx, name); err != nil {
				return err
			}
		}
	}
	verb := "edit"
	if !slices.ContainsFunc(steps, func(s *step) bool { return !s.first }) {
		verb = "create"
	}
	var opts []ledger.UpdateOption
	if _, on := steps[0].value("on"); on {
		opts = append(opts, ledger.In(b.ids[steps[0].of]))
	}
	_, err := b.Ledger.Update(ctx, b.workspace, as, verb, func(tx *ledger.Tx) error {
		for _, s := range steps {
			if err := b.do(tx, s); err != nil {
				return fmt.Errorf("%s %q: %w", s.of.kind, s.of.title, err)
			}
		}
		return nil
	}, opts...)
	return err
}

// do does what one step says.
func (b *builder) do(tx *ledger.Tx, s *step) error {
	if s.of.kind == "proposal" && s.first {
		aim, _ := s.value("aim")
		id, err := ledger.Proposals.Create(tx, ledger.Proposal{Title: s.of.title, Aim: aim, Why: tx.Text(s.of.text), State: ledger.ProposalOpen})
		b.ids[s.of] = id
		return err
	}
	if role, ok := s.value("role"); ok {
		if err := b.admit(tx, s.of.title, access.Role(role)); err != nil {
			return err
		}
	}
	scope := &table.Scope{View: tx, Set: b.Tables, Today: b.day(s), Week: time.Monday, Zone: b.zone}
	t, id, err := b.target(scope, s)
	if err != nil {
		return err
	}
	in, err := b.input(t, scope, s)
	switch {
	case err != nil:
		return err
	case id.IsZero():
		id, err = t.Create(tx, scope, ledger.ID{}, in)
	case len(in) > 0:
		err = t.Edit(tx, scope, id, in)
	}
	if err != nil {
		return err
	}
	if s.first {
		b.ids[s.of] = id
	}
	return b.act(tx, scope, ledger.AnyRef{Kind: t.Kind(), ID: id}, s)
}

// store keeps the content of a file of the script.
func (b *builder) store(ctx context.Context, name string) error {
	content, err := fieldbook.Open("fieldbook/files/" + name)
	if err != nil {
		return err
	}
	defer content.Close()
	b.files[name], err = b.Files.Put(ctx, b.workspace, name, content)
	return err
}

// admit lets somebody in, as an invitation does.
func (b *builder) admit(tx *ledger.Tx, name string, role access.Role) error {
	account := b.accounts[name]
	if err := people.Join(tx, account, name, Email(name)); err != nil {
		return err
	}
	return access.Grant(tx, account, role, ledger.ID{})
}

// target returns what a step is about; a zero identifier if the step makes it. The
// founding has made some things already.
func (b *builder) target(scope *table.Scope, s *step) (table.Any, ledger.ID, error) {
	kind, title := s.of.kind, s.of.title
	if feature, ok := s.value("on"); ok {
		kind, title = "feature", feature
	} else if !s.first {
		t, _ := b.Tables.Of(kind)
		return t, b.ids[s.of], nil
	}
	t, ok := b.Tables.Of(kind)
	if !ok {
		return nil, ledger.ID{}, fmt.Errorf("there is no kind %q", kind)
	}
	found := t.Named(scope.View, title)
	if len(found) == 0 && s.first {
		return t, ledger.ID{}, nil
	}
	id, err := scope.Find(kind, title)
	return t, id, err
}

// input returns the values that a step writes. What is made gets its name, which is the
// first column of its table that is written, and the beginning of its text.
func (b *builder) input(t table.Any, scope *table.Scope, s *step) (table.Input, error) {
	in := table.Input{}
	if s.first {
		columns := t.Columns(scope.View)
		in[columns[slices.IndexFunc(columns, func(c table.Info) bool { return c.Writable })].Name] = s.of.title
		if s.of.text != "" {
			in["description"] = s.of.summary()
		}
	}
	for _, d := range s.deeds {
		switch {
		case d.name == "text":
			in["description"] = s.of.text
		case !acts[d.name]:
			value, err := resolve(d.value, b.today, b.day(s))
			if err != nil {
				return nil, err
			}
			in[d.name] = value
		}
	}
	return in, nil
}

// acts are what a step can do besides writing columns.
var acts = map[string]bool{
	"text": true, "role": true, "on": true, "undo": true, "archive": true, "restore": true, "delete": true, "before": true,
	"blocks": true, "unblocks": true, "relates": true, "duplicates": true, "aim": true,
	"say": true, "reply": true, "react": true, "resolve": true, "attach": true,
	"ask": true, "need": true, "approve": true, "change": true, "merge": true, "discard": true,
}

// act does what a step does to an entity besides writing columns.
func (b *builder) act(tx *ledger.Tx, scope *table.Scope, about ledger.AnyRef, s *step) error {
	for _, d := range s.deeds {
		var err error
		switch d.name {
		case "archive":
			err = backlog.Archive(tx, about.ID)
		case "restore":
			err = backlog.Restore(tx, about.ID)
		case "delete":
			t, _ := b.Tables.Of(about.Kind)
			err = t.Delete(tx, about.ID)
		case "blocks", "unblocks", "relates", "duplicates", "before":
			var other ledger.ID
			if other, err = scope.Find("feature", d.value); err == nil {
				err = join(tx, scope, about.ID, d.name, other)
			}
		case "say":
			_, err = collab.Say(tx, scope, about, d.value)
		case "reply", "react", "resolve":
			err = answer(tx, scope, about, d)
		case "attach":
			f := b.files[d.value]
			_, err = collab.Attach(tx, collab.Attachment{
				About: about, Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Width: f.Width, Height: f.Height,
			})
		case "ask", "need":
			_, err = collab.Ask(tx, about, b.accounts[d.value], d.name == "need")
		case "approve":
			err = collab.Judge(tx, about, collab.Approved, d.value)
		case "change":
			err = collab.Judge(tx, about, collab.Changes, d.value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answer does to the newest thread about something what answers it; a reaction is to the
// newest words in it.
func answer(tx *ledger.Tx, scope *table.Scope, about ledger.AnyRef, d deed) error {
	threads := collab.Threads(tx, about.ID)
	if len(threads) == 0 {
		return errors.New("nobody has said anything about it yet")
	}
	newest := threads[len(threads)-1]
	switch d.name {
	case "reply":
		_, err := collab.Reply(tx, scope, newest.ID, d.value)
		return err
	case "react":
		said := newest.ID
		if n := len(newest.Replies); n > 0 {
			said = newest.Replies[n-1].ID
		}
		return collab.React(tx, said, d.value, true)
	}
	return collab.Resolve(tx, scope, newest.ID, true)
}

// join does to a feature what has to do with another.
func join(tx *ledger.Tx, scope *table.Scope, id ledger.ID, how string, other ledger.ID) error {
	switch how {
	case "unblocks":
		return backlog.Disconnect(tx, id, backlog.Blocks, other)
	case "before":
		above := ledger.ID{}
		for _, r := range backlog.FeatureTable.Listed(scope) {
			if r.ID() == other {
				break
			}
			above = r.ID()
		}
		return backlog.Move(tx, id, above, other)
	}
	return backlog.Connect(tx, id, backlog.DependencyType(how), other)
}
