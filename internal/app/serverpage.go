package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/mail"
	"github.com/throughline-pm/throughline/internal/web"
)

// server is what the pages about the server show.
func (a *App) server() *web.Server {
	docs := map[string]string{}
	for _, o := range config.Options {
		docs[o.Name] = o.Doc
	}
	return &web.Server{
		Facts: a.facts, Ready: a.Ready, MailServer: a.Config.SMTPAddr, TestMail: a.testMail,
		Options: func() (all []web.Option) {
			for _, s := range a.Config.Settings() {
				all = append(all, web.Option{Name: s.Name, Value: s.Value, Origin: s.Origin, Doc: docs[s.Name]})
			}
			return all
		},
	}
}

// testMail sends a letter to see whether mail works.
func (a *App) testMail(ctx context.Context, to string) error {
	letters, err := newLetters(a.Config)
	switch {
	case err != nil:
		return err
	case letters == nil:
		return fault.New(fault.Unavailable, "no mail server is named")
	}
	return letters.SendTest(ctx, to, a.Config.URL())
}

// newLetters returns what sends letters, nil if no mail server was named.
func newLetters(c *config.Config) (*mail.Letters, error) {
	if c.SMTPAddr == "" {
		return nil, nil
	}
	sender, err := mail.NewSMTP(mail.Config{
		Addr: c.SMTPAddr, User: c.SMTPUser, Password: c.SMTPPassword, From: c.SMTPFrom, Security: mail.Security(c.SMTPSecurity),
	})
	if err != nil {
		return nil, err
	}
	return &mail.Letters{Sender: sender}, nil
}

// facts are what the server is and holds.
func (a *App) facts(ctx context.Context) ([]web.Fact, error) {
	database, size, err := a.databaseSize(ctx)
	if err != nil {
		return nil, err
	}
	workspaces, err := a.Ledger.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	var attached int64
	for _, id := range workspaces {
		used, err := a.Files.Used(ctx, id)
		if err != nil {
			return nil, err
		}
		attached += used
	}
	quota := "without a limit"
	if a.Config.FileQuota > 0 {
		quota = fmt.Sprintf("at most %d MB a workspace", a.Config.FileQuota)
	}
	address := a.Config.PublicURL
	if address == "" {
		address = "not told: links carry the address that the reader used"
	}
	return []web.Fact{
		{Name: "Version", Value: Version() + ", " + runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH},
		{Name: "Address", Value: address},
		{Name: "Listens on", Value: a.Config.Addr},
		{Name: "Data folder", Value: a.Config.Data},
		{Name: "Database", Value: database + ", " + bytes(size)},
		{Name: "Attached files", Value: fmt.Sprintf("%s; one file has at most %d MB, %s", bytes(attached), a.Config.FileLimit, quota)},
		{Name: "Workspaces", Value: strconv.Itoa(len(workspaces))},
		{Name: "Sessions", Value: fmt.Sprintf("end after %v unused, after %v in any case", a.Config.SessionIdle, a.Config.SessionAbsolute)},
	}, nil
}

// databaseSize returns the kind of the database and how many bytes it has.
func (a *App) databaseSize(ctx context.Context) (kind string, n int64, err error) {
	if a.Config.DatabaseURL != "" {
		err = a.engine.DB().QueryRowContext(ctx, `SELECT pg_database_size(current_database())`).Scan(&n)
		return "PostgreSQL", n, err
	}
	for _, suffix := range []string{"", "-wal"} { // what is written last waits beside the file
		info, err := os.Stat(a.Config.Database() + suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", 0, err
		}
		if err == nil {
			n += info.Size()
		}
	}
	return "SQLite", n, nil
}

// bytes writes a number of bytes for people.
func bytes(n int64) string {
	switch {
	case n >= 1000*megabyte:
		return fmt.Sprintf("%.1f GB", float64(n)/(1000*megabyte))
	case n >= megabyte:
		return fmt.Sprintf("%.1f MB", float64(n)/megabyte)
	}
	return fmt.Sprintf("%d kB", (n+999)/1000)
}
