package access

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// invitationLasts is how long an invitation may be accepted.
const invitationLasts = 7 * 24 * time.Hour

// Invitation asks the owner of an e-mail address to join a workspace, or one product of it.
type Invitation struct {
	ID            ledger.ID // given by Invite
	Email         string
	Workspace     ledger.ID
	WorkspaceName string    // as it was called then, for the letter
	Role          Role      // what its acceptance grants
	Product       ledger.ID // zero: the whole workspace
	By            ledger.ID // the account that invites; given by Invite
	CreatedAt     ledger.Time
	ExpiresAt     ledger.Time
}

// InvitationURL returns the link by which the secret of an invitation is used.
func (a *Accounts) InvitationURL(secret string) string { return a.set.PublicURL + "/invite/" + secret }

// Invite makes an invitation, good for one use within 7 days by the owner of the address,
// and returns its secret. If the server sends mail, the letter is on its way when Invite
// returns: mailed; else somebody hands InvitationURL over. That the principal may give the
// role is for the caller to know. Errors: Invalid, Forbidden for narrow tokens.
func (a *Accounts) Invite(ctx context.Context, by Principal, i Invitation) (made Invitation, secret string, mailed bool, err error) {
	var f fault.Fields
	i.Email = checkEmail(i.Email, &f)
	if err := f.Err(); err != nil {
		return Invitation{}, "", false, err
	}
	if by.Scope != ScopeAdmin || !by.Workspace.IsZero() && by.Workspace != i.Workspace {
		return Invitation{}, "", false, fault.New(fault.Forbidden, "the token may not invite")
	}
	now := a.now()
	i.ID, i.By, i.CreatedAt, i.ExpiresAt = ledger.NewID(now), by.Account.ID, now, now+micros(invitationLasts)
	secret = newSecret("tli_")
	err = a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO invitations(id, hash, email, workspace, workspace_name, role, product, invited_by, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			i.ID, hashOf(secret), i.Email, i.Workspace, i.WorkspaceName, string(i.Role), i.Product, i.By, i.CreatedAt, i.ExpiresAt); err != nil {
			return err
		}
		return a.note(ctx, tx, by, "invite", i.ID, i.Email)
	})
	if err != nil {
		return Invitation{}, "", false, err
	}
	return i, secret, a.mailInvitation(ctx, by, i, secret), nil
}

func (a *Accounts) mailInvitation(ctx context.Context, by Principal, i Invitation, secret string) bool {
	if a.set.Mail == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	err := a.set.Mail.SendInvitation(ctx, InvitationLetter{
		To: i.Email, By: by.Account.Name, Workspace: i.WorkspaceName, Link: a.InvitationURL(secret), Until: i.ExpiresAt.Go(),
	})
	if err != nil {
		a.set.Log.Warn("cannot send an invitation", "id", i.ID, "error", err)
	}
	return err == nil
}

const selectInvitations = `SELECT id, email, workspace, workspace_name, role, product, invited_by, created_at, expires_at FROM invitations
	WHERE expires_at > $1`

func (a *Accounts) invitations(ctx context.Context, text string, arg any) (all []Invitation, err error) {
	err = query(ctx, a.db, func(rows *sql.Rows) error {
		var i Invitation
		defer func() { all = append(all, i) }()
		return rows.Scan(&i.ID, &i.Email, &i.Workspace, &i.WorkspaceName, &i.Role, &i.Product, &i.By, &i.CreatedAt, &i.ExpiresAt)
	}, text, a.now(), arg)
	return all, err
}

// Invitation returns the invitation with this secret, or NotFound.
func (a *Accounts) Invitation(ctx context.Context, secret string) (Invitation, error) {
	all, err := a.invitations(ctx, selectInvitations+` AND hash = $2`, hashOf(secret))
	if err == nil && len(all) == 0 {
		err = usedInvitation()
	}
	if err != nil {
		return Invitation{}, err
	}
	return all[0], nil
}

func usedInvitation() error {
	return fault.New(fault.NotFound, "this invitation has been used, withdrawn or is out of date; ask for another one")
}

// Invitations returns those of a workspace that can still be accepted, the newest first.
func (a *Accounts) Invitations(ctx context.Context, workspace ledger.ID) ([]Invitation, error) {
	return a.invitations(ctx, selectInvitations+` AND workspace = $2 ORDER BY created_at DESC, id DESC`, workspace)
}

// RevokeInvitation withdraws an invitation to the given workspace. Errors: NotFound;
// Forbidden for narrow tokens.
func (a *Accounts) RevokeInvitation(ctx context.Context, by Principal, workspace, id ledger.ID) error {
	if by.Scope != ScopeAdmin || !by.Workspace.IsZero() && by.Workspace != workspace {
		return fault.New(fault.Forbidden, "the token may not withdraw an invitation")
	}
	return a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, `DELETE FROM invitations WHERE id = $1 AND workspace = $2`, id, workspace))
		if err == nil && n == 0 {
			err = fault.New(fault.NotFound, "there is no such invitation")
		}
		if err != nil {
			return err
		}
		return a.note(ctx, tx, by, "withdraw invitation", id, "")
	})
}

// Reinvite makes an invitation anew with a link and a time of its own; the one before ends.
// Errors: NotFound and those of Invite.
func (a *Accounts) Reinvite(ctx context.Context, by Principal, workspace, id ledger.ID) (made Invitation, secret string, mailed bool, err error) {
	all, err := a.Invitations(ctx, workspace)
	if err != nil {
		return Invitation{}, "", false, err
	}
	i := slices.IndexFunc(all, func(i Invitation) bool { return i.ID == id })
	if i < 0 {
		return Invitation{}, "", false, fault.New(fault.NotFound, "there is no such invitation")
	}
	if err := a.RevokeInvitation(ctx, by, workspace, id); err != nil {
		return Invitation{}, "", false, err
	}
	return a.Invite(ctx, by, all[i])
}

// GrantFunc gives an account what an invitation promises: it writes the membership. It may
// run again for the same account, so a membership that is there already is no error.
type GrantFunc func(ctx context.Context, to Account, i Invitation) error

// Accept lets a principal who has signed in accept an invitation to its own address. The
// grant comes before the invitation is used up: if the process ends in between, the same
// link can be opened again. Errors: NotFound, Forbidden, those of grant.
func (a *Accounts) Accept(ctx context.Context, secret string, p Principal, grant GrantFunc) error {
	i, err := a.Invitation(ctx, secret)
	if err != nil {
		return err
	}
	if p.Session.IsZero() || p.Account.Email != i.Email {
		return fault.New(fault.Forbidden, "the invitation is for %s; sign in with that address", i.Email)
	}
	return a.accept(ctx, p, i, grant)
}

// AcceptNew makes an account for the address of an invitation and lets it accept. If the
// address has an account, also one that was made here before the process ended, it is a
// Conflict: its owner signs in and opens the link again. Errors: NotFound, Invalid, those
// of grant.
func (a *Accounts) AcceptNew(ctx context.Context, secret string, n NewAccount, grant GrantFunc) (Account, error) {
	i, err := a.Invitation(ctx, secret)
	if err != nil {
		return Account{}, err
	}
	if n.Email != "" && foldEmail(n.Email) != i.Email {
		var f fault.Fields
		f.Add("email", "the invitation is for %s", i.Email)
		return Account{}, f.Err()
	}
	n.Email = i.Email
	if _, err := a.ByEmail(ctx, n.Email); err == nil {
		return Account{}, signInFirst(i)
	} else if !fault.Is(err, fault.NotFound) {
		return Account{}, err
	}
	made, hash, err := a.prepare(ctx, n)
	if err != nil {
		return Account{}, err
	}
	err = a.insert(ctx, Principal{Account: made}, "create account", made, hash, nil)
	if fault.Is(err, fault.Invalid) { // somebody else was quicker
		err = signInFirst(i)
	}
	if err != nil {
		return Account{}, err
	}
	return made, a.accept(ctx, Principal{Account: made}, i, grant)
}

func signInFirst(i Invitation) error {
	return fault.New(fault.Conflict, "%s has an account already; sign in and open the link again", i.Email)
}

// accept grants what the invitation promises and then uses it up.
func (a *Accounts) accept(ctx context.Context, p Principal, i Invitation, grant GrantFunc) error {
	if err := grant(ctx, p.Account, i); err != nil {
		return err
	}
	return a.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		used, err := affected(tx.ExecContext(ctx, `DELETE FROM invitations WHERE id = $1`, i.ID))
		if err == nil && used == 0 {
			err = usedInvitation()
		}
		if err != nil {
			return err
		}
		return a.note(ctx, tx, p, "accept invitation", i.ID, i.Email)
	})
}
