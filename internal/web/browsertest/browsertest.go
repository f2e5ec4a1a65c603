// Package browsertest opens pages in Chromium for tests, and fails them for what a
// person would not accept: a refused script or style, an error on the console, or what
// axe-core finds hard to use.
package browsertest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"
	"github.com/go-rod/rod/lib/utils"
)

//go:embed testdata/axe.min.js
var axe string

// The widths that pages are made for.
const (
	Phone  = 375
	Tablet = 900
	Desk   = 1440
)

// patience is for one thing that a test waits for: machines that test are loaded, and yet
// a test that waits for what never comes should say so soon.
const patience = 30 * time.Second

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
		client, err := cdp.StartWithURL(context.Background(), address, nil)
		if err != nil {
			missing = "Chromium does not answer: " + err.Error()
			return
		}
		browser = rod.New().Client(impatient{client})
		if err := browser.Connect(); err != nil {
			missing = "Chromium does not answer: " + err.Error()
		}
	})
	if missing != "" {
		t.Fatal(missing)
	}
	return browser
}

// impatient calls the browser, but waits for no answer longer than its patience.
type impatient struct{ *cdp.Client }

func (c impatient) Call(ctx context.Context, session, method string, params any) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b, err := c.Client.Call(limited, session, method, params)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%s was not answered in %v", method, patience)
	}
	return b, err
}

var errPatience = fmt.Errorf("not so after %v", patience)

// sleeper paces the waiting for one thing, and ends it.
func sleeper() utils.Sleeper {
	end := time.Now().Add(patience)
	pause := rod.DefaultSleeper()
	return func(ctx context.Context) error {
		if time.Now().After(end) {
			return errPatience
		}
		return pause(ctx)
	}
}

// Page is an open page whose complaints fail the test. What rod calls Must fails the test
// too, and only that.
type Page struct {
	*rod.Page
	t         testing.TB
	asked     string // the element that was asked for last
	mu        sync.Mutex
	complaint []string
}

// Open opens an address with the cookies, at a width and in "light" or "dark".
func Open(t testing.TB, address string, width int, scheme string, cookies ...*http.Cookie) *Page {
	t.Helper()
	p := &Page{t: t}
	own, err := start(t).Sleeper(sleeper).WithPanic(p.fail).Incognito()
	must(t, err)
	t.Cleanup(func() { _ = own.Close() })
	p.Page, err = own.Page(proto.TargetCreateTarget{})
	must(t, err)
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
	p.mu.Lock()
	p.complaint = nil
	p.mu.Unlock()
	must(p.t, p.Navigate(address))
	must(p.t, p.WaitLoad())
}

// again asks a page until it answers as itself: an answer that was cut off because the page
// was just then left for another says nothing.
func again(ask func() error) (err error) {
	for range 100 {
		if err = ask(); err == nil || !strings.Contains(err.Error(), "Inspected target navigated or closed") && !strings.Contains(err.Error(), "Cannot find context") {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// Has waits for an element and returns it; if it is never there, the failure names it.
func (p *Page) Has(selector string) (e *rod.Element) {
	p.t.Helper()
	p.asked = selector
	err := again(func() (err error) {
		e, err = p.Element(selector)
		return err
	})
	if err != nil {
		p.t.Fatalf("nothing is %s: %v; %s", selector, err, p.state())
	}
	return e
}

// Says waits for an element whose text fits an expression, and returns it.
func (p *Page) Says(selector, expression string) (e *rod.Element) {
	p.t.Helper()
	p.asked = selector
	err := again(func() (err error) {
		e, err = p.ElementR(selector, expression)
		return err
	})
	if err != nil {
		p.t.Fatalf("no %s says %q: %v; %s", selector, expression, err, p.state())
	}
	return e
}

// MustElement waits for an element; if it is never there, or what is done with it never
// can be, the failure names it.
func (p *Page) MustElement(selector string) *rod.Element {
	p.asked = selector
	return p.Page.MustElement(selector)
}

// MustElementR is MustElement for one whose text fits an expression.
func (p *Page) MustElementR(selector, expression string) *rod.Element {
	p.asked = selector
	return p.Page.MustElementR(selector, expression)
}

// Until waits until a function in the page answers true.
func (p *Page) Until(js string, args ...any) {
	p.t.Helper()
	if err := again(func() error { return p.Wait(rod.Eval(js, args...)) }); err != nil {
		p.asked = ""
		p.t.Fatalf("%s %v: %v; %s", js, args, err, p.state())
	}
}

// fail fails the test for what a Must met, with where in the test it was and how the page
// looked.
func (p *Page) fail(met any) {
	p.t.Helper()
	at := ""
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for f, more := frames.Next(); ; f, more = frames.Next() {
		if strings.HasSuffix(f.File, "_test.go") {
			at = fmt.Sprintf("%s:%d: ", filepath.Base(f.File), f.Line)
			break
		}
		if !more {
			break
		}
	}
	said := fmt.Sprint(met)
	if err, ok := met.(error); ok && errors.Is(err, errPatience) {
		said = p.asked + " is " + said
	}
	p.t.Fatalf("%s%s; %s", at, said, p.state())
}

// state tells how the page looks to who waits for something on it.
func (p *Page) state() string {
	r, err := p.Timeout(5*time.Second).Eval(`asked => {
		const say = (e) => e ? e.cloneNode(false).outerHTML.slice(0, 200) : 'nothing'
		const lines = ['at ' + location.href, 'focus on ' + say(document.activeElement)]
		document.querySelectorAll('dialog[open], :popover-open, .toast').forEach((e) => lines.push('open: ' + say(e)))
		let all = []
		try { all = asked ? [...document.querySelectorAll(asked)] : [] } catch {}
		if (asked) lines.push(all.length + ' are ' + asked)
		if (all[0]) {
			const r = all[0].getBoundingClientRect()
			lines.push('the first, ' + say(all[0]) + ', is ' + Math.round(r.width) + ' by ' + Math.round(r.height) + ' at ' + Math.round(r.left) + ', ' + Math.round(r.top) + '; on top there: ' + say(document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2)))
		}
		return lines.join('\n') + '\n' + (document.body?.innerText ?? '').replace(/\s+/g, ' ').slice(0, 800)
	}`, p.asked)
	if err != nil {
		return "and the page does not say how it is: " + err.Error()
	}
	return r.Value.Str()
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
	go p.EachEvent(func(e *proto.LogEntryAdded) {
		if e.Entry.Level == proto.LogLogEntryLevelError || e.Entry.Level == proto.LogLogEntryLevelWarning {
			note("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}, func(e *proto.RuntimeConsoleAPICalled) {
		if e.Type == proto.RuntimeConsoleAPICalledTypeError || e.Type == proto.RuntimeConsoleAPICalledTypeWarning {
			var words []string
			for _, a := range e.Args {
				words = append(words, a.Value.String())
			}
			// a request that leaving the page cut off is no fault of the page
			if told := strings.Join(words, " "); !strings.Contains(told, "Failed to fetch") {
				note("console: %s", told)
			}
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
	// a field named like a property of its form hides it from scripts, those that make the
	// page new among them
	hidden, err := p.Eval(`() => [...document.forms].flatMap(f => ['id', 'action', 'method', 'tagName', 'parentNode', 'attributes', 'matches'].filter(n => f.elements.namedItem(n) !== null).map(n => n + ' of the form to ' + f.getAttribute('action')))`)
	must(p.t, err)
	for _, h := range hidden.Value.Arr() {
		p.t.Errorf("a field hides %s", h.Str())
	}
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
