# shellcheck shell=sh
# Processes that share one reader whose card keeps its state from one to the next.
. /guest_lib.sh

step "a card as slow as real ones"
plug --power-on 150 --verify 20 --sign 100

step "processes that sign in bursts"
guest_client share "$MODULE" 8 "${SIGNATURES:-10}" 10 0 || fail "sharing"

step "holders are killed"
guest_client kill "$MODULE" 2 10 3 || fail "a killed holder harms others"

step "a process that did not log in"
guest_client stranger "$MODULE" || fail "a stranger signs"

step "a holder's child lives on"
guest_client orphan "$MODULE" || fail "the child keeps the reader"

step "hand-overs"
guest_client handover "$MODULE" kept || fail "the login is gone"
mkdir /root/profiles
echo '{"schemaVersion": "1.0", "patch": "piv", "pins": {"user": {"cache": {"policy": "none"}}}}' >/root/profiles/none.json
echo '{"softCards": {"enabled": false}, "profiles": ["/root/profiles"]}' >"$JETON_CONFIG"
guest_client handover "$MODULE" asked || fail "the PIN is not asked for again"
echo '{"softCards": {"enabled": false}, "profiles": ["/root/profiles"], "handover": "keep"}' >"$JETON_CONFIG"
guest_client handover "$MODULE" kept || fail "the login is not kept"
