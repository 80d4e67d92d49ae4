#!/usr/bin/env bash
# OpenSC's OpenPGP driver over PC/SC finds the OpenPGP application of the software card correct: openpgp-tool, pkcs11-tool,
# pkcs15-tool.
# shellcheck source=tests/clients/pcsc.sh
. "$(dirname "$0")/pcsc.sh"

admin_pin=12345678
"$JETON" softcard create test --applet openpgp --pin-iterations 100 </dev/null
start_pcscd "Virtual PCD"
insert_card
echo "to be signed" >"$work/data"

opensc() { pkcs11-tool --module opensc-pkcs11.so "$@"; }
# OpenSC makes two tokens of the card: keys 2 and 3 with PW1 as 82, key 1 with PW1 as 81.
user_slot() { opensc --token-label "OpenPGP card (User PIN)" "$@"; }
signature_slot() { opensc --token-label "OpenPGP card (User PIN (sig))" "$@"; }
login=(--login --pin "$PIN")

step "the card is recognised"
expect "OpenPGP" opensc-tool --reader "$reader" --name
expect "OpenPGP card" pkcs15-tool --list-info

step "keys"
for key in 1 2 3; do
    expect "" openpgp-tool --verify CHV3 --pin "$admin_pin" --gen-key "$key" --key-type RSA2048
done
# OpenSC 0.23 writes dates but no fingerprints, and takes a key without one for none; and it does not give PW1 again for
# each signature, so that PW1 has to hold for several (C4).
fingerprints=()
for tag in C7 C8 C9; do
    fingerprints+=(--send-apdu "00DA00${tag}14$(openssl rand -hex 20)")
done
expect "SW1=0x90, SW2=0x00" opensc-tool --reader "$reader" --send-apdu "0020008308$(printf %s "$admin_pin" | od -An -tx1 | tr -d ' ')" \
    "${fingerprints[@]}" --send-apdu 00DA00C40101
user_slot --list-objects >"$work/objects"
signature_slot --list-objects >>"$work/objects"
for name in Signature Encryption Authentication; do
    grep -q "$name key" "$work/objects" || fail "no public key \"$name key\": $(cat "$work/objects")"
done

step "pkcs11-tool's own tests"
expect "No errors" user_slot "${login[@]}" --test
expect "No errors" signature_slot "${login[@]}" --test

step "signatures, decryption"
for key in 01:signature_slot 03:user_slot; do
    id=${key%:*}
    "${key#*:}" --read-object --type pubkey --id "$id" --output-file "$work/public.der" >/dev/null
    "${key#*:}" "${login[@]}" --sign --id "$id" --mechanism SHA256-RSA-PKCS --input-file "$work/data" --output-file "$work/signature"
    expect "Verified OK" openssl dgst -sha256 -verify "$work/public.der" -keyform DER -signature "$work/signature" "$work/data"
done
user_slot --read-object --type pubkey --id 02 --output-file "$work/public.der" >/dev/null
openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$work/public.der" -in "$work/data" -out "$work/sealed"
user_slot "${login[@]}" --decrypt --id 02 --mechanism RSA-PKCS --input-file "$work/sealed" --output-file "$work/opened"
same "$work/data" "$work/opened"

step "data objects"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -subj "/CN=Somebody" -days 30 -outform DER \
    -out "$work/certificate.der" 2>/dev/null
user_slot --login --login-type so --so-pin "$admin_pin" --write-object \
    "$work/certificate.der" --type cert --id 03
user_slot --read-object --type cert --id 03 --output-file "$work/back.der"
same "$work/certificate.der" "$work/back.der"

step "PINs"
pkcs15-tool --change-pin --auth-id 02 --pin "$PIN" --new-pin 135790
pkcs15-tool --verify-pin --auth-id 02 --pin 135790
refuse "" pkcs15-tool --verify-pin --auth-id 02 --pin "$PIN"
pkcs15-tool --change-pin --auth-id 02 --pin 135790 --new-pin "$PIN"
