#!/usr/bin/env bash
# yubico-piv-tool 2.2 over PC/SC finds the software card correct: every action that it has, on keys generated and imported.
# shellcheck source=tests/clients/pcsc.sh
. "$(dirname "$0")/pcsc.sh"

# The only kind of management key that this version knows is Triple DES; this is the one that cards leave the factory with.
factory_key=010203040506070801020304050607080102030405060708
management_key=$factory_key
echo "$management_key" >"$work/management-key"
"$JETON" softcard create test --applet piv --management-key-file "$work/management-key" --management-algorithm 3des </dev/null
start_pcscd "Virtual PCD"
insert_card
new_authority

piv() { yubico-piv-tool --reader "$reader" "$@"; }
admin() { piv --key="$management_key" "$@"; }
with_pin() { piv --action verify-pin --pin "$PIN" "$@"; }

# use_key SLOT CERTIFICATE KIND ACTION: the tool signs or deciphers with the card, and checks it with the certificate.
use_key() { expect "$3" with_pin --action "$4" --slot "$1" --input "$2"; }

# generated SLOT ALGORITHM: a key generated on the card, and a certificate of our authority, stored and read back. (The tool's
# own selfsign-certificate and request-certificate fail with OpenSSL 3, whatever the card: its issue 388.)
generated() {
    expect "Successfully generated a new private key" admin --action generate --slot "$1" --algorithm "$2" \
        --output "$work/public-$1.pem" "${@:3}"
    certify "$work/public-$1.pem" "Slot $1" clientAuth "$work/$1.pem"
    expect "Successfully imported a new certificate" admin --action import-certificate --slot "$1" --input "$work/$1.pem"
    piv --action read-certificate --slot "$1" --output "$work/back.pem"
    same "$work/$1.pem" "$work/back.pem"
}

# imported SLOT GENPKEY-OPTION...: a key and a self-signed certificate that openssl made, imported.
imported() {
    local ref=$1
    shift
    openssl genpkey "$@" -out "$work/key-$ref.pem" 2>/dev/null
    openssl req -new -x509 -key "$work/key-$ref.pem" -subj "/CN=Slot $ref" -out "$work/$ref.pem"
    expect "Successfully imported a new private key" admin --action import-key --slot "$ref" --input "$work/key-$ref.pem"
    expect "Successfully imported a new certificate" admin --action import-certificate --slot "$ref" \
        --input "$work/$ref.pem"
}

step "the card"
expect "$reader" piv --action list-readers
expect "Application version" piv --action version
expect "PIN tries left:	3" piv --action status

step "a wrong management key"
refuse "Failed authentication" piv --key=0102030405060708010203040506070801020304050607FF --action generate --slot 9a
[[ $(piv --action status) != *"Slot 9a"* ]] || fail "a key was generated with a wrong management key"

step "generated keys"
generated 9a RSA2048
generated 9c ECCP256
generated 9d RSA2048
generated 9e ECCP384
generated 82 ECCP256
generated 95 ECCP384 --pin-policy always
use_key 9a "$work/9a.pem" "Successful RSA verification" test-signature
use_key 9c "$work/9c.pem" "Successful ECDSA verification" test-signature
expect "Successful ECDSA verification" piv --action test-signature --slot 9e --input "$work/9e.pem"
use_key 9d "$work/9d.pem" "Successfully performed RSA decryption" test-decipher
use_key 82 "$work/82.pem" "Successfully performed ECDH exchange" test-decipher
use_key 95 "$work/95.pem" "Successfully performed ECDH exchange" test-decipher
refuse "" piv --action test-signature --slot 9a --input "$work/9a.pem"

step "attestation: the card says that it generated the key, with a certificate of its own"
piv --action read-certificate --slot f9 --output "$work/f9.pem"
for ref in 9a 9c; do
    piv --action attest --slot "$ref" --output "$work/attestation.pem"
    expect "OK" openssl verify -partial_chain -trusted "$work/f9.pem" "$work/attestation.pem"
    openssl x509 -in "$work/attestation.pem" -pubkey -noout >"$work/attested.pem"
    same "$work/public-$ref.pem" "$work/attested.pem"
done

step "imported keys"
imported 9d -algorithm RSA -pkeyopt rsa_keygen_bits:2048
imported 83 -algorithm EC -pkeyopt ec_paramgen_curve:P-256
imported 84 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
use_key 9d "$work/9d.pem" "Successfully performed RSA decryption" test-decipher
use_key 83 "$work/83.pem" "Successfully performed ECDH exchange" test-decipher
use_key 84 "$work/84.pem" "Successful ECDSA verification" test-signature
refuse "" piv --action attest --slot 9d
imported 9a -algorithm RSA -pkeyopt rsa_keygen_bits:1024
use_key 9a "$work/9a.pem" "Successful RSA verification" test-signature

step "key and certificate from a PKCS #12 file; the key needs no PIN"
openssl pkcs12 -export -inkey "$work/key-83.pem" -in "$work/83.pem" -out "$work/both.p12" -passout pass:secret
expect "Successfully imported a new certificate" admin --action import-key --action import-certificate --slot 9a \
    --key-format PKCS12 --input "$work/both.p12" --password secret --pin-policy never
expect "Successful ECDSA verification" piv --action test-signature --slot 9a --input "$work/83.pem"

step "objects"
expect "Successfully set new CHUID" admin --action set-chuid
expect "Successfully set new CCC" admin --action set-ccc
expect "CN=Slot 9c" piv --action status
admin --action delete-certificate --slot 9c
[[ $(piv --action status) != *"Slot 9c"* ]] || fail "the certificate is still there"
openssl rand -hex 1500 >"$work/object"
admin --action write-object --id 0x5fff12 --input "$work/object"
piv --action read-object --id 0x5fff12 --output "$work/back"
[[ $(tr -d '\n' <"$work/back") == $(tr -d '\n' <"$work/object") ]] || fail "the object came back otherwise"

step "PIN and PUK"
refuse "2 tries left" piv --action verify-pin --pin 999999
expect "Successfully verified PIN" with_pin
expect "Successfully changed the pin code" piv --action change-pin --pin "$PIN" --new-pin 135790
refuse "2 tries left" with_pin
expect "Successfully changed the puk code" piv --action change-puk --pin 12345678 --new-pin 87654321
expect "Successfully unblocked the pin code" piv --action unblock-pin --pin 87654321 --new-pin "$PIN"
expect "Successfully verified PIN" with_pin

step "numbers of tries, which set PIN and PUK back"
expect "Successfully changed pin retries to 5 and puk retries to 2" admin --action verify-pin --pin "$PIN" \
    --action pin-retries --pin-retries 5 --puk-retries 2
expect "PIN tries left:	5" piv --action status
refuse "4 tries left" piv --action verify-pin --pin 999999
expect "Successfully changed the puk code" piv --action change-puk --pin 12345678 --new-pin 12345678

step "the management key"
refuse "" admin --action set-mgm-key --new-key 0000000000000000000000000000000000000000
management_key=$(openssl rand -hex 24)
expect "Successfully set new management key" piv --action set-mgm-key --new-key "$management_key"
refuse "Failed authentication" piv --key="$factory_key" --action set-chuid
expect "Successfully set new CHUID" admin --action set-chuid

step "the module finds what the tool made, while the card is out of the virtual reader"
take_card
slot=(--slot-description "jeton soft card test")
public_key 05 "$work/seen.pem"
same "$work/public-82.pem" "$work/seen.pem"
insert_card

step "a card that is blocked in every way is made new"
refuse "" piv --action reset
for _ in 1 2 3 4 5; do
    piv --action verify-pin --pin 999999 >/dev/null 2>&1 || true
done
refuse "blocked" with_pin
refuse "" piv --action reset
for _ in 1 2; do
    piv --action unblock-pin --pin 99999999 --new-pin 999999 >/dev/null 2>&1 || true
done
expect "Successfully reset the application" piv --action reset
[[ $(piv --action status) != *"Slot 9"* ]] || fail "a key outlived the reset"
expect "PIN tries left:	3" piv --action status
expect "Successfully verified PIN" piv --action verify-pin --pin 123456
expect "Successfully changed the puk code" piv --action change-puk --pin 12345678 --new-pin 87654321

step "the module finds the new card; its management key is one of AES now"
take_card
expect "Public Key Object" p11 --login --login-type so --so-pin "$factory_key" --keypairgen --key-type EC:prime256v1 --id 01
