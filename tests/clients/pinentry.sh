#!/usr/bin/env bash
# A pinentry for tests, as gpg-agent starts one: the admin PIN where the text asks for that, the PIN of the card elsewhere.
# PINENTRY_USER_DATA is "PIN ADMIN-PIN".
set -euo pipefail
read -r pin admin_pin <<<"$PINENTRY_USER_DATA"
asked=$pin
echo "OK at your service"
while read -r command text; do
    case $command in
        SETDESC | SETPROMPT) [[ $text != *Admin* && $text != *admin* ]] || asked=$admin_pin ;;
        GETPIN) printf 'D %s\n' "$asked" ;;
        BYE)
            echo OK
            exit
            ;;
    esac
    echo OK
done
