#!/usr/bin/env bash
# Builds a workspace from the records of Kubernetes enhancements, their dated changes and
# the calendar of releases. Run again, it adds what is new and changes what has changed.
#
#   import.sh RECORDS CHANGES RELEASES DATA_DIR WORKSPACE
#
# RECORDS and CHANGES are JSON Lines, RELEASES is CSV; each may be gzipped. The throughline
# on the PATH is used; Go translates the records. docs/import.md says what becomes of what.
set -euo pipefail

if [ $# -ne 5 ]; then
	echo "usage: $(basename "$0") RECORDS CHANGES RELEASES DATA_DIR WORKSPACE" >&2
	exit 2
fi
records=$1 changes=$2 releases=$3 data=$4 workspace=$5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
files=$(mktemp -d)
trap 'rm -rf "$files"' EXIT

go run "$here/translate.go" "$records" "$changes" "$releases" "$files"

at=(--data "$data" --workspace "$workspace")
if ! throughline export "${at[@]}" --kind workspace >/dev/null 2>&1; then
	throughline init "$workspace" --data "$data" --owner enhancements@example.com --name Enhancements
fi
throughline import jsonl "$files/setup.jsonl" "${at[@]}"
throughline import jsonl "$files/records.jsonl" "${at[@]}" --mapping "$here/mapping.json" --set product=KEP \
	--history "$files/history.jsonl" --skip-bad-rows
