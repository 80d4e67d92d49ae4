#!/usr/bin/env bash
# OpenSC's tools for cards of the kind SC-HSM find the application sc-hsm of the software card correct over PC/SC: a blank
# card is initialised, keys are made, used, wrapped and unwrapped, PINs changed, certificates written.
# shellcheck source=tests/clients/pcsc.sh
. "$(dirname "$0")/pcsc.sh"

so_pin=3537363231383830
"$JETON" softcard create test --applet sc-hsm --blank --aes cbc0 </dev/null
start_pcscd "Virtual PCD"
insert_card
new_authority
echo "to be signed" >"$work/data"
openssl dgst -sha256 -binary "$work/data" >"$work/digest"

opensc() { pkcs11-tool --module opensc-pkcs11.so "$@"; }
opensc_user() { opensc --login --pin "$PIN" "$@"; }
hsm() { sc-hsm-tool --reader 0 "$@" </dev/null; }
# read_file FID FILE: what the card has there, a part at a time as its tools do.
read_file() { opensc-explorer --reader 0 >/dev/null 2>"$work/explorer" < <(echo "get $1 $2"); }
# public_key KEY FILE: of the key's certificate request, whose signatures are checked.
public_key() {
    read_file "CE$1" "$work/request"
    python3 "$(dirname "$0")/cvc.py" "$work/request" "$work/device" "$2"
}

step "the card is recognised"
expect "SmartCard-HSM" opensc-tool --reader "$reader" --name

step "a blank card has no PIN"
expect "SW1=0x69, SW2=0x84" opensc-tool --reader "$reader" --send-apdu "00:20:00:81"

step "initialise, with one share of the key that wraps keys"
hsm --create-dkek-share "$work/share" --password "for a test"
hsm --initialize --so-pin "$so_pin" --pin "$PIN" --dkek-shares 1 --label "made by a test"
expect "DKEK import pending, 1 share(s) still missing" hsm
hsm --import-dkek-share "$work/share" --password "for a test"
expect "DKEK key check value" hsm
expect "made by a test" opensc --list-slots
hsm --initialize --so-pin 0000000000000000 --pin "$PIN" 2>&1 | tee "$work/refused" || true # it ends with 0 in any case
expect "PIN code or key incorrect" cat "$work/refused"
expect "SO-PIN tries left    : 14" hsm

step "keys"
opensc_user --keypairgen --key-type EC:prime256v1 --id 10 --label "curve"
opensc_user --keypairgen --key-type rsa:2048 --id 11 --label "modulus"
opensc_user --keypairgen --key-type EC:secp384r1 --id 12 --label "longer curve"
opensc_user --keypairgen --key-type EC:brainpoolP256r1 --id 13 --label "other curve"
opensc_user --list-objects
read_file 2F02 "$work/device"
for key in 01 02 03 04; do
    public_key "$key" "$work/public-$key.pem" # OpenSC numbers them in the order in which they are made
done
opensc_user --list-objects --type privkey >"$work/privates"
[[ $(grep -c "Private Key Object" "$work/privates") -eq 4 ]] || fail "not four private keys: $(cat "$work/privates")"

step "pkcs11-tool's own tests"
expect "No errors" opensc_user --test

step "signatures, decryption, key agreement"
# verify_ecdsa ID KEY: signs with the key with this id, and verifies with the public key of the key with this number.
verify_ecdsa() {
    opensc_user --sign --id "$1" --mechanism ECDSA --signature-format openssl --input-file "$work/digest" \
        --output-file "$work/signature"
    expect "Signature Verified Successfully" openssl pkeyutl -verify -pubin -inkey "$work/public-$2.pem" \
        -in "$work/digest" -sigfile "$work/signature"
}
verify_ecdsa 10 01
verify_ecdsa 12 03
verify_ecdsa 13 04
opensc_user --sign --id 11 --mechanism SHA256-RSA-PKCS --input-file "$work/data" --output-file "$work/signature"
expect "Verified OK" openssl dgst -sha256 -verify "$work/public-02.pem" -signature "$work/signature" "$work/data"
opensc_user --sign --id 11 --mechanism SHA256-RSA-PKCS-PSS --input-file "$work/data" --output-file "$work/signature"
expect "Verified OK" openssl dgst -sha256 -verify "$work/public-02.pem" -sigopt rsa_padding_mode:pss \
    -signature "$work/signature" "$work/data"
openssl pkeyutl -encrypt -pubin -inkey "$work/public-02.pem" -in "$work/data" -out "$work/sealed"
opensc_user --decrypt --id 11 --mechanism RSA-PKCS --input-file "$work/sealed" --output-file "$work/opened"
same "$work/data" "$work/opened"
openssl ecparam -name prime256v1 -genkey -noout -out "$work/peer.pem"
openssl ec -in "$work/peer.pem" -pubout -outform DER -out "$work/peer.der" 2>/dev/null
opensc_user --derive --id 10 --mechanism ECDH1-DERIVE --input-file "$work/peer.der" --output-file "$work/secret"
openssl pkeyutl -derive -inkey "$work/peer.pem" -peerkey "$work/public-01.pem" -out "$work/secret-of-peer"
same "$work/secret" "$work/secret-of-peer"

step "certificates"
certify "$work/public-01.pem" "Curve" clientAuth "$work/certificate.pem"
opensc_user --write-object "$work/certificate.pem.der" --type cert --id 10
opensc --read-object --type cert --id 10 --output-file "$work/back.der"
same "$work/certificate.pem.der" "$work/back.der"

step "data objects, open and behind the PIN"
opensc_user --write-object "$work/data" --type data --label "for all"
opensc_user --write-object "$work/data" --type data --label "for the user" --private
opensc --read-object --type data --label "for all" --output-file "$work/back"
same "$work/data" "$work/back"
opensc_user --read-object --type data --label "for the user" --output-file "$work/back"
same "$work/data" "$work/back"

step "keys leave the card encrypted, and come back"
for key in 1 2; do
    hsm --wrap-key "$work/wrapped-$key" --key-reference "$key" --pin "$PIN"
done
opensc_user --delete-object --type privkey --id 10
opensc_user --delete-object --type privkey --id 11
refuse "" opensc_user --sign --id 10 --mechanism ECDSA --input-file "$work/digest" --output-file "$work/signature"
expect "Key successfully imported" hsm --unwrap-key "$work/wrapped-1" --key-reference 7 --pin "$PIN" --force
expect "Key successfully imported" hsm --unwrap-key "$work/wrapped-2" --key-reference 8 --pin "$PIN" --force
verify_ecdsa 10 01
opensc_user --sign --id 11 --mechanism SHA256-RSA-PKCS --input-file "$work/data" --output-file "$work/signature"
expect "Verified OK" openssl dgst -sha256 -verify "$work/public-02.pem" -signature "$work/signature" "$work/data"

step "PINs"
refuse CKR_PIN_INCORRECT opensc --login --pin 999999 --list-objects
opensc --login --pin "$PIN" --change-pin --new-pin 135790246
refuse CKR_PIN_INCORRECT opensc --login --pin "$PIN" --list-objects
expect "Private Key" opensc --login --pin 135790246 --list-objects --type privkey
for _ in 1 2 3; do
    opensc --login --pin 999999 --list-objects >/dev/null 2>&1 || true
done
refuse CKR_PIN_LOCKED opensc --login --pin 135790246 --list-objects
opensc --login --login-type so --so-pin "$so_pin" --init-pin --new-pin "$PIN"
expect "Private Key" opensc_user --list-objects --type privkey

step "a card that is initialised again is empty"
hsm --initialize --so-pin "$so_pin" --pin "$PIN"
opensc_user --list-objects >"$work/objects"
! grep -E "Private Key|Certificate|Data object" "$work/objects" || fail "there are objects"
hsm >"$work/status"
! grep DKEK "$work/status" || fail "the card still has a key that wraps keys"
take_card
