#!/usr/bin/env bash
# Every mechanism through PyKCS11, in both directions, against python3-cryptography and openssl: see mechanisms.py.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
new_card
expect "mechanisms: OK" /usr/bin/python3 "$(dirname "$0")/mechanisms.py" "$MODULE"
