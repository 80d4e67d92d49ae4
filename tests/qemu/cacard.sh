# shellcheck shell=sh
# QEMU's own reader with libcacard's card: neither is ours. The card is a CAC, for which there is no profile.
. /guest_lib.sh

step "reader and card"
await 60 has_card unknown
expect "QEMU USB CCID" jeton list
expect "ATR 3B7A18000073667465206364313434" cat /out/log
expect "token not recognized" p11 --list-slots
