#!/usr/bin/env bash
# The module over PC/SC, logged in and signing, beside other programs that use the card, a card that is pulled, and a pcscd that
# is killed.
# shellcheck source=tests/clients/pcsc.sh
. "$(dirname "$0")/pcsc.sh"

management_key=010203040506070801020304050607080102030405060708
echo "$management_key" >"$work/management-key"
"$JETON" softcard create test --applet piv --management-key-file "$work/management-key" --management-algorithm 3des </dev/null
slot=(--slot-description "jeton soft card test")
p11 --login --login-type so --so-pin "$management_key" --keypairgen --key-type rsa:2048 --id 01 >/dev/null
public_key 01 "$work/public.pem"
echo "to be signed" >"$work/data"
start_pcscd "Virtual PCD"
insert_card
through_pcscd

# watch STEP...: slot_watch.py in the background. go NAME: past its pause of that name; did COUNT: waits until it has done as many.
watch() {
    : >"$work/seen"
    /usr/bin/python3 "$(dirname "$0")/slot_watch.py" "$MODULE" "$reader" "$@" >"$work/seen" 2>&1 &
    watcher=$!
    servers+=("$watcher")
}
did() {
    until [[ $(grep -cE '^[a-z-]+$' "$work/seen") -ge $1 ]]; do
        kill -0 "$watcher" 2>/dev/null || fail "not $1 steps: $(cat "$work/seen")"
        sleep 0.05
    done
}
go() { touch "$work/go-$1"; }
end_watch() { wait "$watcher" || fail "$(cat "$work/seen")"; }
verified() {
    expect "Verified OK" openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/data"
    rm "$work/signature"
}
sign="sign $PIN 01 $work/data $work/signature"
again="sign-again $work/data $work/signature"

step "other programs between our signatures: each of them resets, selects or verifies as it likes"
watch present "$sign" "pause $work/go-1" "$again" "pause $work/go-2" "$again" "pause $work/go-3" "$again" "pause $work/go-4" "$again"
did 2
verified
expect "3b:8b" opensc-tool --reader "$reader" --atr
opensc-tool --reader "$reader" --send-apdu 00:A4:04:00:05:A0:00:00:03:97 >/dev/null
go 1
did 4
verified
refuse "2 tries left" yubico-piv-tool --reader "$reader" --action verify-pin --pin 999999
expect "Successfully verified PIN" yubico-piv-tool --reader "$reader" --action verify-pin --pin "$PIN"
go 2
did 6
verified
expect "PIV" pkcs15-tool --reader "$reader" --list-info
go 3
did 8
verified
mkdir -m 0700 "$HOME/.gnupg"
printf 'disable-ccid\npcsc-shared\nreader-port %s\n' "$reader" >"$HOME/.gnupg/scdaemon.conf"
gpg-connect-agent "SCD SERIALNO" /bye
grep -q "00 A4 04 0C 07 D2 76 00 00 03 01 02" "$work/pcscd.log" || fail "scdaemon did not look for its application on the card"
go 4
did 10
verified
end_watch
gpgconf --kill all

step "a PIN that others tried in vain until one try is left is not tried again unasked"
watch present "$sign" "pause $work/go-5" "fail $work/data"
did 2
verified
for _ in 1 2; do
    yubico-piv-tool --reader "$reader" --action verify-pin --pin 999999 >/dev/null 2>&1 || true
done
go 5
end_watch
expect "CKR_USER_NOT_LOGGED_IN" grep refused "$work/seen"
expect "Successfully verified PIN" yubico-piv-tool --reader "$reader" --action verify-pin --pin "$PIN"

step "the card is pulled and put in again"
watch present "$sign" "pause $work/go-6" absent "pause $work/go-7" present "$sign"
did 2
verified
take_card
go 6
did 4
insert_card
go 7
end_watch
verified

step "pcscd is killed: a clear error at once; started again: all is well"
watch present "$sign" "pause $work/go-8" "fail $work/data" absent "pause $work/go-9" present "$sign"
did 2
verified
kill -KILL "$pcscd"
wait "$pcscd" || true
go 8
did 5
expect "refused after 0." grep refused "$work/seen"
rm -rf /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid "$work/reader.conf.d"
start_pcscd "Virtual PCD"
insert_card
go 9
end_watch
verified

step "pcscd is started anew between two signatures of one login"
watch present "$sign" "pause $work/go-10" "$again"
did 2
verified
kill -KILL "$pcscd"
wait "$pcscd" || true
rm -rf /run/pcscd/pcscd.comm /run/pcscd/pcscd.pid "$work/reader.conf.d"
start_pcscd "Virtual PCD"
insert_card
go 10
end_watch
verified

step "with access \"auto\" pcscd's readers are used, and without it they are not"
echo '{"softCards": {"enabled": false}}' >"$HOME/.config/jeton/jeton.json"
expect "$reader" "$JETON" list
echo '{"softCards": {"enabled": false}, "readers": {"access": "usb"}}' >"$HOME/.config/jeton/jeton.json"
expect "There is no reader" "$JETON" list
