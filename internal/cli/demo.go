package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/throughline-pm/throughline/internal/app"
	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/demo"
)

// demoOptions are the options of a server that a demo has, with their defaults. It takes
// none from the environment or a file: what stands there is meant for an installation in
// earnest.
var demoOptions = map[string]string{"addr": "127.0.0.1:8080", "log-level": "error", "log-format": "text"}

func newDemo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a server with Fieldbook, a workspace to look around in",
		Long: `Demo runs a server with Fieldbook: an inspection app with 14 people, their releases
past and to come, and a history of nine months up to yesterday. It prints an account and
its password, and answers on this machine only.

The demo has a data folder of its own, which is removed when the server stops. With --data
the folder is kept, and the next start goes on with what was changed in it, under a new
password; --remove removes the workspace from it.`,
		Example: `  throughline demo
  throughline demo --addr 127.0.0.1:9000
  throughline demo --data fieldbook
  throughline demo --data fieldbook --remove`,
		Args: cobra.NoArgs,
	}
	for _, o := range config.Options {
		if text, ok := demoOptions[o.Name]; ok {
			cmd.Flags().Var(&optionFlag{option: o, text: text}, o.Name, o.Doc)
		}
	}
	cmd.Flags().String("data", "", "folder to keep the demo in (default one that is removed when the server stops)")
	remove := cmd.Flags().Bool("remove", false, "remove the workspace from the folder that --data names, and end")
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		c, err := configureDemo(cmd)
		if err != nil {
			return err
		}
		kept := c.Data != ""
		if *remove {
			if !kept {
				return usageError{errors.New("name the folder with --data")}
			}
			return runApp(cmd, c, app.Options{Log: newLog(cmd, c, c.LogLevel)}, func(ctx context.Context, a *app.App) error {
				return demo.Remove(ctx, a)
			})
		}
		if !kept {
			if c.Data, err = os.MkdirTemp("", "throughline-demo-"); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(c.Data)) }()
		}
		return runDemo(cmd, c, kept)
	}
	return cmd
}

// configureDemo reads the configuration of a demo; without --data it names no folder.
func configureDemo(cmd *cobra.Command) (*config.Config, error) {
	given := map[string]string{}
	for name := range demoOptions {
		given[name] = cmd.Flag(name).Value.String()
	}
	data := cmd.Flag("data")
	if data.Changed {
		given["data"] = data.Value.String()
	}
	c, err := config.Load(given, nil)
	if err != nil {
		return nil, usageError{err}
	}
	if !data.Changed {
		c.Data = ""
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err == nil && host != "localhost" && !net.ParseIP(host).IsLoopback() {
		err = fmt.Errorf("--addr %s can be reached by others, and the demo is for this machine only; use 127.0.0.1, or a server of your own with 'throughline serve'", c.Addr)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

func runDemo(cmd *cobra.Command, c *config.Config, kept bool) error {
	log := newLog(cmd, c, c.LogLevel)
	return runApp(cmd, c, app.Options{Create: true, Log: log}, func(ctx context.Context, a *app.App) error {
		password := rand.Text()
		if _, err := demo.Build(ctx, a, password); err != nil {
			return err
		}
		return a.Run(ctx, func(url string) {
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "Fieldbook is at %s/w/%s\n", url, demo.Slug)
			fmt.Fprintf(out, "Sign in as %s with the password %s\n", demo.Email(demo.Host), password)
			if kept {
				fmt.Fprintf(out, "It is kept in %s\n", c.Data)
			} else {
				fmt.Fprintln(out, "It is removed when the server stops")
			}
		})
	})
}
