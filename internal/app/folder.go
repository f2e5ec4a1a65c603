package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/throughline-pm/throughline/internal/config"
	"github.com/throughline-pm/throughline/internal/fault"
)

// prepareFolder sees to the data folder: made if create is set, and closed to others.
func prepareFolder(c *config.Config, create bool, log *slog.Logger) error {
	local := c.DatabaseURL == ""
	info, err := os.Stat(c.Data)
	switch {
	case errors.Is(err, os.ErrNotExist) && (create || !local):
		return os.MkdirAll(c.Data, 0o700)
	case errors.Is(err, os.ErrNotExist):
		return noInstallation(c)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", c.Data)
	}
	if _, err := os.Stat(c.Database()); errors.Is(err, os.ErrNotExist) && local && !create {
		return noInstallation(c)
	}
	return closeToOthers(c.Data, 0o700, log)
}

func noInstallation(c *config.Config) error {
	return fault.New(fault.NotFound, "there is no installation in %s; name its folder with --data, or make one with 'throughline serve' or 'throughline init'", c.Data)
}

// closeToOthers takes the rights of others away from a file or folder.
func closeToOthers(path string, mode os.FileMode, log *slog.Logger) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	was := info.Mode().Perm()
	if was&^mode == 0 {
		return nil
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("others have rights on %s, and that cannot be changed: %w", path, err)
	}
	log.Warn("others had rights on what is its owner's alone; they were taken away", "path", path, "were", was.String())
	return nil
}
