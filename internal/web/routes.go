package web

import (
	"net/http"

	"github.com/throughline-pm/throughline/internal/api/problem"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/web/assets"
)

// Routes are the routes of the kit itself.
func Routes(k *Kit) []Route {
	get := func(pattern string, who Who, handle func(*Request) error) Route {
		return Route{Method: http.MethodGet, Pattern: pattern, Who: who, Handle: handle}
	}
	post := func(pattern string, who Who, handle func(*Request) error) Route {
		return Route{Method: http.MethodPost, Pattern: pattern, Who: who, Handle: handle}
	}
	before := func(r Route) Route { r.Setup = true; return r }
	plain := func(r Route) Route { r.Plain = true; return r }
	routes := []Route{
		plain(get(assets.Prefix+"{version}/{name...}", Anyone, asset)),
		before(get("/setup", Anyone, (*Request).setupForm)),
		before(post("/setup", Anyone, (*Request).setup)),
		before(post("/theme", Anyone, (*Request).switchTheme)),
		get("/login", Anyone, (*Request).login),
		post("/login", Anyone, (*Request).signIn),
		post("/logout", SignedIn, (*Request).signOut),
		get("/forgot", Anyone, (*Request).forgot),
		post("/forgot", Anyone, (*Request).requestReset),
		get("/reset/{secret}", Anyone, (*Request).resetForm),
		post("/reset/{secret}", Anyone, (*Request).reset),
		get("/invite/{secret}", Anyone, (*Request).inviteForm),
		post("/invite/{secret}", Anyone, (*Request).acceptInvitation),
		get("/{$}", SignedIn, (*Request).home),
		get("/new", ServerAdmin, (*Request).newWorkspaceForm),
		post("/new", ServerAdmin, (*Request).newWorkspace),
		get("/account", SignedIn, profileSheet.show),
		get("/account/appearance", SignedIn, appearanceSheet.show),
		post("/account/appearance", SignedIn, lookForm.post),
		get("/account/notifications", SignedIn, noticesSheet.show),
		post("/account/notifications", SignedIn, noticesForm.post),
		get("/account/security", SignedIn, securitySheet.show),
		get("/account/tokens", SignedIn, tokensSheet.show),
		post("/account/name", SignedIn, nameForm.post),
		post("/account/email", SignedIn, emailForm.post),
		post("/account/password", SignedIn, passwordForm.post),
		post("/account/sessions/end", SignedIn, endSessionForm.post),
		post("/account/sessions/end-others", SignedIn, endOthersForm.post),
		post("/account/letters", SignedIn, (*Request).switchLetters),
		post("/account/tokens", SignedIn, (*Request).newToken),
		post("/account/tokens/revoke", SignedIn, revokeForm.post),
		get("/w/{workspace}", Member, (*Request).front),
		get("/w/{workspace}/{$}", Member, (*Request).front),
		get("/w/{workspace}/find", Member, (*Request).find),
		get("/w/{workspace}/live", Member, (*Request).live),
		post("/w/{workspace}/undo", Member, (*Request).undo),
		post("/w/{workspace}/write/preview", Member, (*Request).preview),
		get("/files/{workspace}/{attachment}", Member, (*Request).file),
		get("/w/{workspace}/write/people", Member, (*Request).suggestPeople),
		get("/w/{workspace}/write/things", Member, (*Request).suggestThings),
		post("/w/{workspace}/favourites", Member, (*Request).favourite),
	}
	if k.Server != nil {
		routes = append(routes,
			get("/server", ServerAdmin, serverState),
			get("/server/mail", ServerAdmin, serverMail),
			post("/server/mail", ServerAdmin, testMail),
			get("/server/options", ServerAdmin, serverOptions))
	}
	if k.Development {
		routes = append(routes, before(get("/_gallery", Anyone, (*Request).gallery)))
	}
	return routes
}

func asset(q *Request) error {
	if assets.Serve(q.W, q.R) {
		return nil
	}
	return fault.New(fault.NotFound, "there is no such file")
}

// retryAfter says when another try makes sense, on a page that shows its form again.
func retryAfter(q *Request, err error) { problem.Header(q.W.Header(), err) }
