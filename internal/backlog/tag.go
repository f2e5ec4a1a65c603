package backlog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// TagUse is a tag and how many features carry it, archived ones among them.
type TagUse struct {
	Tag      string `json:"tag"`
	Features int    `json:"features"`
}

// TagsIn returns the tags in use, by the alphabet.
func TagsIn(v ledger.View) []TagUse {
	count := map[string]int{}
	for f := range Features.All(v) {
		for _, tag := range f.Tags {
			count[tag]++
		}
	}
	uses := make([]TagUse, 0, len(count))
	for tag, n := range count {
		uses = append(uses, TagUse{tag, n})
	}
	slices.SortFunc(uses, func(a, b TagUse) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Tag), strings.ToLower(b.Tag)), strings.Compare(a.Tag, b.Tag))
	})
	return uses
}

// RenameTag gives every feature with a tag another one in its place, and returns how many
// there were. A feature that has the other already keeps it once, so renaming to a tag in
// use joins the two; to is "" to take the tag away.
func RenameTag(tx *ledger.Tx, from, to string) (int, error) {
	to = strings.TrimSpace(to)
	if strings.ContainsAny(to, ";\n") {
		var f fault.Fields
		f.Add("to", "a tag has no line break and no semicolon")
		return 0, f.Err()
	}
	var carriers []ledger.ID
	for f := range Features.All(tx) {
		if slices.Contains(f.Tags, from) {
			carriers = append(carriers, f.ID)
		}
	}
	if len(carriers) == 0 {
		return 0, fault.New(fault.NotFound, "no feature has the tag %q", from)
	}
	if from == to {
		return 0, nil
	}
	for _, id := range carriers {
		if err := Features.Edit(tx, id, func(f *Feature) error {
			tags := slices.DeleteFunc(slices.Clone(f.Tags), func(tag string) bool { return tag == from })
			if to != "" && !slices.Contains(tags, to) {
				tags = append(tags, to)
			}
			f.Tags = tags
			return nil
		}); err != nil {
			return 0, err
		}
	}
	return len(carriers), nil
}
