package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// alive answers that the process runs: who watches it restarts it if there is no answer.
func alive(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

// ready answers whether requests should be sent here.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	if err := a.Ready(r.Context()); err != nil {
		a.Log.Warn("the server is not ready", "error", err)
		say(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	say(w, http.StatusOK, "ready")
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	fmt.Fprintln(w, text)
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
