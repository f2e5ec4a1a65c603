package ledger

import (
	"context"
	"reflect"
)

// CreateViews makes or renews the read-only SQL views of all kinds, for analysts: the
// members of the documents as typed columns, with the workspace, without secrets.
func (l *Ledger) CreateViews(ctx context.Context) error {
	var views []SQLView
	for _, k := range l.reg.kinds {
		v := SQLView{Kind: k.name}
		for _, f := range k.plan.list {
			if f.class != secretive {
				v.Columns = append(v.Columns, SQLColumn{f.name, sqlType(f)})
			}
		}
		views = append(views, v)
	}
	return l.store.CreateViews(ctx, views)
}

func sqlType(f *field) SQLType {
	switch f.typ {
	case typRef, reflect.TypeFor[ID](), reflect.TypeFor[Time]():
		return SQLText
	case typText:
		return SQLJSON // a text, or what is known of a long one
	}
	switch f.typ.Kind() {
	case reflect.String:
		return SQLText
	case reflect.Bool:
		return SQLBool
	case reflect.Float32, reflect.Float64:
		return SQLReal
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return SQLInteger
	}
	return SQLJSON
}
