package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/web"
)

// health are the routes for those who watch the server.
func (a *App) health() []web.Route {
	return []web.Route{
		// alive: whoever gets no answer starts the process again
		{Method: http.MethodGet, Pattern: "/healthz", Who: web.Anyone, Plain: true, Handle: func(q *web.Request) error {
			return say(q.W, http.StatusOK, "ok")
		}},
		// ready: whoever gets another answer sends requests elsewhere
		{Method: http.MethodGet, Pattern: "/readyz", Who: web.Anyone, Plain: true, Handle: func(q *web.Request) error {
			if err := a.Ready(q.R.Context()); err != nil {
				a.Log.Warn("the server is not ready", "error", err)
				return say(q.W, http.StatusServiceUnavailable, "not ready")
			}
			return say(q.W, http.StatusOK, "ready")
		}},
	}
}

func say(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, err := fmt.Fprintln(w, text)
	return err
}

// Ready returns why the server should get no requests, nil if it should.
func (a *App) Ready(ctx context.Context) error {
	select {
	case <-a.stopping:
		return fault.New(fault.Unavailable, "the server is stopping")
	default:
	}
	if err := a.Ledger.Broken(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var n int
	return a.engine.DB().QueryRowContext(ctx, `SELECT count(*) FROM record_migrations`).Scan(&n)
}
