package app_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/assets"
)

// Roles, shortened for the tables.
const (
	none        = access.Nobody
	viewer      = access.Viewer
	contributor = access.Contributor
	editor      = access.Editor
	admin       = access.Admin
	owner       = access.Owner
)

// principal is a line of the table of those who ask: the role that each has on what
// belongs to the workspace, on the public product and on the private one. What a token
// may not, although its account may, stands in scope.
type principal struct {
	name                       string
	workspace, public, private access.Role
	scope                      access.Scope // "": a session
	nobody                     bool         // not signed in, or not any more
	server                     bool         // administers the server
}

var principals = []principal{
	{name: "anonymous", nobody: true},
	{name: "disabled", nobody: true}, // was an owner
	{name: "removed"},                // was an owner
	{name: "outsider"},
	{name: "stranger"}, // owns another workspace
	{name: "operator", server: true},
	{name: "viewer", workspace: viewer, public: viewer},
	{name: "contributor", workspace: contributor, public: contributor},
	{name: "editor", workspace: editor, public: editor},
	{name: "admin", workspace: admin, public: admin, private: admin},
	{name: "owner", workspace: owner, public: owner, private: owner},
	{name: "guest", public: editor},
	{name: "insider", workspace: viewer, public: viewer, private: editor},
	{name: "token-read", workspace: owner, public: owner, private: owner, scope: access.ScopeRead},
	{name: "token-write", workspace: owner, public: owner, private: owner, scope: access.ScopeWrite},
	{name: "token-admin", workspace: owner, public: owner, private: owner, scope: access.ScopeAdmin},
	{name: "token-elsewhere", scope: access.ScopeAdmin}, // the owner's, for another workspace
}

// circle says for whom a route is that is no entity's.
type circle int

const (
	everybody    circle = iota
	signedIn            // every account
	serverAdmin         // who administers the server
	insiders            // who has any role in the workspace, guests too
	contributors        // contributors of the public product
	editors             // editors of the public product
	importers           // editors of the workspace
	admins              // of the workspace
)

// routes is the table of the routes that are no entity's: for whom each is, and how it is
// asked so that it does what it is for.
var routes = []struct {
	pattern string
	for_    circle
	ask     func(*try) ask
}{
	{"GET /healthz", everybody, nil},
	{"GET /readyz", everybody, nil},
	{"GET /assets/{version}/{name...}", everybody, func(*try) ask { return get(assets.Path("app.css")) }},
	{"GET /api/v1/{$}", everybody, nil},
	{"GET /api/v1/openapi.json", everybody, nil},
	{"GET /api/v1/openapi.yaml", everybody, nil},
	{"GET /login", everybody, nil},
	{"POST /login", everybody, func(c *try) ask { c.fresh = true; return c.post("email", "owner@example.com", "password", password) }},
	{"GET /forgot", everybody, nil},
	{"POST /forgot", everybody, func(c *try) ask {
		c.answer = http.StatusServiceUnavailable // there is no mail server
		return c.post("email", "owner@example.com")
	}},
	{"GET /setup", everybody, nil},
	{"POST /setup", everybody, func(c *try) ask {
		c.answer = http.StatusUnprocessableEntity // there is an account already, so there is no code
		return c.post("code", "x", "name", "X", "email", "x@example.com", "password", password)
	}},
	{"POST /theme", everybody, func(c *try) ask { return c.post("theme", "dark") }},
	{"GET /reset/{secret}", everybody, func(c *try) ask { c.path["secret"] = c.w.resetOf("reset"); return c.get() }},
	{"POST /reset/{secret}", everybody, func(c *try) ask {
		c.path["secret"] = c.w.resetOf("reset")
		return c.post("password", "another "+password)
	}},
	{"GET /invite/{secret}", everybody, func(c *try) ask { c.path["secret"] = c.w.invitation(); return c.get() }},
	{"POST /invite/{secret}", everybody, func(c *try) ask {
		c.path["secret"] = c.w.invitation()
		return c.post("name", "New", "password", password)
	}},

	{"GET /{$}", signedIn, nil},
	{"GET /account", signedIn, nil},
	{"GET /api/v1/me", signedIn, nil},
	{"GET /api/v1/workspaces", signedIn, nil},
	{"POST /account/name", signedIn, func(c *try) ask { return c.post("name", c.who.name) }},
	{"POST /account/email", signedIn, func(c *try) ask { return c.post("email", c.who.name+"@example.com", "current", password) }},
	{"POST /account/tokens", signedIn, func(c *try) ask {
		return c.post("name", "mine", "scope", "read", "days", "30", "current", password)
	}},
	{"POST /account/letters", signedIn, func(c *try) ask { return c.post("letters", "off") }},
	{"POST /account/tokens/revoke", signedIn, func(c *try) ask { return c.post("which", c.w.tokenOf(c.who).String()) }},
	{"POST /account/sessions/end-others", signedIn, func(c *try) ask { c.fresh = true; return c.post() }},
	{"POST /account/sessions/end", signedIn, func(c *try) ask { c.fresh = true; return c.post("which", c.w.sessionOf(c.who).String()) }},
	{"POST /account/password", signedIn, func(c *try) ask {
		c.answer = http.StatusUnprocessableEntity // a right one would end the sessions and tokens of the other cases
		return c.post("old", "a wrong "+password, "new", password)
	}},
	{"GET /account/appearance", signedIn, nil},
	{"POST /account/appearance", signedIn, func(c *try) ask {
		return c.post("theme", "dark", "density", "compact", "side", "wide", "first", "")
	}},
	{"GET /account/notifications", signedIn, nil},
	{"POST /account/notifications", signedIn, func(c *try) ask { return c.post("reason", "mentioned") }},
	{"GET /account/security", signedIn, nil},
	{"GET /account/tokens", signedIn, nil},
	{"POST /logout", signedIn, func(c *try) ask { c.fresh = true; return c.post() }},

	{"GET /new", serverAdmin, nil},
	{"GET /server", serverAdmin, nil},
	{"GET /server/mail", serverAdmin, nil},
	{"POST /server/mail", serverAdmin, func(c *try) ask {
		c.answer = http.StatusConflict // there is no mail server
		return c.post()
	}},
	{"GET /server/options", serverAdmin, nil},
	{"POST /new", serverAdmin, func(c *try) ask {
		return c.post("name", c.w.unique("New"), "time_zone", "UTC", "currency", "EUR", "first_weekday", "monday", "way", "blank")
	}},

	{"GET /w/{workspace}", insiders, nil},
	{"GET /w/{workspace}/{$}", insiders, nil},
	{"GET /w/{workspace}/compare", insiders, func(*try) ask { return get("/w/" + slug + "/compare?since=@1") }},
	{"GET /w/{workspace}/find", insiders, func(*try) ask { return get("/w/" + slug + "/find?q=open") }},
	{"GET /w/{workspace}/live", insiders, func(c *try) ask {
		c.answer = http.StatusUnprocessableEntity // from no position: a stream would not end
		return c.get()
	}},
	{"POST /w/{workspace}/write/preview", insiders, func(c *try) ask { return c.post("text", "*so*") }},
	{"GET /w/{workspace}/write/people", insiders, nil},
	{"GET /w/{workspace}/write/things", insiders, nil},
	{"GET /files/{workspace}/{attachment}", insiders, func(c *try) ask {
		c.path["attachment"] = c.w.make("attachments", ledger.System, c.w.public).String()
		return c.get()
	}},
	{"GET /w/{workspace}/card/{kind}/{id}", insiders, func(c *try) ask {
		c.path["kind"], c.path["id"] = "feature", c.w.make("features", ledger.System, c.w.public).String()
		return c.get()
	}},
	{"GET /w/{workspace}/inbox", insiders, nil},
	{"POST /w/{workspace}/inbox/read", insiders, nil},
	{"POST /w/{workspace}/inbox/unread", insiders, nil},
	{"POST /w/{workspace}/inbox/done", insiders, nil},
	{"POST /w/{workspace}/inbox/return", insiders, nil},
	{"POST /w/{workspace}/inbox/snooze", insiders, func(c *try) ask { return c.post("entity", c.w.public.String(), "until", "tomorrow") }},
	{"POST /w/{workspace}/follow", insiders, func(c *try) ask {
		return c.post("kind", "feature", "which", c.w.make("features", ledger.System, c.w.public).String(), "on", "yes")
	}},
	{"GET /api/v1/{workspace}/inbox", insiders, nil},
	{"POST /api/v1/{workspace}/inbox", insiders, func(c *try) ask {
		return c.json(map[string]any{"do": "done", "items": []any{c.w.public.String()}})
	}},
	{"GET /api/v1/{workspace}/follow/{id}", insiders, followed},
	{"PUT /api/v1/{workspace}/follow/{id}", insiders, followed},
	{"DELETE /api/v1/{workspace}/follow/{id}", insiders, followed},
	{"POST /w/{workspace}/favourites", insiders, func(c *try) ask {
		return c.post("kind", "view", "which", c.w.make("objectives", ledger.System, ledger.ID{}).String(), "keep", "no")
	}},
	{"GET /api/v1/{workspace}/favourites", insiders, nil},
	{"PUT /api/v1/{workspace}/favourites/{kind}/{id}", insiders, favourite},
	{"DELETE /api/v1/{workspace}/favourites/{kind}/{id}", insiders, favourite},
	{"GET /w/{workspace}/settings", insiders, nil},
	{"GET /w/{workspace}/settings/general", insiders, nil},
	{"GET /w/{workspace}/settings/views", insiders, nil},
	{"GET /w/{workspace}/settings/api", insiders, nil},
	{"GET /w/{workspace}/tags", insiders, nil},
	{"POST /w/{workspace}/tags", editors, func(c *try) ask { return c.post("from", c.tagged(), "to", c.w.unique("tag")) }},
	{"POST /w/{workspace}/tags/delete", editors, func(c *try) ask { return c.post("tag", c.tagged()) }},
	{"GET /api/v1/{workspace}/tags", insiders, nil},
	{"POST /api/v1/{workspace}/tags/rename", editors, func(c *try) ask { return c.json(map[string]any{"from": c.tagged(), "to": c.w.unique("tag")}) }},
	{"GET /w/{workspace}/create", insiders, nil},
	{"GET /w/{workspace}/start", insiders, nil},
	{"POST /w/{workspace}/start", insiders, func(c *try) ask { return c.post() }},
	{"POST /w/{workspace}/create", contributors, func(c *try) ask {
		return c.post("title", c.w.unique("F"), "product", c.w.public.String())
	}},
	{"POST /w/{workspace}/remove", admins, func(c *try) ask {
		c.answer = http.StatusUnprocessableEntity // without the name; only owners get that far
		return c.post()
	}},
	{"GET /w/{workspace}/gaps", insiders, nil},
	{"GET /w/{workspace}/gaps/{kind}/{entity}", insiders, func(c *try) ask { c.gap(); return c.get() }},
	{"POST /w/{workspace}/gaps/{kind}/{entity}", editors, func(c *try) ask {
		c.gap()
		return c.post("objective", c.w.make("objectives", ledger.System, c.w.public).String())
	}},
	{"GET /api/v1/{workspace}/gaps", insiders, nil},
	{"GET /w/{workspace}/scoring", insiders, nil},
	{"GET /w/{workspace}/scoring/preview", insiders, func(*try) ask { return get("/w/" + slug + "/scoring/preview?formula=value") }},
	{"POST /w/{workspace}/scoring", importers, func(c *try) ask { return c.post("label", c.w.unique("F"), "formula", "value / effort") }},
	{"POST /w/{workspace}/scoring/adopt", importers, func(c *try) ask {
		c.w.do(ledger.System, func(tx *ledger.Tx) error { // with its fields, which admins make
			_, err := backlog.Adopt(tx, backlog.Presets[0])
			return err
		})
		return c.post("preset", backlog.Presets[0].Name)
	}},
	{"POST /w/{workspace}/scoring/{formula}/weights", importers, func(c *try) ask {
		c.path["formula"] = c.w.make("formulas", ledger.System, ledger.ID{}).String()
		return c.post("weight.value", "2")
	}},
	{"GET /api/v1/{workspace}/formulas/preview", insiders, func(*try) ask { return get("/api/v1/" + slug + "/formulas/preview?formula=value") }},
	{"GET /api/v1/{workspace}/search", insiders, func(*try) ask { return get("/api/v1/" + slug + "/search?q=open&texts=yes") }},
	{"GET /api/v1/{workspace}/settings", insiders, nil},
	{"GET /api/v1/{workspace}/settings/history", insiders, nil},
	{"POST /w/{workspace}/undo", editors, func(c *try) ask { return c.post("seq", fmt.Sprint(c.w.edited("features"))) }},
	{"POST /api/v1/{workspace}/undo", editors, func(c *try) ask { return c.json(map[string]any{"seq": c.w.edited("features")}) }},
	{"POST /api/v1/{workspace}/redo", editors, func(c *try) ask {
		c.refusal = http.StatusNotFound // who could undo nothing has nothing to redo
		seq := c.w.edited("features")
		c.w.send(c.who, ask{method: http.MethodPost, path: "/api/v1/" + slug + "/undo", json: map[string]any{"seq": seq}})
		return ask{}
	}},
	{"POST /w/{workspace}/settings", admins, func(c *try) ask {
		return c.post("name", c.w.unique("Acme"), "time_zone", "UTC", "first_weekday", "monday", "value_unit", "currency", "currency", "EUR")
	}},
	{"PATCH /api/v1/{workspace}/settings", admins, func(c *try) ask { return c.json(map[string]any{"name": c.w.unique("Acme")}) }},
	{"GET /w/{workspace}/import", importers, nil},
	{"POST /w/{workspace}/import", importers, func(c *try) ask {
		c.answer = http.StatusUnprocessableEntity // without a file
		return c.post()
	}},
	{"GET /w/{workspace}/import/{import}", importers, noImport},
	{"GET /w/{workspace}/import/{import}/mapping", importers, noImport},
	{"POST /w/{workspace}/import/{import}/mapping", importers, noImport},
	{"GET /w/{workspace}/import/{import}/mapping.json", importers, noImport},
	{"POST /w/{workspace}/import/{import}/repair", importers, noImport},
	{"GET /w/{workspace}/import/{import}/problems.csv", importers, noImport},
	{"POST /w/{workspace}/import/{import}/run", importers, noImport},
	{"POST /w/{workspace}/import/{import}/stop", importers, noImport},
	{"POST /w/{workspace}/import/{import}/undo", importers, noImport},
	{"POST /w/{workspace}/import/{import}/discard", importers, noImport},
	{"GET /w/{workspace}/settings/tokens", admins, nil},
	{"POST /w/{workspace}/settings/tokens/revoke", admins, func(c *try) ask {
		c.answer = http.StatusNotFound // the principals' tokens are not for this workspace alone
		return c.post("which", c.w.public.String())
	}},
	{"POST /w/{workspace}/members/reinvite", admins, func(c *try) ask { return c.post("which", c.w.invite().ID.String()) }},
	{"GET /w/{workspace}/members", admins, nil},
	{"POST /w/{workspace}/members/invite", admins, func(c *try) ask { return c.post("email", "new@example.com", "role", "viewer") }},
	{"POST /w/{workspace}/members/uninvite", admins, func(c *try) ask { return c.post("which", c.w.invite().ID.String()) }},
	{"POST /w/{workspace}/members/role", admins, func(c *try) ask {
		return c.post("which", c.w.make("memberships", ledger.System, ledger.ID{}).String(), "role", "contributor")
	}},
	{"POST /w/{workspace}/members/remove", admins, func(c *try) ask {
		return c.post("which", c.w.make("memberships", ledger.System, ledger.ID{}).String())
	}},
}

// gap puts a new feature without an objective into the address: one that is to ship.
func (c *try) gap() {
	to := c.w.make("releases", ledger.System, c.w.public)
	c.w.do(ledger.System, func(tx *ledger.Tx) error {
		id, err := backlog.Features.Create(tx, backlog.Feature{Title: "aimless", Product: ledger.Ref(c.w.public), Status: c.w.status(tx), Release: ledger.Ref(to)})
		c.path["kind"], c.path["entity"] = "no-objective", id.String()
		return err
	})
}

// tagged gives a feature that everybody sees a tag of its own.
func (c *try) tagged() string {
	tag := c.w.unique("tag")
	id := c.w.make("features", ledger.System, c.w.public)
	c.w.do(ledger.System, func(tx *ledger.Tx) error {
		return backlog.Features.Edit(tx, id, func(f *backlog.Feature) error {
			f.Tags = []string{tag}
			return nil
		})
	})
	return tag
}

// followed names a feature that everybody sees.
func followed(c *try) ask {
	c.path["id"] = c.w.make("features", ledger.System, c.w.public).String()
	return ask{}
}

// dropped is another column of a board for an entity: the fields of a drop there.
func (w *world) dropped(c *try) (fields []string) {
	t, _ := w.Tables.Named(c.kind)
	id, err := ledger.ParseID(c.path["entity"])
	must(w.t, err)
	w.do(ledger.System, func(tx *ledger.Tx) error {
		s := w.scope(tx)
		row, there := t.Row(tx, id)
		for _, column := range t.Columns(tx) {
			if !column.Writable || !column.Boardable() || column.Hidden || fields != nil {
				continue
			}
			was := ""
			switch v := any(nil); {
			case !there:
			case column.Type == table.TypeFlag:
				was = cmp.Or(t.Show(s, row, column.Name), "no")
			case column.Type == table.TypeLink:
				to, _ := t.Target(s, row, column.Name)
				if was = to.Key; was == "" && !to.ID.IsZero() {
					was = to.ID.String()
				}
			default:
				v = t.Value(s, row, column.Name)
				was, _ = v.(string)
			}
			options := t.Options(s, column.Name, 3)
			if column.Type == table.TypeFlag {
				options = []table.Option{{Name: "yes"}, {Name: "no"}}
			}
			for _, o := range options {
				if o.Name != was {
					fields = []string{"column", column.Name, "value", o.Name, "was", was}
				}
			}
		}
		return nil
	})
	return fields
}

// favourite is something that everybody in the workspace sees.
func favourite(c *try) ask {
	c.path["kind"], c.path["id"] = "objective", c.w.make("objectives", ledger.System, ledger.ID{}).String()
	return ask{}
}

// noImport asks for an import that is not the principal's: none is known to anybody but
// who began it.
func noImport(c *try) ask {
	c.path["import"], c.answer = c.w.public.String(), http.StatusNotFound
	return c.post()
}

type kindOf struct {
	name                 string
	create, edit, delete access.Role
	guests               bool // guests see those of no product
	states               string
}

// kinds is the table of the entities: the least role to create, edit and delete one, on
// its product if it belongs to one; whoever sees one may read it.
var kinds = []kindOf{
	{"features", contributor, editor, editor, false, "public private own archived deleted proposed past"},
	{"objectives", editor, editor, editor, true, "public private archived deleted proposed past wide"},
	{"releases", editor, editor, editor, true, "public private archived deleted proposed past wide"},
	{"dependencies", editor, editor, editor, false, "public private deleted proposed past"},
	{"products", admin, admin, owner, false, "public private deleted past"},
	{"attachments", contributor, editor, editor, false, "public private deleted past"},
	{"people", editor, editor, admin, true, "wide deleted past"},
	{"teams", editor, editor, admin, true, "wide deleted past"},
	{"statuses", admin, admin, admin, true, "wide deleted past"},
	{"fields", admin, admin, admin, true, "wide deleted past"},
	{"formulas", editor, editor, editor, true, "wide deleted past"},
	{"memberships", admin, admin, admin, false, "wide deleted past"},
	{"comments", contributor, editor, editor, false, "public private own deleted proposed past"},
	{"views", viewer, viewer, viewer, false, "own shared personal deleted"},
	{"templates", editor, editor, editor, true, "wide deleted past"},
	{"proposals", contributor, editor, editor, false, "wide own deleted past"},
	{"reviews", editor, editor, editor, false, "public private deleted past"}, // of others; everybody may judge
}

// actions is the table of what is done with entities. A kind has the routes of pages, of
// the API or both.
var actions = []struct {
	pattern string
	does    string // "look" needs no entity, "read", "create", "edit", "delete"
	ask     func(*try) ask
}{
	{"GET /w/{workspace}/KIND", "look", nil},
	{"GET /w/{workspace}/KIND/export.csv", "look", nil},
	{"GET /w/{workspace}/KIND/compare", "look", nil},
	{"GET /w/{workspace}/KIND/compare.csv", "look", nil},
	{"GET /w/{workspace}/KIND/new", "look", nil},
	{"GET /w/{workspace}/KIND/pick", "look", nil},
	{"POST /w/{workspace}/KIND/set", "edit", func(c *try) ask {
		column, value := c.w.edits(c.kind)
		return c.post("which", c.path["entity"], column, value)
	}},
	{"POST /w/{workspace}/KIND/delete", "delete", func(c *try) ask { return c.post("which", c.path["entity"]) }},
	{"GET /w/{workspace}/KIND/{entity}", "read", nil},
	{"GET /w/{workspace}/KIND/{entity}/history", "read", nil},
	{"GET /w/{workspace}/KIND/{entity}/edit", "read", nil},
	{"GET /w/{workspace}/KIND/{entity}/field/{column}", "read", nil},
	{"POST /w/{workspace}/KIND", "create", func(c *try) ask {
		if c.kind == "attachments" {
			return ask{path: "/w/" + slug + "/attachments?" + c.attaches(), form: url.Values{"the": {"content"}}}
		}
		return ask{form: formOf(c.values())}
	}},
	{"POST /w/{workspace}/KIND/{entity}/edit", "edit", func(c *try) ask { return c.post(c.w.edits(c.kind)) }},
	{"POST /w/{workspace}/KIND/{entity}/field/{column}", "edit", func(c *try) ask {
		column, value := c.w.edits(c.kind)
		return c.post(column, value, "was", c.was)
	}},
	{"GET /w/{workspace}/KIND/{entity}/texts/{column}", "read", func(c *try) ask { c.path["column"] = textOf(c.kind); return ask{} }},
	{"GET /w/{workspace}/KIND/{entity}/texts/{column}/edit", "read", func(c *try) ask { c.path["column"] = textOf(c.kind); return ask{} }},
	{"POST /w/{workspace}/KIND/{entity}/texts/{column}", "edit", func(c *try) ask {
		c.path["column"] = textOf(c.kind)
		return c.post("text", c.w.unique("T"), "was", aTask)
	}},
	{"POST /w/{workspace}/KIND/{entity}/texts/{column}/tasks", "edit", func(c *try) ask {
		c.path["column"] = textOf(c.kind)
		return c.post("task", tickOf(aTask))
	}},
	{"POST /w/{workspace}/KIND/{entity}/delete", "delete", func(c *try) ask { return c.post() }},
	{"POST /w/{workspace}/KIND/{entity}/template", "create templates", func(c *try) ask {
		kind := strings.Split(c.pattern, "/")[3]
		c.path["entity"] = c.w.make(kind, ledger.System, c.w.public).String()
		if c.p.workspace == none && (kind == "products" || kind == "proposals") {
			c.refusal = http.StatusNotFound // guests do not see what it should be made of
		}
		return c.post()
	}},
	{"POST /w/{workspace}/KIND/views", "create views", func(c *try) ask { return c.post("title", c.w.unique("V"), "query", "q=x", "shared", "no") }},
	{"POST /w/{workspace}/KIND/views/edit", "edit views", func(c *try) ask { return c.post("view", c.path["entity"], "title", c.w.unique("V")) }},
	{"GET /w/{workspace}/KIND/filter", "look", func(c *try) ask { return get("/w/" + slug + "/" + c.kind + "/filter?column=id") }},
	{"POST /w/{workspace}/KIND/move", "edit", func(c *try) ask {
		c.w.make(c.kind, ledger.System, c.product()) // between the two, so that the order changes
		return c.post("which", c.path["entity"], "before", c.w.make(c.kind, ledger.System, c.product()).String())
	}},
	{"POST /w/{workspace}/KIND/drop", "edit", func(c *try) ask {
		if c.kind == "fields" {
			c.answer = http.StatusUnprocessableEntity // what has values keeps its type
		}
		return c.post(append([]string{"which", c.path["entity"]}, c.w.dropped(c)...)...)
	}},
	{"POST /api/v1/{workspace}/KIND/{id}/move", "edit", func(c *try) ask {
		c.w.make(c.kind, ledger.System, c.product()) // between the two, so that the order changes
		return c.json(map[string]any{"before": c.w.make(c.kind, ledger.System, c.product()).String()})
	}},
	{"POST /w/{workspace}/KIND/views/remove", "delete views", func(c *try) ask { return c.post("view", c.path["entity"]) }},
	{"POST /w/{workspace}/KIND/{entity}/dependencies", "create dependencies", func(c *try) ask {
		c.path["entity"] = c.w.make("features", ledger.System, c.product()).String()
		if c.state == "private" {
			c.refusal = http.StatusNotFound // the feature stands in the address
		}
		return c.post("type", "relates", "feature", c.w.make("features", ledger.System, c.product()).String())
	}},
	{"POST /w/{workspace}/KIND/{entity}/dependencies/remove", "delete dependencies", func(c *try) ask {
		from, to := c.w.ends(c.path["entity"])
		c.path["entity"] = from
		return c.post("type", "relates", "feature", to)
	}},
	{"GET /w/{workspace}/KIND/{entity}/versions", "read", nil},
	{"POST /w/{workspace}/KIND/{entity}/react", "react", func(c *try) ask { return c.post("feeling", "heart", "on", "yes") }},
	{"PUT /api/v1/{workspace}/KIND/{id}/reactions/{reaction}", "react", func(c *try) ask {
		c.path["reaction"] = "rocket"
		return c.json(nil)
	}},
	{"DELETE /api/v1/{workspace}/KIND/{id}/reactions/{reaction}", "unreact", func(c *try) ask {
		c.path["reaction"] = "rocket"
		return ask{}
	}},
	{"POST /w/{workspace}/KIND/{entity}/merge", "edit", func(c *try) ask { return c.post("reason", "it is time") }},
	{"POST /w/{workspace}/KIND/{entity}/discard", "edit", func(c *try) ask { return c.post() }},
	{"POST /w/{workspace}/KIND/{entity}/settle", "edit", func(c *try) ask {
		c.answer = http.StatusNotFound // it changes nothing
		return c.post("kind", "feature", "which", c.w.public.String(), "keep", "live")
	}},
	{"POST /w/{workspace}/KIND/{entity}/reviews", "edit", func(c *try) ask {
		return c.post("account", c.w.people["owner"].account.ID.String())
	}},
	{"POST /w/{workspace}/KIND/{entity}/reviews/remove", "edit", func(c *try) ask {
		account := c.w.people["owner"].account.ID
		if about, err := ledger.ParseID(c.path["entity"]); err == nil && c.state != "deleted" {
			c.w.do(ledger.System, func(tx *ledger.Tx) error {
				_, err := collab.Ask(tx, ledger.AnyRef{Kind: "proposal", ID: about}, account, false)
				return err
			})
		}
		return c.post("account", account.String())
	}},
	{"POST /w/{workspace}/KIND/{entity}/verdict", "judge", func(c *try) ask { return c.post("verdict", "approved") }},
	{"GET /api/v1/{workspace}/KIND/{id}/changes", "read", func(c *try) ask {
		c.query = "" // what is pending is asked of now alone
		return ask{}
	}},
	{"POST /api/v1/{workspace}/KIND/{id}/merge", "edit", func(c *try) ask { return c.json(map[string]any{"reason": "it is time"}) }},
	{"POST /api/v1/{workspace}/KIND/{id}/discard", "edit", func(c *try) ask { return c.json(map[string]any{}) }},
	{"POST /api/v1/{workspace}/KIND/{id}/settle", "edit", func(c *try) ask {
		c.answer = http.StatusNotFound // it changes nothing
		return c.json(map[string]any{"kind": "feature", "id": c.w.public.String(), "keep": "live"})
	}},
	{"GET /api/v1/{workspace}/KIND", "look", nil},
	{"GET /api/v1/{workspace}/KIND/compare", "look", func(c *try) ask {
		return get(strings.ReplaceAll("/api/v1/"+slug+"/"+c.kind+"/compare?since=@1", "//", "/"))
	}},
	{"GET /api/v1/{workspace}/KIND/{id}", "read", nil},
	{"GET /api/v1/{workspace}/KIND/{id}/history", "read", nil},
	{"POST /api/v1/{workspace}/KIND", "create", func(c *try) ask {
		if c.kind == "attachments" {
			return ask{path: "/api/v1/" + slug + "/attachments?" + c.attaches(), json: map[string]any{"the": "content"}}
		}
		return c.json(jsonOf(c.values()))
	}},
	{"GET /api/v1/{workspace}/KIND/{id}/content", "read", nil},
	{"GET /api/v1/{workspace}/KIND/{id}/texts/{column}", "read", func(c *try) ask { c.path["column"] = textOf(c.kind); return ask{} }},
	{"POST /api/v1/{workspace}/KIND/create", "create", func(c *try) ask {
		return c.json(map[string]any{"items": []any{jsonOf(c.values())}})
	}},
	{"PATCH /api/v1/{workspace}/KIND/{id}", "edit", func(c *try) ask {
		column, value := c.w.edits(c.kind)
		return c.json(map[string]any{column: value})
	}},
	{"DELETE /api/v1/{workspace}/KIND/{id}", "delete", nil},
	{"PATCH /api/v1/{workspace}/KIND", "edit", func(c *try) ask {
		column, value := c.w.edits(c.kind)
		return c.json(map[string]any{"ids": []string{c.path["id"]}, "set": map[string]any{column: value}})
	}},
	{"POST /api/v1/{workspace}/KIND/delete", "delete", func(c *try) ask {
		return c.json(map[string]any{"ids": []string{c.path["id"]}})
	}},
}

// textOf is the column of a kind that holds a long text.
func textOf(kind string) string {
	switch kind {
	case "proposals":
		return "why"
	case "comments":
		return "text"
	}
	return "description"
}

// try is one case: who asks which route about what.
type try struct {
	w       *world
	who     *someone
	p       principal
	pattern string
	kind    string // of the entity
	state   string // of the entity
	path    map[string]string
	query   string
	was     string // the value of the column that is edited
	fresh   bool   // needs a session of its own
	refusal int    // for who may not; 0: the usual one
	answer  int    // for who may; 0: done
}

func (c *try) get() ask { return ask{} }

// post is a form of names and values.
func (c *try) post(pairs ...string) ask {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return ask{form: v}
}

func (c *try) json(in map[string]any) ask { return ask{json: in} }

// product is the one that the case's entity belongs to.
func (c *try) product() ledger.ID {
	if c.state == "private" {
		return c.w.private
	}
	if c.state == "wide" {
		return ledger.ID{}
	}
	return c.w.public
}

// attaches are the parameters by which a file is attached to a feature of the case.
func (c *try) attaches() string {
	on := c.w.make("features", ledger.System, c.product())
	return url.Values{"kind": {"feature"}, "about": {on.String()}, "name": {"a.txt"}}.Encode()
}

func (c *try) values() map[string]string {
	in := c.w.values(c.kind, c.product())
	if c.state == "wide" {
		delete(in, "product")
	}
	return in
}

// The statuses of answers, as the tables speak of them.
const (
	done  = 200 // whatever says that it was done
	login = 303 // to the page where one signs in
)

// refused is the answer to those who are not signed in.
func (c *try) anonymous() int {
	if api(c.pattern[strings.IndexByte(c.pattern, ' ')+1:]) || !c.reads() {
		return http.StatusUnauthorized
	}
	return login
}

func (c *try) reads() bool { return strings.HasPrefix(c.pattern, "GET ") }

// role is what the principal is where the case's entity is.
func (c *try) role() access.Role {
	switch {
	case c.kind == "products" && c.state == "private": // one on which nobody has a role
		if c.p.workspace.AtLeast(admin) {
			return c.p.workspace
		}
		return none
	case c.state == "private":
		return c.p.private
	case c.ofProduct():
		return c.p.public
	}
	return c.p.workspace
}

// ofProduct reports whether the case's entity belongs to a product.
func (c *try) ofProduct() bool {
	return slices.Contains([]string{"features", "objectives", "releases", "dependencies", "comments", "attachments", "reviews"}, c.kind) && c.state != "wide"
}

// before is the answer that does not depend on the entity, 0 if it does.
func (c *try) before(tokens bool) int {
	member := c.p.workspace != none || c.p.public != none
	switch {
	case c.p.scope != "" && !tokens:
		return http.StatusForbidden // a token is for the API
	case c.p.nobody:
		return c.anonymous()
	case c.p.scope == access.ScopeRead && !c.reads():
		return http.StatusForbidden
	case !member:
		return http.StatusNotFound
	}
	return 0
}

// want is the answer that the tables say, for an entity's route.
func (c *try) want(does string, tokens bool) int {
	if status := c.before(tokens); status != 0 {
		return status
	}
	kind := kinds[slices.IndexFunc(kinds, func(k kindOf) bool { return k.name == c.kind })]
	guest := c.p.workspace == none
	role := c.role()
	sees := role != none || guest && kind.guests && !c.ofProduct()
	least := map[string]access.Role{"read": viewer, "react": kind.create, "unreact": viewer, "create": kind.create, "edit": kind.edit, "delete": kind.delete, "judge": contributor}[does]
	switch {
	case does == "look":
		return done
	case c.state == "proposed" && guest: // guests know of no proposals
		return http.StatusNotFound
	case c.state == "proposed" && least == editor && c.kind != "comments": // to propose is not to do, but what is said is said
		least = contributor
	case c.state == "deleted", c.state == "personal":
		return http.StatusNotFound
	}
	switch {
	case does == "create" && c.state == "private" && !sees: // a form with a product that there is not
		return cmp.Or(c.refusal, http.StatusUnprocessableEntity)
	case does == "create":
	case !sees && c.state == "past" && (strings.HasSuffix(c.pattern, c.kind+"/set") || strings.HasSuffix(c.pattern, c.kind+"/delete")):
		return http.StatusForbidden // before it is looked at what should change
	case !sees:
		return http.StatusNotFound
	case does == "read":
		return done
	}
	switch {
	case c.state == "past":
		return http.StatusForbidden
	case c.p.scope == access.ScopeWrite && !editor.AtLeast(least):
		return http.StatusForbidden
	case c.kind == "views" && c.state == "shared" && !role.AtLeast(editor): // somebody else's
		return http.StatusForbidden
	case slices.Contains([]string{"features", "proposals", "comments"}, c.kind) && c.state == "own" && role.AtLeast(contributor):
	case !role.AtLeast(least):
		return cmp.Or(c.refusal, http.StatusForbidden)
	}
	return cmp.Or(c.answer, done)
}

// wantOf is the answer that the table says, for a route that is no entity's.
func (c *try) wantOf(of circle, tokens, plain bool) int {
	inside := strings.Contains(c.pattern, "{workspace}")
	switch {
	case plain:
		return done
	case c.p.scope != "" && !tokens:
		return http.StatusForbidden
	case of == everybody:
		return cmp.Or(c.answer, done)
	case inside || c.p.nobody:
		if status := c.before(tokens); status != 0 {
			return status
		}
	}
	allowed := false
	switch of {
	case signedIn, insiders:
		allowed = true
	case serverAdmin:
		allowed = c.p.server
	case contributors:
		allowed = c.p.public.AtLeast(contributor)
	case editors:
		allowed = c.p.public.AtLeast(editor)
	case importers:
		allowed = c.p.workspace.AtLeast(editor)
	case admins:
		allowed = c.p.workspace.AtLeast(admin) && c.p.scope != access.ScopeWrite
	}
	switch {
	case allowed:
		return cmp.Or(c.answer, done)
	case c.refusal != 0:
		return c.refusal
	}
	return http.StatusForbidden
}

func TestEveryRouteAnswersEverybodyAsTheTablesSay(t *testing.T) {
	each(t, func(t *testing.T, options map[string]string) {
		w := newWorld(t, options)
		w.populate()
		used := map[string]bool{}
		cases := 0
		for _, r := range w.Routes() {
			pattern := r.Method + " " + r.Pattern
			before := len(used)
			for _, row := range routes {
				if row.pattern != pattern {
					continue
				}
				used[row.pattern] = true
				for _, p := range principals {
					cases++
					c := &try{w: w, who: w.people[p.name], p: p, pattern: pattern, path: map[string]string{}}
					w.try(t, c, row.ask, func() int { return c.wantOf(row.for_, r.Tokens, r.Plain) })
				}
			}
			for _, row := range actions {
				for _, kind := range kinds {
					if strings.Replace(row.pattern, "KIND", kind.name, 1) != pattern {
						continue
					}
					used[row.pattern+" "+kind.name], used[row.pattern], used[kind.name] = true, true, true
					does, of, _ := strings.Cut(row.does, " ")
					if i := slices.IndexFunc(kinds, func(k kindOf) bool { return k.name == of }); i >= 0 { // what is saved of this kind
						kind = kinds[i]
					}
					cases += w.tryKind(t, pattern, does, row.ask, kind, r.Tokens)
				}
			}
			if len(used) == before {
				t.Errorf("%s is in no table: say who may use it", pattern)
			}
		}
		for _, row := range routes {
			if !used[row.pattern] {
				t.Errorf("%s is in the table and is no route", row.pattern)
			}
		}
		for _, row := range actions {
			if !used[row.pattern] {
				t.Errorf("%s is in the table and is no route of any kind", row.pattern)
			}
		}
		for _, kind := range kinds {
			if !used[kind.name] {
				t.Errorf("%s are in the table and have no routes", kind.name)
			}
		}
		for _, table := range w.Tables.All() {
			if !table.Only() && !slices.ContainsFunc(kinds, func(k kindOf) bool { return k.name == table.Name() }) {
				t.Errorf("nobody said who may write %s", table.Name())
			}
		}
		t.Logf("%d routes, %d cases", len(w.Routes()), cases)
	})
}

// populate makes one of each principal.
func (w *world) populate() {
	w.t.Helper()
	for _, p := range principals {
		switch {
		case p.scope != "" || p.name == "anonymous" || p.name == "owner":
			continue
		case p.name == "disabled", p.name == "removed":
			w.grant(w.join(p.name), owner, ledger.ID{})
			continue
		}
		s := w.join(p.name)
		if p.workspace != none {
			w.grant(s, p.workspace, ledger.ID{})
		}
	}
	w.grant(w.people["guest"], editor, w.public)
	w.grant(w.people["insider"], editor, w.private)
	w.join("reset")
	must(w.t, w.Accounts.Disable(context.Background(), access.Operator, w.people["disabled"].account.ID))
	must(w.t, w.Accounts.SetAdmin(context.Background(), access.Operator, w.people["operator"].account.ID, true))
	w.do(ledger.System, func(tx *ledger.Tx) error {
		for m := range access.Memberships.All(tx) {
			if m.Account == w.people["removed"].account.ID {
				return access.Memberships.Delete(tx, m.ID)
			}
		}
		return nil
	})
	elsewhere := w.found("elsewhere", w.people["stranger"])
	w.in(elsewhere, ledger.System, func(tx *ledger.Tx) error {
		return access.Grant(tx, w.people["owner"].account.ID, owner, ledger.ID{})
	})
	for _, p := range principals {
		if p.scope == "" {
			continue
		}
		n := access.NewToken{Scope: p.scope}
		if p.name == "token-elsewhere" {
			n.Workspace = elsewhere
		}
		w.withToken(p.name, w.people["owner"], n)
	}
}

func (w *world) resetOf(name string) string {
	w.t.Helper()
	secret, err := w.Accounts.NewReset(context.Background(), access.Operator, w.people[name].account.ID)
	must(w.t, err)
	return secret
}

// invite makes an invitation for somebody new.
func (w *world) invite() access.Invitation {
	w.t.Helper()
	i, _ := w.invited()
	return i
}

// invitation returns the secret of one.
func (w *world) invitation() string {
	w.t.Helper()
	_, secret := w.invited()
	return secret
}

func (w *world) invited() (access.Invitation, string) {
	w.t.Helper()
	email := strings.ReplaceAll(w.unique("new"), " ", "") + "@example.com"
	i, secret, _, err := w.Accounts.Invite(context.Background(), access.Operator, access.Invitation{Email: email, Workspace: w.ws, WorkspaceName: slug, Role: viewer})
	must(w.t, err)
	return i, secret
}

// tokenOf makes a token of somebody, to be revoked.
func (w *world) tokenOf(s *someone) ledger.ID {
	w.t.Helper()
	if s.account.ID.IsZero() {
		return w.public
	}
	made, _, err := w.Accounts.NewToken(context.Background(), access.Principal{Account: s.account, Scope: access.ScopeAdmin}, access.NewToken{Name: "old", Scope: access.ScopeRead})
	must(w.t, err)
	return made.ID
}

// sessionOf returns a session of somebody.
func (w *world) sessionOf(s *someone) ledger.ID {
	w.t.Helper()
	if s.cookie == "" {
		return w.public
	}
	all, err := w.Accounts.Sessions(context.Background(), access.Principal{Account: s.account, Scope: access.ScopeAdmin})
	must(w.t, err)
	if len(all) == 0 {
		return w.public
	}
	return all[0].ID
}

// edited changes a fresh entity of a kind and returns the position.
func (w *world) edited(kind string) ledger.Seq {
	w.t.Helper()
	id := w.make(kind, ledger.System, w.public)
	t, _ := w.Tables.Named(kind)
	column, value := w.edits(kind)
	return w.do(ledger.System, func(tx *ledger.Tx) error { return t.Edit(tx, w.scope(tx), id, table.Input{column: value}) })
}

// try sends a request and compares the answer with the table. What is refused has changed
// nothing.
func (w *world) try(t *testing.T, c *try, build func(*try) ask, want func() int) {
	t.Helper()
	if w.tries++; raceEnabled && w.tries%7 != 0 { // all of them are tried without the race detector
		return
	}
	if w.requests%200 == 0 {
		w.clock.Move(time.Minute) // a program has a thousand requests a minute
	}
	q := ask{}
	if build != nil {
		q = build(c)
	}
	status := want()
	method, path, _ := strings.Cut(c.pattern, " ")
	q.method = method
	if q.path == "" {
		path = strings.TrimSuffix(strings.ReplaceAll(path, "{workspace}", slug), "{$}")
		for name, value := range c.path {
			path = strings.ReplaceAll(path, "{"+name+"}", value)
		}
		q.path = path + c.query
	}
	who := c.who
	if c.fresh && who.cookie != "" && !c.p.nobody {
		one := *who
		w.signIn(&one)
		who = &one
		defer w.signIn(c.who) // for the other cases
	}
	at := w.position()
	answer := w.send(who, q)
	if got := outcome(answer); got != status {
		t.Errorf("%s, %s %s: %s gets %d, want %d: %s", c.p.name, c.state, c.pattern, q.path, got, status, detail(answer.Body.String()))
	}
	if now := w.position(); status != done && now != at {
		t.Errorf("%s, %s %s was refused and has changed something", c.p.name, c.state, c.pattern)
	}
}

// outcome is the status of an answer; whatever says that it was done is one.
func outcome(answer *httptest.ResponseRecorder) int {
	to := answer.Header().Get("Location")
	switch {
	case strings.HasPrefix(to, "/login?next="):
		return login
	case answer.Code < 400:
		return done
	}
	return answer.Code
}

// detail is what an answer says of itself.
func detail(body string) string {
	if at := strings.Index(body, "<main"); at >= 0 {
		body = body[at:]
	}
	body = strings.Join(strings.Fields(body), " ")
	return body[:min(len(body), 250)]
}

// tryKind tries a route of a kind as everybody, on entities in every state.
func (w *world) tryKind(t *testing.T, pattern, does string, build func(*try) ask, kind kindOf, tokens bool) (cases int) {
	t.Helper()
	states := strings.Fields(kind.states)
	if does == "look" {
		states = []string{""}
	}
	writes := does == "edit" || does == "delete" || does == "react" || does == "unreact" || does == "judge"
	for _, state := range states {
		var one ledger.ID
		for _, p := range principals {
			c := &try{w: w, who: w.people[p.name], p: p, pattern: pattern, kind: kind.name, state: state, path: map[string]string{}}
			switch {
			case does == "create" && (!slices.Contains([]string{"public", "private", "wide", "own"}, state) || kind.name == "products" && state == "private" || (kind.name == "features" || kind.name == "comments") && state == "own"):
				continue // what is new has no such state
			case state == "own" && does != "create" && !w.owns(c):
				continue
			case state == "past" && writes && api("/"+strings.SplitN(pattern, "/", 2)[1]):
				continue // the API has no past to write to
			}
			c.query = w.queryOf(state)
			if does != "look" && does != "create" {
				if one.IsZero() || writes || state == "own" || state == "personal" {
					one = w.entity(c)
				}
				id := one.String()
				c.path["id"], c.path["entity"] = id, id
			}
			if strings.Contains(pattern, "{column}") {
				column, _ := w.edits(kind.name)
				c.path["column"], c.was = column, w.value(kind.name, one, column, state == "proposed")
			}
			cases++
			w.try(t, c, build, func() int { return c.want(does, tokens) })
		}
	}
	return cases
}

// owns reports whether the principal can have made an entity itself.
func (w *world) owns(c *try) bool {
	if c.p.nobody || c.who.account.ID.IsZero() || c.p.name == "token-elsewhere" {
		return false
	}
	switch c.kind {
	case "views":
		return c.p.workspace != none
	case "proposals":
		return c.p.workspace.AtLeast(contributor)
	}
	return c.p.public.AtLeast(contributor)
}

func (w *world) queryOf(state string) string {
	switch state {
	case "past":
		return "?at=@" + fmt.Sprint(w.then())
	case "proposed":
		return "?in=" + w.proposal().String()
	}
	return ""
}

// entity makes an entity of the case's kind in its state.
func (w *world) entity(c *try) ledger.ID {
	w.t.Helper()
	as := ledger.System
	if c.state == "own" {
		as = c.who.actor()
	}
	if c.kind == "views" {
		return w.view(c)
	}
	id := w.make(c.kind, as, c.product())
	t, _ := w.Tables.Named(c.kind)
	switch c.state {
	case "private":
		if c.kind == "products" {
			w.do(ledger.System, func(tx *ledger.Tx) error {
				return access.Products.Edit(tx, id, func(p *access.Product) error { p.Private = true; return nil })
			})
		}
	case "archived":
		w.do(ledger.System, func(tx *ledger.Tx) error { return t.Edit(tx, w.scope(tx), id, table.Input{"archived": true}) })
	case "deleted":
		w.do(ledger.System, func(tx *ledger.Tx) error { return t.Delete(tx, id) })
	case "proposed":
		if c.kind == "dependencies" {
			break
		}
		column, value := w.edits(c.kind)
		if c.kind == "comments" {
			column, value = "text", w.unique("said")
		}
		w.do(ledger.System, func(tx *ledger.Tx) error { return t.Edit(tx, w.scope(tx), id, table.Input{column: value}) }, ledger.In(w.proposal()))
	case "past":
		w.past = w.position()
		c.query = w.queryOf(c.state)
	}
	return id
}

// view makes a saved view: the principal's own, or another's, shared or not.
func (w *world) view(c *try) (id ledger.ID) {
	w.t.Helper()
	as := w.people["owner"].actor()
	switch {
	case c.state == "own":
		as = c.who.actor()
	case c.p.name == "owner" || c.p.scope != "":
		as = w.people["admin"].actor()
	}
	w.do(as, func(tx *ledger.Tx) (err error) {
		id, err = backlog.Views.Create(tx, backlog.View{Title: w.unique("V"), Of: "features", Query: "q=x", Layout: "list", Shared: c.state == "shared"})
		return err
	})
	if c.state == "deleted" {
		w.do(as, func(tx *ledger.Tx) error { return backlog.Views.Delete(tx, id) })
	}
	return id
}

// then is the position at which the latest past entity was made.
func (w *world) then() ledger.Seq { return max(w.past, 1) }

// proposal returns the workspace's open proposal.
func (w *world) proposal() ledger.ID {
	w.t.Helper()
	if w.pending.IsZero() {
		w.do(ledger.System, func(tx *ledger.Tx) (err error) {
			w.pending, err = ledger.Proposals.Create(tx, ledger.Proposal{Title: "What if", State: ledger.ProposalOpen})
			return err
		})
	}
	return w.pending
}

// value is what stands in a column, as it is typed.
func (w *world) value(kind string, id ledger.ID, column string, proposed bool) string {
	w.t.Helper()
	s, err := w.Ledger.At(context.Background(), w.ws, ledger.System, 0)
	if proposed {
		s, err = w.Ledger.In(context.Background(), w.ws, ledger.System, w.proposal())
	}
	must(w.t, err)
	t, _ := w.Tables.Named(kind)
	row, ok := t.Row(s, id)
	if !ok {
		return ""
	}
	v, _ := t.Value(w.scope(s), row, column).(string)
	return v
}

// ends are the features that a dependency joins; for one that is gone, what never was.
func (w *world) ends(dependency string) (from, to string) {
	w.t.Helper()
	s, err := w.Ledger.At(context.Background(), w.ws, ledger.System, 0)
	must(w.t, err)
	id, err := ledger.ParseID(dependency)
	must(w.t, err)
	if d, ok := backlog.Dependencies.Get(s, id); ok {
		return d.From.String(), d.To.String()
	}
	return w.ws.String(), w.ws.String()
}
