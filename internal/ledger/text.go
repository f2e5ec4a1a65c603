package ledger

import (
	"context"
	"fmt"
)

// Text returns the whole text behind a reference. v is the Snapshot in which the
// reference was read: that its viewer may see the entity is the right to read the text.
func Text(ctx context.Context, v View, ref TextRef) (string, error) {
	if s, ok := ref.Inline(); ok {
		return s, nil
	}
	switch v := v.(type) {
	case *Snapshot:
		return v.ws.readText(ctx, ref)
	case declared:
		return v.ws.readText(ctx, ref)
	case *Tx:
		if body, ok := v.blobs[ref.hash]; ok {
			return string(body), nil
		}
		return "", fmt.Errorf("ledger: a transaction does no I/O; read long texts before it begins")
	}
	return "", fmt.Errorf("ledger: %T has no long texts", v)
}

func (ws *workspace) readText(ctx context.Context, ref TextRef) (string, error) {
	body, err := ws.l.store.Blob(ctx, ws.id, ref.hash)
	if err != nil {
		return "", fmt.Errorf("read text %s: %w", ref.hash, err)
	}
	return string(body), nil
}
