package web_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/notify"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/webtest"
)

func TestSetUp(t *testing.T) {
	var founded web.Founding
	s := webtest.New(t, webtest.Options{Empty: true, Kit: func(k *web.Kit) {
		k.Ways = []web.Way{{Name: "demo", Title: "A demo product"}}
		k.Found = func(_ context.Context, _ access.Principal, f web.Founding) (string, error) {
			founded = f
			return "/account", nil
		}
	}})
	c := s.Client(t, access.Account{})
	for _, path := range []string{"/", "/login", "/account", "/w/fieldbook/find"} {
		if r, _ := s.Get(t, c, path); r.StatusCode != 303 || r.Header.Get("Location") != "/setup" {
			t.Errorf("%s before set-up: %d to %s", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
	code, err := s.Accounts.SetupCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"code": {"WRONG"}, "name": {"Mira & Co"}, "email": {"mira@fieldbook.example"}, "password": {"short"}}
	r, body := s.Post(t, c, "/setup", form)
	if r.StatusCode != 422 || strings.Count(body, `aria-invalid="true"`) < 1 || !strings.Contains(body, `value="Mira &amp; Co"`) || strings.Contains(body, `value="short"`) {
		t.Errorf("a wrong code: %d, or what was typed is lost, or the password comes back\n%s", r.StatusCode, body)
	}
	form.Set("code", code)
	form.Set("password", webtest.Password)
	if r, body = s.Post(t, c, "/setup", form); r.StatusCode != 303 || r.Header.Get("Location") != "/new" {
		t.Fatalf("set-up: %d %s\n%s", r.StatusCode, r.Header.Get("Location"), body)
	}
	if r, _ = s.Post(t, s.Client(t, access.Account{}), "/setup", form); r.StatusCode == 303 && r.Header.Get("Location") == "/new" {
		t.Error("the code works twice")
	}
	if _, body = s.Get(t, c, "/new"); !strings.Contains(body, "A demo product") {
		t.Error("the way to begin is not offered")
	}
	workspace := url.Values{"name": {"Fieldbook"}, "time_zone": {"Europe/Vienna"}, "currency": {"eur"}, "first_weekday": {"sunday"}, "way": {"demo"}}
	if r, _ = s.Post(t, c, "/new", workspace); r.StatusCode != 303 || r.Header.Get("Location") != "/account" {
		t.Errorf("a new workspace: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	if want := (web.Founding{Name: "Fieldbook", TimeZone: "Europe/Vienna", Currency: "EUR", FirstWeekday: "sunday", Way: "demo"}); founded != want {
		t.Errorf("founded %+v, want %+v", founded, want)
	}
	if r, _ = s.Get(t, s.Client(t, access.Account{}), "/setup"); r.Header.Get("Location") != "/login" {
		t.Error("the page of the set-up is still there")
	}
}

func TestSignIn(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	c := s.Client(t, access.Account{})
	r, _ := s.Get(t, c, "/account")
	to := r.Header.Get("Location")
	if to != "/login?next=%2Faccount" {
		t.Fatalf("the way to sign in: %s", to)
	}
	if _, body := s.Get(t, c, to); !strings.Contains(body, `name="next" value="/account"`) {
		t.Error("the page asked for is forgotten")
	}
	wrong := url.Values{"email": {s.Owner.Email}, "password": {"not the password"}, "next": {"/account"}}
	unknown := url.Values{"email": {"nobody@fieldbook.example"}, "password": {"not the password"}, "next": {"/account"}}
	a, bodyA := s.Post(t, c, "/login", wrong)
	b, bodyB := s.Post(t, c, "/login", unknown)
	same := func(body, email string) string {
		return regexp.MustCompile(`nonce="[^"]*"`).ReplaceAllString(strings.ReplaceAll(body, email, ""), "")
	}
	if a.StatusCode != 401 || b.StatusCode != 401 || same(bodyA, s.Owner.Email) != same(bodyB, "nobody@fieldbook.example") {
		t.Errorf("a wrong password (%d) and an unknown address (%d) are told apart", a.StatusCode, b.StatusCode)
	}
	if len(a.Cookies()) != 0 {
		t.Errorf("a refused sign-in sets %v", a.Cookies())
	}
	right := url.Values{"email": {s.Owner.Email}, "password": {webtest.Password}, "next": {"/account"}}
	r, _ = s.Post(t, c, "/login", right)
	if r.StatusCode != 303 || r.Header.Get("Location") != "/account" {
		t.Fatalf("sign in: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	first := r.Cookies()[0].Value
	for _, evil := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/login", "\t//evil.example"} {
		right.Set("next", evil)
		if r, _ = s.Post(t, c, "/login", right); r.Header.Get("Location") != "/" {
			t.Errorf("next %q leads to %q", evil, r.Header.Get("Location"))
		}
	}
	if r.Cookies()[0].Value == first {
		t.Error("a sign-in keeps the session that the browser held")
	}
	if _, err := s.Accounts.BySession(t.Context(), first); err == nil {
		s.Clock.Move(time.Second)
		if _, err := s.Accounts.BySession(t.Context(), first); err == nil {
			t.Error("the session before goes on")
		}
	}
	last := r.Cookies()[0].Value
	r, _ = s.Post(t, c, "/logout", url.Values{})
	if r.StatusCode != 303 || r.Cookies()[0].MaxAge >= 0 {
		t.Errorf("sign out: %d %v", r.StatusCode, r.Cookies())
	}
	s.Clock.Move(time.Second)
	if _, err := s.Accounts.BySession(t.Context(), last); err == nil {
		t.Error("the session outlives the sign-out")
	}
	for range access.SignInLimit.N {
		_, _ = s.Post(t, c, "/login", wrong)
	}
	r, body := s.Post(t, c, "/login", wrong)
	if r.StatusCode != 429 || r.Header.Get("Retry-After") == "" || !strings.Contains(body, `role="alert"`) {
		t.Errorf("guessing: %d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
}

func TestInvitation(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	ctx := context.Background()
	owner, _, err := s.Accounts.SignIn(ctx, s.Owner.Email, webtest.Password, access.Client{})
	if err != nil {
		t.Fatal(err)
	}
	invite := func(email string) string {
		_, secret, _, err := s.Accounts.Invite(ctx, owner, access.Invitation{Email: email, Workspace: s.Workspace, WorkspaceName: "Fieldbook", Role: access.Editor})
		if err != nil {
			t.Fatal(err)
		}
		return "/invite/" + secret
	}
	link := invite("kels@fieldbook.example")
	c := s.Client(t, access.Account{})
	if r, body := s.Get(t, c, link); r.StatusCode != 200 || !strings.Contains(body, "Fieldbook") || !strings.Contains(body, "kels@fieldbook.example") {
		t.Fatalf("the invitation: %d\n%s", r.StatusCode, body)
	}
	if r, body := s.Post(t, c, link, url.Values{"name": {"Kels"}, "password": {"short"}, "email": {"other@evil.example"}}); r.StatusCode != 422 || !strings.Contains(body, `value="Kels"`) {
		t.Errorf("a short password: %d", r.StatusCode)
	}
	if r, _ := s.Post(t, c, link, url.Values{"name": {"Kels"}, "password": {webtest.Password}, "email": {"other@evil.example"}}); r.StatusCode != 303 {
		t.Fatalf("accept: %d", r.StatusCode)
	}
	if r, _ := s.Get(t, c, "/w/fieldbook/find"); r.StatusCode != 200 {
		t.Errorf("the new member gets %d", r.StatusCode)
	}
	if _, err := s.Accounts.ByEmail(ctx, "other@evil.example"); err == nil {
		t.Error("the invitation can be turned to another address")
	}
	if r, _ := s.Get(t, s.Client(t, access.Account{}), link); r.StatusCode != 404 {
		t.Errorf("a used invitation: %d", r.StatusCode)
	}

	rafe := s.Account(t, "Rafe", access.Nobody)
	link = invite(rafe.Email)
	if r, _ := s.Post(t, s.Client(t, s.Account(t, "Zane", access.Nobody)), link, url.Values{"name": {"Zane"}, "password": {webtest.Password}}); r.StatusCode < 400 {
		t.Errorf("somebody else accepts: %d", r.StatusCode)
	}
	member := s.Client(t, rafe)
	if r, _ := s.Post(t, member, link, url.Values{}); r.StatusCode != 303 {
		t.Fatalf("accept with an account: %d", r.StatusCode)
	}
	now, err := s.Ledger.At(ctx, s.Workspace, ledger.System, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := access.RoleOf(now, rafe.ID); got != access.Editor {
		t.Errorf("the role is %q", got)
	}
}

func TestReset(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	ctx := context.Background()
	tovi := s.Account(t, "Tovi", access.Viewer)
	owner, _, err := s.Accounts.SignIn(ctx, s.Owner.Email, webtest.Password, access.Client{})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := s.Accounts.NewReset(ctx, owner, tovi.ID)
	if err != nil {
		t.Fatal(err)
	}
	c := s.Client(t, access.Account{})
	if r, body := s.Post(t, c, "/reset/"+secret, url.Values{"password": {"short"}}); r.StatusCode != 422 || !strings.Contains(body, "aria-invalid") {
		t.Errorf("a short password: %d", r.StatusCode)
	}
	const better = "a better sentence than that"
	if r, _ := s.Post(t, c, "/reset/"+secret, url.Values{"password": {better}}); r.StatusCode != 303 {
		t.Fatalf("reset: %d", r.StatusCode)
	}
	if r, _ := s.Post(t, c, "/reset/"+secret, url.Values{"password": {better + "!"}}); r.StatusCode != 404 {
		t.Errorf("a used link: %d", r.StatusCode)
	}
	if r, _ := s.Post(t, c, "/login", url.Values{"email": {tovi.Email}, "password": {better}, "next": {"/"}}); r.StatusCode != 303 {
		t.Errorf("the new password: %d", r.StatusCode)
	}
	if _, body := s.Get(t, s.Client(t, access.Account{}), "/forgot"); !strings.Contains(body, "throughline user reset") {
		t.Error("without mail the page does not say how to get a link")
	}
}

func TestAccount(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	kels := s.Account(t, "Kels", access.Viewer)
	c, other := s.Client(t, kels), s.Client(t, kels)
	post := func(path string, form url.Values, want int, says string) string {
		t.Helper()
		r, body := s.Post(t, c, path, form)
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
		if r.StatusCode == 303 {
			_, body = s.Get(t, c, r.Header.Get("Location"))
		}
		if !strings.Contains(body, says) {
			t.Errorf("%s does not say %q\n%s", path, says, body)
		}
		return body
	}
	post("/account/name", url.Values{"name": {""}}, 422, `aria-invalid="true"`)
	post("/account/name", url.Values{"name": {"Kels <b>"}}, 303, "Kels &lt;b&gt;")
	post("/account/email", url.Values{"email": {"kels2@fieldbook.example"}, "current": {"wrong"}}, 422, "is not your password")
	post("/account/email", url.Values{"email": {"kels2@fieldbook.example"}, "current": {webtest.Password}}, 303, "Changed e-mail")
	post("/account/tokens", url.Values{"name": {"CI"}, "scope": {"read"}, "days": {"90"}, "current": {"wrong"}}, 422, "is not your password")
	post("/account/tokens", url.Values{"name": {"CI"}, "scope": {"read"}, "days": {"9999"}, "current": {webtest.Password}}, 422, "30, 90 or 365")
	body := post("/account/tokens", url.Values{"name": {"CI"}, "scope": {"read"}, "days": {"90"}, "current": {webtest.Password}}, 200, "shown once")
	token := regexp.MustCompile(`tl\w*_[\w-]{20,}`).FindString(body)
	if token == "" {
		t.Fatalf("no token is shown\n%s", body)
	}
	if p, err := s.Accounts.ByToken(t.Context(), token); err != nil || p.Scope != access.ScopeRead {
		t.Errorf("the token: %+v, %v", p, err)
	}
	if _, body = s.Get(t, c, "/account/tokens"); strings.Contains(body, token) {
		t.Error("the token is shown twice")
	}
	id := regexp.MustCompile(`/account/tokens/revoke" data-post><input type="hidden" name="which" value="([^"]+)"`).FindStringSubmatch(body)
	if id == nil {
		t.Fatal("the token cannot be revoked")
	}
	post("/account/appearance", url.Values{"theme": {"dark"}, "density": {"loose"}, "side": {"wide"}, "first": {""}}, 422, "choose one of those offered")
	post("/account/appearance", url.Values{"theme": {"dark"}, "density": {"compact"}, "side": {"wide"}, "first": {""}}, 303, `data-density="compact"`)
	post("/account/notifications", url.Values{"reason": {"mentioned"}}, 303, `value="mentioned" checked`)
	if off, err := notify.Muted(t.Context(), s.Accounts, kels.ID); err != nil || slices.Contains(off, notify.Mentioned) || !slices.Contains(off, notify.Changed) {
		t.Errorf("muted: %v, %v", off, err)
	}
	post("/account/tokens/revoke", url.Values{"which": {id[1]}}, 303, "Revoked token")
	post("/account/sessions/end", url.Values{"which": {"nonsense"}}, 404, "Nothing here")
	post("/account/password", url.Values{"old": {webtest.Password}, "new": {"a better sentence than that"}}, 303, "Changed password")
	s.Clock.Move(time.Second)
	if r, _ := s.Get(t, other, "/account"); r.StatusCode != 303 {
		t.Errorf("another session goes on after a new password: %d", r.StatusCode)
	}
	if r, _ := s.Get(t, c, "/account"); r.StatusCode != 200 {
		t.Errorf("this session ends with it: %d", r.StatusCode)
	}
}

func TestTheme(t *testing.T) {
	s := webtest.New(t, webtest.Options{})
	c := s.Client(t, access.Account{})
	for _, theme := range []string{"dark", "light", "auto", `"><script>`} {
		if r, _ := s.Do(t, c, http.MethodPost, "/theme", url.Values{"theme": {theme}}, "Referer", s.Server.URL+"/login?next=%2F"); r.Header.Get("Location") != "/login?next=%2F" {
			t.Errorf("back to %q", r.Header.Get("Location"))
		}
		want := theme
		if len(theme) > 5 {
			want = "auto"
		}
		if _, body := s.Get(t, c, "/login"); !strings.Contains(body, `data-theme="`+want+`"`) {
			t.Errorf("%q is not kept", theme)
		}
	}
	if r, _ := s.Do(t, c, http.MethodPost, "/theme", url.Values{"theme": {"dark"}}, "Referer", "https://evil.example/x"); r.Header.Get("Location") != "/" {
		t.Errorf("back to %q", r.Header.Get("Location"))
	}
}
