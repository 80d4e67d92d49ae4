#!/usr/bin/env bash
# OpenSSH: keys listed, logins with RSA and EC keys, with the key that always wants the PIN, and through ssh-agent.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/clients/sshd.sh
. "$(dirname "$0")/sshd.sh"
new_card
start_sshd
new_key rsa:2048 01
new_key EC:prime256v1 02
new_key EC:secp384r1 04

step "ssh-keygen -D lists the keys without a PIN"
ssh-keygen -D "$MODULE" >"$work/keys" </dev/null
cat "$work/keys"
[[ $(grep -c '^ssh-rsa ' "$work/keys") -eq 1 ]] || fail "not one RSA key"
[[ $(grep -c '^ecdsa-sha2-' "$work/keys") -eq 2 ]] || fail "not two EC keys"
[[ ! -e "$work/prompts" ]] || fail "a PIN was asked for"

client() { ssh -F "$work/ssh_config" "$@"; }

step "nobody comes in without a key that is allowed"
refuse "Permission denied" client -I "$MODULE" server true

login_with() {
    step "login with $1, PIN prompts: $3"
    grep "^$2 " "$work/keys" >"$user_keys"
    rm -f "$work/prompts"
    expect "logged in" client -I "$MODULE" server echo logged in
    [[ $(wc -l <"$work/prompts") -eq $3 ]] || fail "the prompts were: $(cat "$work/prompts")"
    grep -q "Accepted publickey for .* $(ssh-keygen -lf "$user_keys" | cut -d' ' -f2)" "$work/sshd.log" ||
        fail "the server accepted another key"
}
login_with "the RSA key" ssh-rsa 1
login_with "an EC key" ecdsa-sha2-nistp384 1
login_with "the key that always wants the PIN" ecdsa-sha2-nistp256 1

step "a wrong PIN"
grep '^ssh-rsa ' "$work/keys" >"$user_keys"
ASKPASS_PIN=999999 refuse "Permission denied" client -I "$MODULE" server true

step "ssh-agent loads a module from its allow list alone, judged by the real path"
real=$(realpath "$MODULE")
start_agent() {
    ssh-agent -D -a "$work/$1.socket" -P "$2" &
    servers+=($!)
    local try
    for try in $(seq 100); do
        [[ -S "$work/$1.socket" ]] && break
        sleep 0.1
    done
    export SSH_AUTH_SOCK="$work/$1.socket"
    [[ -S $SSH_AUTH_SOCK ]] || fail "no agent after $try tries"
}
start_agent strict "/usr/lib*/no/such/directory/*"
refuse "agent refused operation" ssh-add -s "$MODULE"
start_agent agent "$(dirname "$real")/*"
refuse "agent refused operation" env ASKPASS_PIN=999999 ssh-add -s "$MODULE"
expect "Card added" ssh-add -s "$MODULE"
expect "RSA" ssh-add -l

step "logins through the agent"
for type in ssh-rsa ecdsa-sha2-nistp384; do
    grep "^$type " "$work/keys" >"$user_keys"
    rm -f "$work/prompts"
    expect "logged in" client server echo logged in
    [[ ! -e "$work/prompts" ]] || fail "a PIN was asked for"
done
if [[ $TOKEN == jeton ]]; then
    # An agent cannot ask for the PIN of each signature.
    grep "^ecdsa-sha2-nistp256 " "$work/keys" >"$user_keys"
    refuse "agent refused operation" client server true
fi
expect "Card removed" ssh-add -e "$MODULE"
refuse "Permission denied" client server true
