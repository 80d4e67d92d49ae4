#!/usr/bin/env bash
# PyKCS11 waits for events: the program of docs/examples sees a card go, come again, and a reader come.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
examples="$(dirname "$0")/../../docs/examples"
new_card
export JETON_CONFIG="$work/jeton.json"
printf '{"readers": {"access": "none"}, "softCards": {"faultPlan": "%s"}}\n' "$work/plan" >"$JETON_CONFIG"

# await TEXT: the program says TEXT, as its last line, within 10 seconds.
await() {
    local i
    for ((i = 0; i < 100; ++i)); do
        if [[ "$(tail -n 1 "$work/events")" == *"$1" ]]; then
            return
        fi
        sleep 0.1
    done
    cat "$work/events"
    fail "the program did not say \"$1\""
}

step "a wait"
/usr/bin/python3 "$examples/events.py" "$MODULE" 3 >"$work/events" 2>&1 &
program=$!
servers+=("$program")
await "waiting"
step "the card is pulled"
echo "pull 1" >"$work/plan.new"
mv "$work/plan.new" "$work/plan"
await "soft card test: no card"
step "the card is put in"
rm "$work/plan"
await "soft card test: card \"PIV_II\""
step "a second reader"
"$JETON" softcard create second --applet piv
await "soft card second: card \"PIV_II\""
wait "$program"
cat "$work/events"
