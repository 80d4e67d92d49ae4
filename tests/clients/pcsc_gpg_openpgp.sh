#!/usr/bin/env bash
# GnuPG and its scdaemon over PC/SC find the OpenPGP application of the software card correct: status, cardholder, keys made
# on the card and brought to it, signatures, decryption, ssh, PINs, and the way back to a new card. Our module uses the keys
# that gpg made, and gpg those that our module made, while both are at the card.
# shellcheck source=tests/clients/pcsc.sh
. "$(dirname "$0")/pcsc.sh"
# shellcheck source=tests/clients/sshd.sh
. "$(dirname "$0")/sshd.sh"

admin_pin=87654321
install -m 0600 /dev/null "$work/admin-pin"
echo "$admin_pin" >"$work/admin-pin"
"$JETON" softcard create test --applet openpgp --admin-pin-file "$work/admin-pin" --pin-iterations 100 </dev/null
start_pcscd "Virtual PCD"
insert_card
echo "to be signed" >"$work/data"

export GNUPGHOME="$work/gnupg" PINENTRY_USER_DATA="$PIN $admin_pin"
mkdir -m 0700 "$GNUPGHOME"
printf 'disable-ccid\npcsc-shared\nreader-port "%s"\n' "$reader" >"$GNUPGHOME/scdaemon.conf"
printf 'pinentry-program %s\nenable-ssh-support\nkeep-display\n' "$(realpath "$(dirname "$0")/pinentry.sh")" \
    >"$GNUPGHOME/gpg-agent.conf"

quiet_gpg() { gpg --no-tty --batch --quiet --trust-model always "$@"; }

# edit_card LINE...: what a person types into gpg --card-edit.
edit_card() { printf '%s\n' admin "$@" quit | gpg --no-tty --command-fd 0 --status-fd 1 --card-edit; }

# card_says TEXT: gpg --card-status prints it.
card_says() { expect "$1" gpg --no-tty --batch --card-status; }

# agent COMMAND: a command to gpg-agent that must not be refused.
agent() {
    local answer
    answer=$(gpg-connect-agent "$@" /bye </dev/null)
    printf '%s\n' "$answer"
    [[ "$answer" != *ERR* ]] || fail "gpg-connect-agent $*"
}

# fingerprint_of ID: of the primary key of a user.
fingerprint_of() { quiet_gpg --with-colons --list-keys "$1" | sed -n 's/^fpr:*\([0-9A-F]*\):$/\1/p' | head -n 1; }

# use_keys WHO: signature and decryption with the keys of WHO, which are on the card.
use_keys() {
    rm -f "$work"/signature "$work"/sealed "$work"/opened
    quiet_gpg --local-user "$1" --detach-sign --output "$work/signature" "$work/data"
    expect "Good signature" gpg --no-tty --batch --trust-model always --verify "$work/signature" "$work/data"
    quiet_gpg --recipient "$1" --encrypt --output "$work/sealed" "$work/data"
    quiet_gpg --decrypt --output "$work/opened" "$work/sealed"
    same "$work/data" "$work/opened"
}

# ours: pkcs11-tool with our module, through the same pcscd.
through_pcscd
ours() { pkcs11-tool --module "$MODULE" "$@"; }
user=(--login --pin "$PIN")

# gpg_again: our module resets the card when it has used a PIN, so that nobody else has it verified. scdaemon then loses one
# command, by which it notices, and goes on.
gpg_again() { wait_until "gpg sees the card again" gpg --no-tty --batch --card-status; }

# card_fingerprint N: of key N of the card, as gpg reads it there.
card_fingerprint() {
    gpg_again
    gpg --no-tty --batch --with-colons --card-status | sed -n 's/^fpr://p' | cut -d: -f"$1"
}

# gpg_public_key N: the public key of key N as gpg has it, in PEM; it is $work/gpg.pub for OpenSSH.
gpg_public_key() {
    quiet_gpg --export-ssh-key "$(card_fingerprint "$1")!" >"$work/gpg.pub"
    ssh-keygen -e -m PKCS8 -f "$work/gpg.pub"
}

# sign_with_ours N MECHANISM: our module signs with key N, and the public key that gpg has fits.
sign_with_ours() {
    gpg_public_key "$1" >"$work/gpg.pem"
    rm -f "$work/signature"
    ours "${user[@]}" --sign --id "0$1" --mechanism "$2" --signature-format openssl --input-file "$work/data" \
        --output-file "$work/signature"
    expect "Verified OK" openssl dgst -sha256 -verify "$work/gpg.pem" -signature "$work/signature" "$work/data"
}

step "the card is recognised"
card_says "Version ..........: 3.4"
card_says "PIN retry counter : 3 0 3"
card_says "Key attributes ...: rsa2048 rsa2048 rsa2048"

step "the cardholder"
edit_card name Lovelace Ada lang de login ada url https://example.org/ada.asc sex f forcesig >/dev/null
card_says "Name of cardholder: Ada Lovelace"
card_says "Language prefs ...: de"
card_says "Login data .......: ada"
card_says "URL of public key : https://example.org/ada.asc"
card_says "Signature PIN ....: not forced"

step "keys made on the card"
edit_card generate n 0 "Ada Lovelace" ada@example.org "" >"$work/generate.log" || fail "$(cat "$work/generate.log")"
use_keys ada@example.org
card_says "Signature counter : 5" # the user, two subkeys, a revocation, and that one

step "ssh with the authentication key"
SSH_AUTH_SOCK=$(gpgconf --list-dirs agent-ssh-socket)
export SSH_AUTH_SOCK
expect "cardno:" ssh-add -L
ssh-add -L >"$work/ssh.pub"
ssh-keygen -Y sign -n test -f "$work/ssh.pub" "$work/data" >/dev/null
printf 'ada %s\n' "$(cat "$work/ssh.pub")" >"$work/allowed"
ssh-keygen -Y verify -n test -f "$work/allowed" -I ada -s "$work/data.sig" <"$work/data"

step "our module uses the keys that gpg made"
expect "Signature key" ours --list-objects
sign_with_ours 1 SHA256-RSA-PKCS
sign_with_ours 3 SHA256-RSA-PKCS
gpg_public_key 2 >"$work/gpg.pem"
openssl pkeyutl -encrypt -pubin -inkey "$work/gpg.pem" -in "$work/data" -out "$work/sealed"
ours "${user[@]}" --decrypt --id 02 --mechanism RSA-PKCS --input-file "$work/sealed" --output-file "$work/opened"
same "$work/data" "$work/opened"

step "ssh with our module and that authentication key"
start_sshd
gpg_public_key 3 >"$work/gpg.pem"
ssh-keygen -D "$MODULE" >"$work/keys" </dev/null
cat "$work/keys"
grep -qF "$(cut -d' ' -f2 "$work/gpg.pub")" "$work/keys" || fail "ssh-keygen -D does not list the key that gpg exported"
cp "$work/gpg.pub" "$user_keys"
expect "logged in" ssh -F "$work/ssh_config" -I "$MODULE" server echo logged in
gpg_again
use_keys ada@example.org

step "keys on curves, made on the card"
agent "SCD SETATTR KEY-ATTR --force 1 22 ed25519" "SCD SETATTR KEY-ATTR --force 2 18 cv25519" \
    "SCD SETATTR KEY-ATTR --force 3 22 ed25519"
card_says "Key attributes ...: ed25519 cv25519 ed25519"
card_says "Signature key ....: [none]"
edit_card generate n 0 "Grace Hopper" grace@example.org "" >"$work/generate.log" || fail "$(cat "$work/generate.log")"
use_keys grace@example.org

# bring_keys NAME SIGNATURE-KEY ALGORITHM ENCRYPTION-KEY ALGORITHM: makes keys in the computer and moves them to the card,
# whose attributes get the algorithms' numbers (RFC 4880, 9.1) and names first.
bring_keys() {
    agent "SCD SETATTR KEY-ATTR --force 1 $3 $2" "SCD SETATTR KEY-ATTR --force 2 $5 $4"
    quiet_gpg --passphrase '' --pinentry-mode loopback --quick-generate-key "$1@example.org" "$2" sign never
    local fingerprint
    fingerprint=$(fingerprint_of "$1@example.org")
    quiet_gpg --passphrase '' --pinentry-mode loopback --quick-add-key "$fingerprint" "$4" encrypt never
    printf '%s\n' keytocard y 1 y "key 1" keytocard 2 y save |
        gpg --no-tty --command-fd 0 --status-fd 1 --edit-key "$fingerprint" >"$work/bring.log" 2>&1 ||
        fail "$(cat "$work/bring.log")"
    [[ $(quiet_gpg --with-colons --list-secret-keys "$1@example.org" | grep -c '^s[es][cb]:.*:D27600012401') -eq 2 ]] ||
        fail "the keys of $1 are not on the card: $(cat "$work/bring.log")"
    use_keys "$1@example.org"
}

step "keys brought to the card"
bring_keys ed ed25519 22 cv25519 18
bring_keys rsa rsa3072 1 rsa2048 1
bring_keys nist nistp256 19 nistp384 18
bring_keys brain brainpoolP256r1 19 brainpoolP384r1 18
card_says "Signature counter : 1"

step "PINs"
edit_card passwd 1 q >/dev/null # changes the PIN to what it is
refuse "Bad PIN" env PINENTRY_USER_DATA="999999 $admin_pin" bash -c "gpgconf --kill gpg-agent; gpg --no-tty --batch \
    --local-user brain@example.org --sign --output - '$work/data' >/dev/null"
card_says "PIN retry counter : 2 0 3"

step "the way back to a new card"
edit_card factory-reset y yes >/dev/null
card_says "PIN retry counter : 3 0 3"
card_says "Signature key ....: [none]"
card_says "Name of cardholder: [not set]"

step "gpg uses the keys that our module made"
admin_pin=12345678 # as a new card has it
export PINENTRY_USER_DATA="$PIN $admin_pin"
for key in 1:rsa:2048 2:EC:prime256v1 3:EC:prime256v1; do
    ours --login --login-type so --so-pin "$admin_pin" --keypairgen --key-type "${key#*:}" --id "0${key%%:*}" >/dev/null
done
gpg_again
# card_date N: when key N was made, as the card says, in seconds.
card_date() { gpg --no-tty --batch --with-colons --card-status | sed -n 's/^fprtime://p' | cut -d: -f"$1"; }

# take_key N ANSWER...: gpg makes an OpenPGP key of key N of the card, of the card's date: the fingerprint is then the one
# that our module wrote to the card. Key 1 is a new primary key, the others become its subkeys.
take_key() {
    local number=$1 work_on=(--full-generate-key)
    shift
    [[ $number -eq 1 ]] || work_on=(--edit-key joan@example.org)
    printf '%s\n' "$@" | gpg --no-tty --expert --faked-system-time "$(card_date "$number")!" --command-fd 0 --status-fd 1 \
        "${work_on[@]}" >"$work/take.log" 2>&1 || fail "$(cat "$work/take.log")"
    grep -q "KEY_CREATED . $(card_fingerprint "$number")" "$work/take.log" || fail "key $number: $(cat "$work/take.log")"
}
take_key 1 14 1 q 0 "Joan Clarke" joan@example.org ""
take_key 2 addkey 14 2 q 0 save
take_key 3 addkey 14 3 s q 0 save
use_keys joan@example.org
card_says "General key info..: pub  rsa2048/$(card_fingerprint 1 | tail -c 17)"
