package inboxweb

import (
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/web/discussion"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// told is one thing that happened, in words.
type told struct {
	icon, text, quote string
	href              string // of the comment
	changes           []ui.FieldChange
	at                ledger.Time
}

// icons are what stands before a line, by its strongest reason.
var icons = map[notify.Reason]string{
	notify.Mentioned: "at-sign", notify.Assigned: "user-check", notify.Asked: "eye", notify.Judged: "circle-check", notify.Replied: "message-square-text",
	notify.Commented: "message-square-text", notify.Resolved: "circle-check", notify.Changed: "pen-line",
}

// strongest is the notice that a line is about: the newest of those for the reader, else of
// what was said, else of what was changed.
func strongest(i *notify.Item) *notify.Notice {
	rank := func(r notify.Reason) int {
		switch {
		case r.Personal():
			return 0
		case r == notify.Changed:
			return 2
		}
		return 1
	}
	best := &i.Notices[0]
	for n := range i.Notices {
		if rank(i.Notices[n].Reason) < rank(best.Reason) {
			best = &i.Notices[n]
		}
	}
	return best
}

func (in *inbox) name(account ledger.ID) string {
	if account == ledger.System.ID {
		return "Throughline"
	}
	if name := in.names(account); name != "" {
		return name
	}
	return "Somebody"
}

// line says in one line what happened.
func (in *inbox) line(i *notify.Item) string {
	n := strongest(i)
	if n.Reason == notify.Changed && len(i.Notices) > 1 {
		var who []string
		for _, n := range i.Notices {
			if name := in.name(n.Actor); !slices.Contains(who, name) {
				who = append(who, name)
			}
		}
		return strconv.Itoa(len(i.Notices)) + " changes by " + sentence(who)
	}
	text := in.words(i, n)
	if n.Comment != nil && n.Reason != notify.Resolved {
		text += ": “" + discussion.Gist(n.Comment) + "”"
	}
	if more := len(i.Notices) - 1; more > 0 {
		text += " · " + strconv.Itoa(more) + " more"
	}
	return text
}

// words say one notice.
func (in *inbox) words(i *notify.Item, n *notify.Notice) string {
	who := in.name(n.Actor)
	switch n.Reason {
	case notify.Mentioned:
		return who + " mentioned you"
	case notify.Assigned:
		return who + " made you the owner"
	case notify.Asked:
		return who + " asked you for a review"
	case notify.Judged:
		return who + " " + in.verdict(i, n)
	case notify.Replied:
		return who + " replied"
	case notify.Commented:
		return who + " commented"
	case notify.Resolved:
		return who + " resolved the thread"
	case notify.Changed:
		return who + " changed " + in.fields(i, n)
	}
	return who
}

// verdict is what a reviewer says now.
func (in *inbox) verdict(i *notify.Item, n *notify.Notice) string {
	of, _ := collab.ReviewOf(in.scope.View, i.About.ID, n.Actor)
	switch {
	case of == nil || of.Verdict == collab.Waiting:
		return "gave a verdict and took it back"
	case of.Verdict == collab.Changes:
		return "asks for a change"
	}
	return "approved it"
}

// fields names what changed; of one field with the value that it has now.
func (in *inbox) fields(i *notify.Item, n *notify.Notice) string {
	t, ok := in.scope.Set.Of(i.About.Kind)
	if !ok {
		return "it"
	}
	row, ok := t.Row(in.scope.View, i.About.ID)
	if !ok {
		return "it"
	}
	var labels []string
	value := ""
	for _, name := range n.Fields {
		c, ok := t.Column(in.scope.View, name)
		if !ok || slices.Contains(labels, strings.ToLower(c.Label)) {
			continue
		}
		labels = append(labels, strings.ToLower(c.Label))
		value = t.Show(in.scope, row, name)
	}
	switch {
	case len(labels) == 0:
		return "its fields"
	case len(labels) == 1 && value != "" && len(value) < 60:
		return labels[0] + " to " + value
	case len(labels) > 3:
		return strconv.Itoa(len(labels)) + " fields"
	}
	return sentence(labels)
}

// sentence joins words as in "Ann, Bob and Cy".
func sentence(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], ", ") + " and " + all[last]
}

// tell says all that happened, the newest first; what changed is read from the history,
// with the rights of the reader.
func (in *inbox) tell(i *notify.Item) ([]told, error) {
	changed, err := in.changes(i)
	if err != nil {
		return nil, err
	}
	var all []told
	for k := range i.Notices {
		n := &i.Notices[k]
		t := told{icon: icons[n.Reason], text: in.words(i, n), at: n.At}
		if n.Comment != nil {
			t.quote = discussion.Gist(n.Comment)
			t.href = "#c-" + n.Comment.ID.String()
		}
		if n.Reason == notify.Changed {
			t.changes = changed[n.Seq]
			if len(t.changes) > 0 {
				t.text = in.name(n.Actor) + " changed"
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// changes are the fields of the commits that an item tells of.
func (in *inbox) changes(i *notify.Item) (map[ledger.Seq][]ui.FieldChange, error) {
	wanted := map[ledger.Seq][]string{}
	oldest := ledger.Seq(0)
	for _, n := range i.Notices {
		if n.Reason == notify.Changed {
			wanted[n.Seq] = n.Fields
			oldest = n.Seq
		}
	}
	all := map[ledger.Seq][]ui.FieldChange{}
	t, ok := in.scope.Set.Of(i.About.Kind)
	if !ok || len(wanted) == 0 {
		return all, nil
	}
	for c, err := range in.Kit.Ledger.History(in.Context(), in.Live(), t.AnyKind(), i.About.ID) {
		if err != nil {
			return nil, err
		}
		if c.Seq < oldest {
			break
		}
		for _, e := range c.Entries {
			for _, f := range e.Changes {
				if !slices.Contains(wanted[c.Seq], f.Field) {
					continue
				}
				for _, shown := range in.ShowChanges(t, in.scope, f) {
					if shown.Was == shown.Now {
						shown.Was, shown.Now = "", "changed"
					}
					all[c.Seq] = append(all[c.Seq], ui.FieldChange{Label: shown.Label, Old: short(shown.Was), New: short(shown.Now)})
				}
			}
		}
	}
	return all, nil
}

// short cuts a value that is longer than a line.
func short(s string) string {
	if r := []rune(s); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return s
}
