#!/usr/bin/env bash
# PyKCS11: the programs that README shows, as they stand in docs/examples. The tour checks each result itself.
# shellcheck source=tests/clients/lib.sh
. "$(dirname "$0")/lib.sh"
examples="$(dirname "$0")/../../docs/examples"
new_card
export PIN

step "AES-GCM on an empty card"
expect "a damaged copy refused" /usr/bin/python3 "$examples/aes_gcm.py" "$MODULE"
step "the tour"
expect "python_demo: OK" /usr/bin/python3 "$examples/python_demo.py" "$MODULE"
step "a signature with the key that the tour made"
expect "256 bytes, verified" /usr/bin/python3 "$examples/sign.py" "$MODULE"
