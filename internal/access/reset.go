package access

import (
	"context"
	"database/sql"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// resetLasts is how long a reset may be used.
const resetLasts = time.Hour

// ResetURL returns the link by which the secret of a reset is used.
func (a *Accounts) ResetURL(secret string) string { return a.set.PublicURL + "/reset/" + secret }

// NewReset returns a secret by which the account gets a new password, once within an hour;
// earlier ones are void. An administrator hands it over. Errors: Forbidden, NotFound.
func (a *Accounts) NewReset(ctx context.Context, by Principal, account ledger.ID) (string, error) {
	if err := by.mayAdminister(); err != nil {
		return "", err
	}
	if _, err := a.ByID(ctx, account); err != nil {
		return "", err
	}
	return a.newReset(ctx, by, account)
}

func (a *Accounts) newReset(ctx context.Context, by Principal, account ledger.ID) (string, error) {
	secret := newSecret("tlr_")
	return secret, a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM resets WHERE account = $1`, account); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO resets(hash, account, expires_at) VALUES ($1, $2, $3)`,
			hashOf(secret), account, a.now()+micros(resetLasts)); err != nil {
			return err
		}
		return a.note(ctx, tx, by, "make reset", account, "")
	})
}

// RequestReset sends a reset to the address if an account has it. The answer is the same
// if none has, and comes before anything is done: nil, or TooMany beyond SignInLimit.
// Without a Mailer it is Unavailable.
func (a *Accounts) RequestReset(ctx context.Context, email string, from Client) error {
	if a.set.Mail == nil {
		return fault.New(fault.Unavailable, "this server sends no mail; ask an administrator for a link")
	}
	email = foldEmail(email)
	if err := a.limits.Take(SignInLimit, "reset "+signInKey(email, from)); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	a.children.Go(func() {
		if err := a.sendReset(ctx, email, from); err != nil {
			a.set.Log.Warn("cannot send a reset", "error", err)
		}
	})
	return nil
}

func (a *Accounts) sendReset(ctx context.Context, email string, from Client) error {
	to, err := a.ByEmail(ctx, email)
	if fault.Is(err, fault.NotFound) || err == nil && to.Disabled {
		return a.remark(ctx, Principal{From: from}, "reset refused", to.ID, knownForm(email))
	}
	if err != nil {
		return err
	}
	if a.limits.Take(resetMailLimit, to.Email) != nil {
		return nil
	}
	secret, err := a.newReset(ctx, Principal{From: from}, to.ID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	return a.set.Mail.SendReset(ctx, ResetLetter{
		To: to.Email, Name: to.Name, Link: a.ResetURL(secret), Until: a.set.Clock().Add(resetLasts),
	})
}

// mailPatience bounds the sending of a letter.
const mailPatience = 15 * time.Second

// ByReset returns the account whose reset has this secret, or NotFound.
func (a *Accounts) ByReset(ctx context.Context, secret string) (Account, error) {
	of, err := a.account(ctx, `SELECT `+accountColumns+` FROM accounts a JOIN resets r ON r.account = a.id
		WHERE r.hash = $1 AND r.expires_at > $2`, hashOf(secret), a.now())
	if fault.Is(err, fault.NotFound) {
		err = usedReset()
	}
	return of, err
}

func usedReset() error {
	return fault.New(fault.NotFound, "this link has been used or is out of date; ask for another one")
}

// Reset gives the account a new password and ends its sessions and tokens. The secret is
// good for one use. Errors: NotFound for the secret, Invalid for field "password".
func (a *Accounts) Reset(ctx context.Context, secret, password string) error {
	of, err := a.ByReset(ctx, secret)
	if err != nil {
		return err
	}
	return a.setPassword(ctx, Principal{Account: of}, "reset password", "password", of, ledger.ID{}, password,
		func(ctx context.Context, tx *sql.Tx) error {
			used, err := affected(tx.ExecContext(ctx, `DELETE FROM resets WHERE hash = $1 AND expires_at > $2`, hashOf(secret), a.now()))
			if err == nil && used == 0 {
				err = usedReset()
			}
			return err
		})
}
