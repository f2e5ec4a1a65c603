package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/demo"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Serve runs the server until it gets an interrupt or SIGTERM; requests that run then
have 10 seconds to end.

The first start makes the data folder with its database and secret key, and prints an
address with a one-time code, by which the first account is made.

Every flag can be given as a variable too, --public-url as THROUGHLINE_PUBLIC_URL, or in
the file that --config names.`,
		Example: `  throughline serve
  throughline serve --addr :443 --tls-cert chain.pem --tls-key key.pem --public-url https://pm.example.com
  throughline serve --data /var/lib/throughline --database-url postgres://throughline@db/throughline`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := configure(cmd)
			if err != nil {
				return err
			}
			log := newLog(cmd, c, c.LogLevel)
			return runApp(cmd, c, app.Options{Create: true, Log: log, Demo: demo.Load}, func(ctx context.Context, a *app.App) error {
				for _, name := range c.Unknown {
					log.Warn("a variable that begins like ours names no option", "variable", name)
				}
				code, err := a.Accounts.SetupCode(ctx)
				if err != nil {
					return err
				}
				return a.Run(ctx, func(url string) {
					out := cmd.OutOrStdout()
					fmt.Fprintf(out, "Throughline listens at %s\n", url)
					if code != "" {
						fmt.Fprintf(out, "There is no account yet. Open %s/setup within a day and give the code %s\n", cmp.Or(c.PublicURL, url), code)
					}
				})
			})
		},
	}
	serverFlags(cmd)
	return cmd
}
