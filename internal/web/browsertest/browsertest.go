// Package browsertest opens pages in Chromium for tests, and fails them for what a
// person would not accept: a refused script or style, an error on the console, or what
// axe-core finds hard to use.
package browsertest

import (
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
)

//go:embed testdata/axe.min.js
var axe string

// The widths that pages are made for.
const (
	Phone  = 375
	Tablet = 900
	Desk   = 1440
)

// patience is for all that a test does with one page: machines that test are loaded.
const patience = 5 * time.Minute

var (
	once    sync.Once
	browser *rod.Browser
	missing string
)

// start launches one browser for all tests of a package.
func start(t testing.TB) *rod.Browser {
	t.Helper()
	once.Do(func() {
		bin := ""
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
			if path, err := exec.LookPath(name); err == nil {
				bin = path
				break
			}
		}
		if bin == "" {
			missing = "Chromium is not installed; 'make deps' says how to get it"
			return
		}
		l := launcher.New().Bin(bin).Headless(true).NoSandbox(true).Leakless(false).
			Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").
			Set("disable-component-update").Set("disable-sync").Set("disable-dev-shm-usage").Set("force-prefers-reduced-motion")
		address, err := l.Launch()
		if err != nil {
			missing = "Chromium does not start: " + err.Error()
			return
		}
		browser = rod.New().ControlURL(address)
		if err := browser.Connect(); err != nil {
			missing = "Chromium does not answer: " + err.Error()
		}
	})
	if missing != "" {
		t.Fatal(missing)
	}
	return browser
}

// Page is an open page whose complaints fail the test.
type Page struct {
	*rod.Page
	whole     *rod.Page // without a time limit, for what is heard all the while
	t         testing.TB
	mu        sync.Mutex
	complaint []string
}

// Open opens an address with the cookies, at a width and in "light" or "dark".
func Open(t testing.TB, address string, width int, scheme string, cookies ...*http.Cookie) *Page {
	t.Helper()
	context, err := start(t).Incognito()
	must(t, err)
	t.Cleanup(func() { _ = context.Close() })
	page, err := context.Page(proto.TargetCreateTarget{})
	must(t, err)
	p := &Page{Page: page.Timeout(patience), whole: page, t: t}
	p.watch()
	p.Look(width, scheme)
	for _, c := range cookies {
		must(t, p.SetCookies([]*proto.NetworkCookieParam{{Name: c.Name, Value: c.Value, URL: address, HTTPOnly: true}}))
	}
	p.Go(address)
	return p
}

// Look shows the page at a width and in "light" or "dark".
func (p *Page) Look(width int, scheme string) {
	p.t.Helper()
	must(p.t, p.SetViewport(&proto.EmulationSetDeviceMetricsOverride{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width <= Phone}))
	must(p.t, proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}.Call(p.Page))
}

// Go opens another address in the same page.
func (p *Page) Go(address string) {
	p.t.Helper()
	p.Page = p.whole.Timeout(patience)
	p.mu.Lock()
	p.complaint = nil
	p.mu.Unlock()
	must(p.t, p.Navigate(address))
	must(p.t, p.WaitLoad())
}

// watch notes errors of the console and what the content security policy refused.
func (p *Page) watch() {
	must(p.t, proto.LogEnable{}.Call(p.Page))
	must(p.t, proto.RuntimeEnable{}.Call(p.Page))
	must(p.t, proto.AuditsEnable{}.Call(p.Page))
	note := func(format string, args ...any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.complaint = append(p.complaint, fmt.Sprintf(format, args...))
	}
	go p.whole.EachEvent(func(e *proto.LogEntryAdded) {
		if e.Entry.Level == proto.LogLogEntryLevelError || e.Entry.Level == proto.LogLogEntryLevelWarning {
			note("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}, func(e *proto.RuntimeConsoleAPICalled) {
		if e.Type == proto.RuntimeConsoleAPICalledTypeError || e.Type == proto.RuntimeConsoleAPICalledTypeWarning {
			var words []string
			for _, a := range e.Args {
				words = append(words, a.Value.String())
			}
			note("console: %s", strings.Join(words, " "))
		}
	}, func(e *proto.RuntimeExceptionThrown) {
		note("exception: %s", e.ExceptionDetails.Text+" "+exceptionText(e.ExceptionDetails))
	}, func(e *proto.AuditsIssueAdded) {
		if e.Issue.Code == proto.AuditsInspectorIssueCodeContentSecurityPolicyIssue {
			d := e.Issue.Details.ContentSecurityPolicyIssueDetails
			note("policy: %s refused %s", d.ViolatedDirective, d.BlockedURL)
		}
	})()
}

// Complaints returns what the browser complained about so far.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.complaint...)
}

// Check fails the test for every complaint of the browser, and for what axe-core finds
// against WCAG 2.2 AA and good practice on the page as it is now.
func (p *Page) Check() {
	p.t.Helper()
	must(p.t, p.Wait(rod.Eval(`() => !document.querySelector('.htmx-request')`))) // what is being loaded is dimmed
	// axe-core is put in from outside the page, which its policy does not bind
	_, err := p.Page.Evaluate(&rod.EvalOptions{JS: "() => {" + axe + "}", UserGesture: false})
	must(p.t, err)
	found, err := p.Page.Evaluate(&rod.EvalOptions{ByValue: true, AwaitPromise: true, JS: `async () => {
		const r = await axe.run(document, {resultTypes: ['violations']})
		return r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160) + ' – ' + (n.failureSummary ?? v.help)))
	}`})
	must(p.t, err)
	at := ""
	if info, err := p.Info(); err == nil {
		at = info.URL
	}
	for _, f := range found.Value.Arr() {
		p.t.Errorf("%s: axe-core: %s", at, f.Str())
	}
	for _, c := range p.Complaints() {
		p.t.Errorf("%s: %s", at, c)
	}
}

// Shot writes a picture of the page to the folder that the variable names; nothing
// if it is not set. For people who want to look.
func (p *Page) Shot(name string) {
	p.t.Helper()
	dir := os.Getenv("THROUGHLINE_SHOTS")
	if dir == "" {
		return
	}
	b, err := p.Screenshot(false, nil)
	must(p.t, err)
	must(p.t, os.WriteFile(dir+"/"+name+".png", b, 0o644))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exceptionText(d *proto.RuntimeExceptionDetails) string {
	if d.Exception == nil {
		return d.URL
	}
	return d.Exception.Description
}
