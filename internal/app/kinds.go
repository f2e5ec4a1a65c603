package app

import "github.com/throughline-pm/throughline/internal/ledger"

// kinds are the kinds of entities of the product, in the order of exports.
var kinds = []ledger.AnyKind{}
