package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"sync"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// streamsAtMost is how many live streams one account may hold open at once. Browsers
// close those of hidden tabs.
const streamsAtMost = 20

// presence knows who looks at which page, in this process: people who are served by
// another node are not seen. It keeps nothing when a stream ends.
type presence struct {
	mu     sync.Mutex
	once   sync.Once
	key    []byte // signs the names of pages
	guests map[string][]*guest
	count  map[ledger.ID]int // streams by account
}

// guest is one open page of somebody.
type guest struct {
	account ledger.ID
	name    string
	moved   chan struct{} // gets a value when the company has changed
}

// page returns the name under which a page is known to those who look at it. It is
// signed, so that only who was shown the page can ask who else is there.
func (p *presence) page(workspace ledger.ID, path string) string {
	p.once.Do(func() {
		p.key = make([]byte, 32)
		_, _ = rand.Read(p.key) // never fails
	})
	mac := hmac.New(sha256.New, p.key)
	mac.Write(workspace[:])
	mac.Write([]byte(path))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:15])
}

// enter lets somebody onto a page until leave is called.
func (p *presence) enter(page string, account ledger.ID, name string) (g *guest, leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[account] >= streamsAtMost {
		return nil, nil, fault.New(fault.TooMany, "you have %d pages open at once; close some", streamsAtMost)
	}
	if p.guests == nil {
		p.guests, p.count = map[string][]*guest{}, map[ledger.ID]int{}
	}
	g = &guest{account: account, name: name, moved: make(chan struct{}, 1)}
	p.count[account]++
	p.guests[page] = append(p.guests[page], g)
	p.tell(page)
	return g, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.count[account]--; p.count[account] == 0 {
			delete(p.count, account)
		}
		p.guests[page] = slices.DeleteFunc(p.guests[page], func(o *guest) bool { return o == g })
		if len(p.guests[page]) == 0 {
			delete(p.guests, page)
		}
		p.tell(page)
	}, nil
}

// tell wakes those on a page, the new one too.
func (p *presence) tell(page string) {
	for _, g := range p.guests[page] {
		select {
		case g.moved <- struct{}{}:
		default: // it has not looked since the last time
		}
	}
}

// company is somebody else on a page.
type company struct {
	Name    string `json:"name"`
	Initial string `json:"initial"`
	Hue     int    `json:"hue"`
}

// company returns the others on a page, each once, by name.
func (p *presence) company(page string, me ledger.ID) []company {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := map[ledger.ID]bool{me: true}
	all := []company{}
	for _, g := range p.guests[page] {
		if !seen[g.account] {
			seen[g.account] = true
			person := ui.Person{ID: g.account.String(), Name: g.name}
			all = append(all, company{Name: g.name, Initial: person.Initial(), Hue: person.Hue()})
		}
	}
	slices.SortFunc(all, func(a, b company) int { return strings.Compare(a.Name, b.Name) })
	return all
}
