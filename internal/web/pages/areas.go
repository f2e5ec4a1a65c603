package pages

import (
	"slices"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/people"
	"github.com/throughline-pm/throughline/internal/release"
	"github.com/throughline-pm/throughline/internal/strategy"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/discussion"
	"github.com/throughline-pm/throughline/internal/web/inboxweb"
	"github.com/throughline-pm/throughline/internal/web/proposalweb"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
)

// Areas are the kinds of entities that have pages.
var Areas = []*tableweb.Area{
	features,
	{
		Table: strategy.ObjectiveTable, Icon: "target",
		Columns: []string{"key", "title", "owner", "period", "product"},
		Keys:    []tableweb.Key{{Letter: "a", Column: "owner", Icon: "user-check"}},
		Quick:   []string{"owner", "period", "product"},
		Void:    "An objective says what is to be reached in a period. Features that serve one show it first on their thread.",
		Main:    featuresBy("objective"), Extra: progress("title"),
	},
	{
		Table: release.Table, Icon: "rocket",
		Columns: []string{"name", "status", "definition", "freeze", "code_freeze", "date", "owner"},
		Keys:    []tableweb.Key{{Letter: "s", Column: "status", Icon: "circle-dot"}, {Letter: "a", Column: "owner", Icon: "user-check"}},
		Quick:   []string{"date", "owner", "product"},
		Void:    "A release is what ships together: its dates bound what fits in.",
		Main:    featuresBy("release"), Extra: progress("name"),
	},
	{
		Table: people.PersonTable, Icon: "users",
		Columns: []string{"name", "title", "email", "teams"},
		Quick:   []string{"email", "title", "teams"},
		Void:    "People own features and belong to teams. Whoever joins the workspace is added here.",
		Main:    featuresBy("owner"),
	},
	proposalweb.Area,
	{
		Table: people.TeamTable, Icon: "users",
		Columns: []string{"name", "lead", "members"},
		Quick:   []string{"lead"},
		Void:    "A team is people who work together; effort is estimated for teams.",
		Main:    featuresBy("team"),
	},
	{
		Table: access.ProductTable, Icon: "folder",
		Columns: []string{"name", "prefix", "private"},
		Void:    "A product has features; its prefix begins their keys.",
		Main:    featuresBy("product"),
	},
	{
		Table: backlog.StatusTable, Icon: "circle-check",
		Columns: []string{"name", "stage", "place"},
		Void:    "The steps that features go through.",
	},
	formulas,
	{
		Table: backlog.FieldTable, Icon: "columns-3",
		Columns: []string{"label", "name", "type", "options", "unit"},
		Void:    "A field of your own is a column of features: in lists, filters, files and the API.",
	},
	{
		Table: backlog.TemplateTable, Icon: "copy",
		Columns: []string{"title", "of", "prefix", "values"},
		Void:    "A template is what a new feature begins with: a title, a text and fields. Save one from a feature, or write it here.",
	},
}

// Routes are the routes of all pages of a workspace.
func Routes() []web.Route {
	return slices.Concat(tableweb.Routes(Areas...), proposalweb.Routes(), inboxweb.Routes(Areas...), discussion.Routes(), dependencyRoutes, settingsRoutes, scoringRoutes, startRoutes, gapRoutes)
}

// Nav are the pages in the order of the sidebar.
var Nav = []web.Nav{
	{Icon: "inbox", Name: "Inbox", Path: inboxweb.Path, Key: "I", Quick: true, Count: inboxweb.Count},
	{Section: "Why", Icon: "target", Name: "Objectives", Path: "objectives", Key: "O"},
	{Section: "What and when", Icon: "layers", Name: "Features", Path: "features", Key: "F", Quick: true},
	{Section: "What and when", Icon: "rocket", Name: "Releases", Path: "releases", Key: "L", Quick: true},
	{Section: "What and when", Icon: "git-pull-request", Name: "Proposals", Path: "proposals"},
	{Section: "So what", Icon: "unlink", Name: "Gaps", Path: "gaps", Key: "H", Open: countGaps},
	{Section: "How", Icon: "users", Name: "People", Path: "people", Key: "T"},
	{Section: "How", Icon: "users", Name: "Teams", Path: "teams", Key: "A"},
	{Section: "Foot", Icon: "settings", Name: "Settings", Path: "settings", Key: "S"},
}

// Settings are the pages of the settings in the order of their navigation.
var Settings = []web.Setting{
	{Section: "Workspace", Name: "General", Path: "settings/general"},
	{Section: "Workspace", Name: "People and access", Path: "members", Least: access.Admin, Records: true},
	{Section: "Shape", Name: "Products", Path: access.ProductTable.Name()},
	{Section: "Shape", Name: "Workflow", Path: backlog.StatusTable.Name()},
	{Section: "Shape", Name: "Custom fields", Path: backlog.FieldTable.Name()},
	{Section: "Shape", Name: "Scoring", Path: "scoring", Also: []string{backlog.FormulaTable.Name()}},
	{Section: "Shape", Name: "Tags", Path: "tags"},
	{Section: "Shape", Name: "Templates", Path: backlog.TemplateTable.Name()},
	{Section: "Shape", Name: "Views", Path: "settings/views"},
	{Section: "Connect", Name: "API", Path: "settings/api", Records: true},
	{Section: "Connect", Name: "Tokens in force", Path: "settings/tokens", Least: access.Admin, Records: true},
	{Section: "Connect", Name: "Import", Path: "import", Least: access.Editor, Records: true},
}
