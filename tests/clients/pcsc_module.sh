#!/usr/bin/env bash
# The module itself over PC/SC: pcscd has the reader, and a software card sits in it.
# shellcheck source=tests/clients/pcsc.sh
. "$(dirname "$0")/pcsc.sh"

"$JETON" softcard create test --applet piv </dev/null
start_pcscd "Virtual PCD"
insert_card
through_pcscd
slot=(--slot-description "$reader")
new_authority
echo "to be signed" >"$work/data"

step "the reader and the card are listed"
expect "$reader" "$JETON" list
expect "$reader" p11 --list-slots

step "keys, a certificate, objects"
new_key rsa:2048 01
new_key EC:prime256v1 02
public_key 01 "$work/public.pem"
certify "$work/public.pem" "Card user" clientAuth "$work/user.pem"
user --write-object "$work/user.pem.der" --type cert --id 01
p11 --read-object --type cert --id 01 --output-file "$work/back.der"
same "$work/user.pem.der" "$work/back.der"
user --list-objects --type privkey >"$work/privates"
[[ $(grep -c "Private Key Object" "$work/privates") -eq 2 ]] || fail "not two private keys: $(cat "$work/privates")"

step "signatures"
user --sign --id 01 --mechanism SHA256-RSA-PKCS --input-file "$work/data" --output-file "$work/signature"
expect "Verified OK" openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/data"

step "pkcs11-tool's own tests"
expect "No errors" user --test

step "PIN"
refuse CKR_PIN_INCORRECT p11 --login --pin 999999 --list-objects
expect "PIN successfully changed" user --change-pin --new-pin 135790
refuse CKR_PIN_INCORRECT user --list-objects
PIN=135790
expect "Private Key Object" user --list-objects --type privkey

step "what it costs: two commands to find out what others left of our state, three for the signature"
# commands STEP...: how many the module sends for the steps.
commands() {
    rm -f "$work/apdus"
    JETON_LOG="apdu:$work/apdus" /usr/bin/python3 "$(dirname "$0")/slot_watch.py" "$MODULE" "$reader" present \
        "sign $PIN 01 $work/data $work/signature" "$@" >/dev/null
    grep -c "apdu: .* > " "$work/apdus"
}
again="sign-again $work/data $work/signature"
first=$(commands)
more=$(commands "$again" "$again" "$again" "$again")
[[ $((more - first)) -eq 20 ]] || fail "four more signatures took $((more - first)) commands, not 20"
