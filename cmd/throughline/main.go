// Throughline keeps one thread from business strategy to proven outcome.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/throughline-pm/throughline/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks for an orderly end, a second one ends at once
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
