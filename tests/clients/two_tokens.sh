#!/usr/bin/env bash
# A card with PIV and OpenPGP as two tokens: jeton list, OpenSC's pkcs11-tool and GnuTLS's p11tool use both.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
"$JETON" softcard create test --applet piv,openpgp </dev/null
slot=()
echo "to be signed" >"$work/data"
openssl dgst -sha256 -binary "$work/data" >"$work/digest"
config() { printf '{"readers": {"access": "none"}%s}' "${1:+, $1}" >"$HOME/.config/jeton/jeton.json"; }
tokens() { "$JETON" list --json | python3 -c 'import json, sys; print("+".join(row["profile"] for row in json.load(sys.stdin)))'; }
piv() { pkcs11-tool --module "$MODULE" --token-label PIV_II --login --pin "$PIN" "$@"; }
openpgp() { pkcs11-tool --module "$MODULE" --token-label "OpenPGP card" --login --pin "$PIN" "$@"; }

step "an empty card is one token"
expect "piv" tokens
[[ $(tokens) == piv ]] || fail "the tokens are $(tokens)"

step "both are asked for, and get keys"
config '"tokens": "all"'
[[ $(tokens) == piv+openpgp ]] || fail "the tokens are $(tokens)"
piv --keypairgen --key-type EC:prime256v1 --id 01
pkcs11-tool --module "$MODULE" --token-label "OpenPGP card" --login --login-type so --so-pin 12345678 --keypairgen \
    --key-type EC:prime256v1 --id 03

step "a card with two keys is two tokens by itself"
config
[[ $(tokens) == piv+openpgp ]] || fail "the tokens are $(tokens)"
expect "PIV_II" "$JETON" list
expect "OpenPGP card" "$JETON" list
pkcs11-tool --module "$MODULE" --list-token-slots >"$work/slots"
cat "$work/slots"
[[ $(grep -c 'token label' "$work/slots") -eq 2 ]] || fail "pkcs11-tool does not list two tokens"

step "pkcs11-tool signs with both"
for token in piv=01 openpgp=03; do
    use=${token%=*} id=${token#*=}
    "$use" --read-object --type pubkey --id "$id" --output-file "$work/$use.der"
    openssl pkey -pubin -inform DER -in "$work/$use.der" -out "$work/$use.pem"
    "$use" --sign --id "$id" --mechanism ECDSA --signature-format openssl --input-file "$work/digest" \
        --output-file "$work/signature"
    expect "Signature Verified Successfully" openssl pkeyutl -verify -pubin -inkey "$work/$use.pem" \
        -in "$work/digest" -sigfile "$work/signature"
done

step "p11tool signs with both"
export GNUTLS_PIN=$PIN
p11tool --provider "$MODULE" --list-token-urls >"$work/urls"
cat "$work/urls"
for label in PIV_II OpenPGP%20card; do
    grep -q "token=$label" "$work/urls" || fail "p11tool does not list $label"
done
expect "Verifying against public key in the token... ok" \
    p11tool --provider "$MODULE" --login --test-sign "pkcs11:token=PIV_II;id=%01;type=private"
expect "Verifying against public key in the token... ok" \
    p11tool --provider "$MODULE" --login --test-sign "pkcs11:token=OpenPGP%20card;id=%03;type=private"

step "a wrong PIN for one is none for the other"
refuse CKR_PIN_INCORRECT pkcs11-tool --module "$MODULE" --token-label "OpenPGP card" --login --pin 999999 --list-objects
p11tool --provider "$MODULE" --list-tokens >"$work/tokens"
cat "$work/tokens"
[[ $(grep -c "Low" "$work/tokens") -le 1 ]] || fail "both tokens have fewer tries"
piv --sign --id 01 --mechanism ECDSA --input-file "$work/digest" --output-file "$work/signature"
openpgp --sign --id 03 --mechanism ECDSA --input-file "$work/digest" --output-file "$work/signature"

step "the configuration chooses"
config '"tokens": "first"'
[[ $(tokens) == piv ]] || fail "the tokens are $(tokens)"
config '"tokens": ["openpgp"]'
[[ $(tokens) == openpgp ]] || fail "the tokens are $(tokens)"
[[ $(pkcs11-tool --module "$MODULE" --list-token-slots | grep -c 'token label') -eq 1 ]] || fail "there is more than one token"
