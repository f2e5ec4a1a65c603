// Package cli holds the commands of Throughline as typed in a terminal, one file
// each. They decode what was typed, call the rooms below and print the answer.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1 // the command was understood and could not be carried out
	exitUsage  = 2 // the command line is wrong; nothing was tried
)

// Main carries out the command line args and returns the exit code. It ends early
// when ctx is cancelled.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)

	started := false
	notice(root, &started)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitDone
	case started && !errors.As(err, new(usageError)):
		fmt.Fprintf(stderr, "throughline: %v\n", err)
		return exitFailed
	default:
		fmt.Fprintf(stderr, "throughline: %v\nRun '%s --help' for usage.\n", err, cmd.CommandPath())
		return exitUsage
	}
}

// usageError is an error that is about what was asked for, found when a command had begun
// already.
type usageError struct{ error }

// Unwrap returns the error itself.
func (e usageError) Unwrap() error { return e.error }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "throughline",
		Short: "One thread from business strategy to proven outcome",
		Long: `Throughline is a self-hosted product manager's system of record: one thread from
business strategy to proven outcome.`,
		SilenceErrors:     true, // Main reports them, with the exit code
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(
		newServe(), newDemo(), newInit(), newUserCommand(), newTokenCommand(),
		newImport(), newExport(), newSolve(), newSimulate(),
		newBackup(), newRestore(), newMigrate(), newDoctor(), newVersion(), newCompletion(),
	)
	return root
}

// notice sets started when cmd or a command below it begins to run: what goes
// wrong before that is a matter of usage.
func notice(cmd *cobra.Command, started *bool) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return run(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		notice(sub, started)
	}
}
