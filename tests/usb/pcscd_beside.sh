#!/usr/bin/env bash
# We first, over USB and logged in; then pcscd takes the reader, and GnuPG's scdaemon uses the card; then pcscd ends. The module
# signs all the time, with one login in one slot.
# shellcheck source=tests/usb/pcscd_lib.sh
. "$(dirname "$0")/pcscd_lib.sh"
mkdir "$work/runtime"
new_key rsa:2048 01
public_key 01 "$work/public.pem"
echo "to be signed" >"$work/data"
echo '{"readers": {"access": "auto"}, "softCards": {"enabled": false}}' >"$HOME/.config/jeton/jeton.json"

# What follows runs on the emulated bus.
cat >"$work/on_the_bus.sh" <<'SCRIPT'
set -euo pipefail
. "$FUNCTIONS"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT
start_pcscd() {
    pcscd --foreground --apdu --config "$work/reader.conf.d" >"$work/pcscd.log" 2>&1 &
    pcscd=$!
    pids+=("$pcscd")
    for _ in $(seq 200); do
        opensc-tool --reader 0 --atr >"$work/atr" 2>&1 && break
        sleep 0.05
    done
}
did() {
    until [[ $(grep -cE '^[a-z-]+$' "$work/seen") -ge $1 ]]; do
        kill -0 "$watcher" 2>/dev/null || fail "not $1 steps: $(cat "$work/seen")"
        sleep 0.05
    done
}
verified() {
    expect "Verified OK" openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/data"
    rm "$work/signature"
}

step "we are first: the reader on USB, a login, a signature"
name=$(pkcs11-tool --module "$MODULE" --list-slots | sed -n 's/^Slot 0 ([^)]*): //p')
again="sign-again $work/data $work/signature"
/usr/bin/python3 "$slot_watch" "$MODULE" "$name" present "sign $PIN 01 $work/data $work/signature" "pause $work/go-1" "$again" \
    "pause $work/go-2" "$again" "pause $work/go-3" "$again" >"$work/seen" 2>&1 &
watcher=$!
pids+=("$watcher")
did 2
verified

step "pcscd starts and takes the reader"
start_pcscd
expect "3b:8b:81:31:fe:45:80:73:c0:21:c0:55:6a:65:74:6f:6e:7d" opensc-tool --reader 0 --atr
touch "$work/go-1"
did 4
verified
expect "going through it" grep "pcscd has the reader" "$work/log"

step "GnuPG's scdaemon uses the card"
mkdir -m 0700 "$HOME/.gnupg"
printf 'disable-ccid\npcsc-shared\n' >"$HOME/.gnupg/scdaemon.conf"
gpg-connect-agent "SCD SERIALNO" /bye
grep -q "00 A4 04 0C 07 D2 76 00 00 03 01 02" "$work/pcscd.log" || fail "scdaemon did not look for its application on the card"
touch "$work/go-2"
did 6
verified
gpgconf --kill all

step "pcscd ends"
kill "$pcscd"
wait "$pcscd" || true
touch "$work/go-3"
did 8
verified
expect "going without it" grep "pcscd does not have the reader any more" "$work/log"
wait "$watcher"

step "pcscd is first, and then we"
start_pcscd
expect "00 00" pkcs11-tool --module "$MODULE" --list-slots
reader=$(opensc-tool --list-readers | sed -n 's/^0 *Yes *//p')
/usr/bin/python3 "$slot_watch" "$MODULE" "$reader" present "sign $PIN 01 $work/data $work/signature"
verified
SCRIPT
slot_watch="$(dirname "$0")/../clients/slot_watch.py"
export FUNCTIONS="$work/functions.sh" work PIN slot_watch MODULE JETON XDG_RUNTIME_DIR="$work/runtime"
chmod 0700 "$work/runtime"
declare -f step expect fail >"$FUNCTIONS"

# libccid takes readers of its list alone: this is one for which it makes no exception.
umockdev-wrapper "$USB_MOCK" --card "$JETON_STATE_DIR/test.softcard" --id 04e6:5116 -- bash "$work/on_the_bus.sh"
