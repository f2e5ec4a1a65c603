package collab

import (
	"path"
	"regexp"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// Attachment is a file that hangs on an entity. Its bytes lie in package files, under
// their hash; the journal keeps who attached what, when it was called otherwise and when
// it went.
type Attachment struct {
	ledger.Meta
	About  ledger.AnyRef `json:"about,omitzero" kind:"*,cascade"`
	Name   string        `json:"name,omitzero" ledger:"title"`
	Type   string        `json:"type,omitzero"` // of its content, as it was found out
	Size   int64         `json:"size,omitzero"` // in bytes
	SHA256 string        `json:"sha256,omitzero"`
	Width  int           `json:"width,omitzero"` // in pixels; 0 for what is no picture
	Height int           `json:"height,omitzero"`
	Author ledger.ID     `json:"author,omitzero"` // the account that attached it
}

// Picture reports whether it can be shown in a text.
func (a *Attachment) Picture() bool { return a.Width > 0 }

// Attachments is the kind of attachments.
var (
	Attachments      = ledger.NewKind[Attachment]("attachment")
	_                = Attachments.Check(checkAttachment)
	attachmentsAbout = ledger.NewIndex(Attachments, func(a *Attachment) []ledger.ID { return []ledger.ID{a.About.ID} })
)

// AttachmentTable is what can be read and written of attachments. A new one comes with its
// content, by Attach.
var AttachmentTable = table.New(Attachments, table.Spec[Attachment]{
	Name: "attachments", One: "attachment", Label: "Files",
	Title: func(a *Attachment) string { return a.Name },
	Sort:  []table.Sort{{Column: "created_at"}},
	Columns: []table.Column[Attachment]{
		table.Text("name", "Name", func(a *Attachment) *string { return &a.Name }).Required(),
		table.Anything("about", "About", func(a *Attachment) *ledger.AnyRef { return &a.About }).ReadOnly().
			Describe("what it hangs on: an entity of any kind"),
		table.ComputedText("type", "Type", func(_ *table.Scope, a *Attachment) string { return a.Type }).
			Describe("the type of its content, as the server found it out"),
		table.Computed("size", "Size", func(_ *table.Scope, a *Attachment) (float64, bool) { return float64(a.Size), true }).In("bytes"),
		table.ComputedText("sha256", "Hash", func(_ *table.Scope, a *Attachment) string { return a.SHA256 }).Quiet().
			Describe("the SHA-256 of its content"),
		table.Computed("width", "Width", func(_ *table.Scope, a *Attachment) (float64, bool) { return float64(a.Width), a.Width > 0 }).In("px").Quiet(),
		table.Computed("height", "Height", func(_ *table.Scope, a *Attachment) (float64, bool) { return float64(a.Height), a.Height > 0 }).In("px").Quiet(),
		table.Identifier("author", "Author", func(a *Attachment) *ledger.ID { return &a.Author }).ReadOnly().Quiet().
			Describe("the account that attached it"),
	},
})

// Attach hangs a file, whose content is stored, on an entity.
func Attach(tx *ledger.Tx, a Attachment) (ledger.ID, error) {
	a.Author = tx.As.ID
	return Attachments.Create(tx, a)
}

// AttachedTo yields the attachments of an entity, the oldest first.
func AttachedTo(v ledger.View, about ledger.AnyRef) func(yield func(*Attachment) bool) {
	return func(yield func(*Attachment) bool) {
		for a := range attachmentsAbout.Of(v, about.ID) {
			if a.About == about && !yield(a) {
				return
			}
		}
	}
}

// longestName is how many bytes a name may have.
const longestName = 200

var hashPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func checkAttachment(v ledger.View, before, after *Attachment, f *fault.Fields) {
	if after == nil {
		return
	}
	AttachmentTable.Required(v, after, f)
	switch {
	case after.Name == "":
	case len(after.Name) > longestName:
		f.Add("name", "is longer than %d bytes", longestName)
	case strings.ContainsAny(after.Name, "/\\") || strings.ContainsFunc(after.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		f.Add("name", "has no slashes and no line breaks")
	case before != nil && before.Name != after.Name && !strings.EqualFold(path.Ext(before.Name), path.Ext(after.Name)):
		f.Add("name", "keeps its ending %s, which says what it is", path.Ext(before.Name))
	}
	if !hashPattern.MatchString(after.SHA256) || after.Size <= 0 || after.Type == "" {
		f.Add("", "a file is attached by sending it")
	}
	if after.About.ID.IsZero() {
		f.Add("about", "is required")
	}
	if before != nil && (before.SHA256 != after.SHA256 || before.About != after.About || before.Author != after.Author || before.Type != after.Type || before.Size != after.Size) {
		f.Add("", "of an attachment only the name changes; attach another file instead")
	}
}

// attachmentRule: who sees what a file hangs on sees the file; contributors attach, and
// take away what they attached.
func attachmentRule(subjects []ledger.AnyKind) access.Rule {
	return access.Rule{
		Kind: "attachment", Create: access.Contributor, Edit: access.Editor, Delete: access.Editor,
		About: func(e ledger.Entity) ledger.AnyRef { return e.(*Attachment).About }, Reads: subjects,
		Mine: func(_ ledger.View, e ledger.Entity, account ledger.ID) bool { return e.(*Attachment).Author == account },
	}
}
