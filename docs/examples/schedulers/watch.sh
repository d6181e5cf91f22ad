#!/bin/sh
# Ends with 0 where nothing changed or the change was told; with 2 or 4 where the look failed.
set -u
assaymark monitor "$RELEASE" --batch "$BATCH" --state "$STATE" \
    --jsonl "$STATE.found.jsonl" --prometheus "$STATE.prom" --mail "$STATE.eml" ${ACT:+--act} \
    > "$STATE.log"
code=$?
if [ "$code" -eq 3 ]; then
    ${NOTIFY:-cat} "$STATE.log"
    exit 0
fi
exit "$code"
