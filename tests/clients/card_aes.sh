#!/usr/bin/env bash
# AES with keys on the card through PyKCS11: against python3-cryptography with a key that both have (card_aes.py), and with one
# that the card made (the example of docs/aes.md).
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
export PIN

step "a key that python3-cryptography has too"
"$JETON" softcard create mail --applet openpgp </dev/null
for part in gcm modes; do
    expect "card_aes: OK" /usr/bin/python3 "$(dirname "$0")/card_aes.py" "$MODULE" "$part"
done
"$JETON" softcard delete mail --yes

step "a key that the card made"
"$JETON" softcard create vault --applet sc-hsm </dev/null
expect "a damaged copy refused" /usr/bin/python3 "$(dirname "$0")/../../docs/examples/card_aes_gcm.py" "$MODULE"
