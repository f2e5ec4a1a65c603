package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/loop"
)

// The limits of a connection. Routes that take or give more than a page, or never end,
// set deadlines of their own.
const (
	headerTime  = 10 * time.Second
	readTime    = time.Minute
	writeTime   = time.Minute
	idleTime    = 2 * time.Minute
	headerBytes = 32 << 10

	// graceful is how long requests that run when the server stops may take to end.
	graceful = 10 * time.Second
)

// Run serves people and does the background work until ctx ends; then it lets requests
// that run come to their end. started is called once with the address at which the server
// can be reached from this machine.
func (a *App) Run(ctx context.Context, started func(url string)) error {
	listener, err := net.Listen("tcp", a.Config.Addr)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       readTime,
		WriteTimeout:      writeTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug), // what strangers do wrong
	}
	serve, scheme := server.Serve, "http"
	if a.Config.TLSCert != "" {
		cert, err := openCertificate(a.Config.TLSCert, a.Config.TLSKey, a.Log)
		if err != nil {
			return errors.Join(err, listener.Close())
		}
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: cert.get}
		serve, scheme = func(l net.Listener) error { return server.ServeTLS(l, "", "") }, "https"
	}

	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	work.Go(func() { loop.Run(background, a.Ledger, a.Log, a.loops()...) })

	work.Go(func() { a.prepare(background) })

	failed := make(chan error, 1)
	work.Go(func() { failed <- serve(listener) })
	if started != nil {
		started(scheme + "://" + reachable(listener.Addr()))
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve at %s: %w", a.Config.Addr, err)
	case <-ctx.Done():
	}
	return a.stop(server)
}

// warm is how many workspaces a starting server loads before anybody asks for them.
const warm = 8

// prepare does beside the serving what need not be done before it: the views for analysts
// are brought up to date, and the workspaces that were written last are loaded, so that
// the first page of a large one does not wait for that.
func (a *App) prepare(ctx context.Context) {
	rows, err := a.engine.Workspaces(ctx)
	slices.SortFunc(rows, func(x, y ledger.WorkspaceRow) int { return cmp.Compare(y.Head.LastAt, x.Head.LastAt) })
	for _, w := range rows[:min(warm, len(rows))] {
		if err == nil {
			_, err = a.Ledger.At(ctx, w.ID, ledger.System, 0)
		}
	}
	if err == nil {
		err = a.Ledger.CreateViews(ctx)
	}
	if err != nil && ctx.Err() == nil {
		a.Log.Warn("the server runs, but could not be prepared", "error", err)
	}
}

// stop ends the server: not ready at once, streams told, no more connections after the
// drain time, and what still runs gets its time.
func (a *App) stop(server *http.Server) error {
	close(a.stopping)
	a.Log.Info("the server is stopping")
	time.Sleep(a.Config.Drain)
	ctx, cancel := context.WithTimeout(context.Background(), graceful)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut off after %v: %w", graceful, err), server.Close())
	}
	return nil
}

// reachable turns the address of a listener into one that a browser on this machine knows.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return addr.String()
	}
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, fmt.Sprint(tcp.Port))
}
