package exchange

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/throughline-pm/throughline/internal/table"
)

// The fields that a row can have besides the columns of its table.
const (
	fieldKind    = "kind"       // of the entity
	fieldCreated = "created_at" // when it came to be
	fieldBlocks  = "blocks"     // what it blocks: the other end of blocked_by
	fieldAlias   = "alias"      // other keys by which rows of the file refer to it
)

// synonyms are the words by which tools name what a field holds, without spaces and signs.
var synonyms = map[string][]string{
	"external_key": {"issuekey", "issueid", "identifier", "number", "iid", "workitemid", "taskid", "id", "key", "reference", "uuid"},
	"title":        {"summary", "name", "subject", "headline", "issuetitle", "taskname", "feature"},
	"description":  {"issuedescription", "body", "notes", "details", "text", "desc"},
	"status":       {"state", "sectioncolumn", "column", "list", "stage", "workflowstate"},
	"owner":        {"assignee", "assignedto", "assignees", "assigneeemail", "assigneeslogin", "assigneelogin", "owneremail", "responsible", "lead"},
	"team":         {"owningteam", "teamname", "squad", "group"},
	"tags":         {"labels", "label", "tag", "labelsname", "keywords", "categories"},
	"priority":     {"prio", "severity", "importance"},
	"parent":       {"parentkey", "parentid", "parentissue", "parenttask", "parentreferenceid", "epiclink", "epic", "parentiid", "initiative"},
	"release":      {"fixversion", "fixversions", "fixversionss", "milestone", "milestonetitle", "version", "targetversion", "targetrelease", "modulename"},
	"objective":    {"objectives", "goal", "initiatives"},
	"target":       {"duedate", "due", "targetdate", "deadline", "dueon", "targetenddate", "moduletargetdate"},
	"start":        {"startdate", "started", "starteddate", "starton", "targetstartdate"},
	"blocked_by":   {"blockedby", "dependson", "dependencies", "blockedbydependencies", "inwardissuelinkblocks", "predecessors"},
	fieldBlocks:    {"blocking", "blockingdependencies", "outwardissuelinkblocks", "successors"},
	"relates":      {"relatedto", "related", "outwardissuelinkrelates", "inwardissuelinkrelates"},
	"duplicates":   {"duplicateof", "outwardissuelinkduplicate"},
	"links":        {"url", "link", "htmlurl", "weburl", "permalink"},
	fieldCreated:   {"created", "createdat", "createddate", "createdatutc", "creationdate", "createdon", "opened"},
	"email":        {"mail", "emailaddress"},
	"effort":       {"estimate", "originalestimate", "estimatedsize", "size"},
	"release_date": {"date", "shipped", "gadate", "releasedon"},
	"freeze":       {"featurefreeze", "enhancementsfreeze", "scopefreeze"},
	"code_freeze":  {"codefreeze"},
	"archived":     {"archivedat", "closedwithoutaction"},
}

// sampleRows is how many rows a guess looks at.
const sampleRows = 200

// Guess makes a mapping for a file with these columns and some of its rows, from the
// fields that there are: every column with the field it seems to mean and how sure that
// is. Two columns never share a field that takes one value; the likelier one has it.
func Guess(kind string, fields []table.Info, columns []string, values func(column string) []string) *Mapping {
	if m := recognised(columns); m != nil && (kind == "" || kind == m.Kind) {
		return m
	}
	m := &Mapping{Name: "guess", Kind: kind}
	type match struct {
		column int
		field  table.Info
		score  int // 4: the very name; 3: the label; 2: a word for it; 1: contains such a word
	}
	var matches []match
	for i, c := range columns {
		name := bare(c)
		for _, f := range fields {
			score := likeness(name, f)
			if score > 0 && !fits(f, values(c)) {
				score = 0
			}
			if score > 0 {
				matches = append(matches, match{i, f, score})
			}
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return b.score - a.score })
	m.Columns = make([]ColumnMapping, len(columns))
	taken := map[string]bool{}
	for i, c := range columns {
		m.Columns[i] = ColumnMapping{Column: c, Certainty: None}
	}
	for _, x := range matches {
		c := &m.Columns[x.column]
		if c.Field != "" || taken[x.field.Name] {
			continue
		}
		taken[x.field.Name] = !several(x.field)
		c.Field, c.Certainty = x.field.Name, Sure
		if x.score == 1 {
			c.Certainty = Likely
		}
		if several(x.field) {
			c.Split = splitOf(values(c.Column))
		}
	}
	return m
}

// likeness tells how much a bare header looks like the field.
func likeness(name string, f table.Info) int {
	words := synonyms[f.Name]
	switch {
	case name == bare(f.Name):
		return 4
	case name == bare(f.Label):
		return 3
	case slices.Contains(words, name):
		return 2
	}
	for _, w := range append([]string{bare(f.Label)}, words...) {
		if len(w) >= 5 && strings.Contains(name, w) {
			return 1
		}
	}
	return 0
}

// bare returns the letters and digits of a header in lower case.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// several reports whether the field takes more than one value.
func several(f table.Info) bool {
	return f.Type == table.TypeChoices || f.Type == table.TypeLinks
}

// fits reports whether most values could be of the field's type. No value fits every type.
func fits(f table.Info, values []string) bool {
	good := 0
	for _, v := range values {
		ok := true
		switch f.Type {
		case table.TypeDay, table.TypeMoment:
			_, day := ParseDate(v, DayFirst)
			_, month := ParseDate(v, MonthFirst)
			ok = day == nil || month == nil
		case table.TypeNumber:
			_, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			ok = err == nil
		case table.TypeURL:
			u, err := url.Parse(strings.TrimSpace(v))
			ok = err == nil && u.Host != ""
		case table.TypeText, table.TypeChoice, table.TypeLink:
			ok = len(v) < 1000
		}
		if ok {
			good++
		}
	}
	return good*2 >= len(values)
}

// splitOf returns the sign that separates several values in cells; "" if cells have one.
func splitOf(values []string) string {
	for _, sign := range []string{";", "|", ","} {
		for _, v := range values {
			if strings.Contains(v, sign) {
				return sign
			}
		}
	}
	return ""
}
