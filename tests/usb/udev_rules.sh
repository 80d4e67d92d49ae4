#!/usr/bin/env bash
# udev_rules.sh PROGRAM FILE: FILE is what PROGRAM prints, and has what no reader can do without.
set -euo pipefail
if ! "$1" | diff - "$2"; then
    echo "$2 is not what the table of quirks makes: write it anew with $1" >&2
    exit 1
fi
for wanted in '*:0b????:*' 'TAG+="uaccess"' 'idVendor}=="08e6", ATTR{idProduct}=="2202"' 'LABEL="jeton_end"'; do
    grep -qF "$wanted" "$2" || { echo "no $wanted in $2" >&2; exit 1; }
done
