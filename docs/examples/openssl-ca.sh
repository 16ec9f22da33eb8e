#!/bin/sh
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later

# A program for provider: command that signs with "openssl ca".
# usage: openssl-ca.sh issue|find|revoke|crl|certificate FOLDER
# FOLDER holds ca.pem and ca.key; what else is needed there is made.

set -eu
umask 077
action=$1
cd "$2"

# Two runs may come at once, and "openssl ca" is not made for that.
exec 9> lock
flock 9
mkdir -p certificates
[ -e index.txt ] || : > index.txt
[ -e crlnumber ] || echo 01 > crlnumber
configuration=$(mktemp)
trap 'rm -f "$configuration"' EXIT
serial=$(printf %s "${ROLESANYWHERE_SERIAL:-}" | tr a-f A-F)

cat > "$configuration" << 'END'
[ca]
default_ca = fleet
[fleet]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = certificates
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_crl_days = 45
unique_subject = no
policy = policy
x509_extensions = workload
crl_extensions = crl
[policy]
organizationName = optional
organizationalUnitName = optional
commonName = supplied
[crl]
authorityKeyIdentifier = keyid:always
[workload]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
END

# Write lines as attributes of a name, or as alternative names.
attributes() { printf %s "$2" | sed -e 's,[\\/+=],\\&,g' -e "s,^,/$1=,"; }
alternatives() { [ -z "$2" ] || printf '%s\n' "$2" | sed -e "s,^,$1:,"; }

case $action in
    certificate)
        cat ca.pem
        ;;
    issue)
        names=$(alternatives DNS "$ROLESANYWHERE_DNS_NAMES"; alternatives URI "$ROLESANYWHERE_URIS")
        if [ -n "$names" ]; then
            printf 'subjectAltName = %s\n' "$(printf '%s\n' "$names" | paste -s -d , -)" >> "$configuration"
        fi
        subject=$(
            attributes O "$ROLESANYWHERE_ORGANIZATION"
            attributes OU "$ROLESANYWHERE_ORGANIZATIONAL_UNITS"
            attributes CN "$ROLESANYWHERE_COMMON_NAME"
        )
        echo "$serial" > serial
        openssl ca -config "$configuration" -batch -notext -in /dev/stdin -utf8 -preserveDN \
            -subj "$(printf %s "$subject" | tr -d '\n')" \
            -startdate "$(printf %s "$ROLESANYWHERE_NOT_BEFORE" | tr -d T:-)" \
            -enddate "$(printf %s "$ROLESANYWHERE_NOT_AFTER" | tr -d T:-)"
        ;;
    find)
        # The serial number belongs to the request: asked for again, it is the same.
        [ ! -s "certificates/$serial.pem" ] || cat "certificates/$serial.pem"
        ;;
    revoke)
        if ! grep -q "^R.*	$serial	" index.txt; then
            [ "$ROLESANYWHERE_REASON" != privilegeWithdrawn ] || ROLESANYWHERE_REASON=unspecified # it does not know it
            openssl ca -config "$configuration" -revoke "certificates/$serial.pem" -crl_reason "$ROLESANYWHERE_REASON"
        fi
        ;;
    crl)
        if [ ! crl.pem -nt index.txt ] || [ -n "$(find crl.pem -mtime +0)" ]; then
            openssl ca -config "$configuration" -gencrl -out crl.new
            mv crl.new crl.pem
        fi
        cat crl.pem
        ;;
    *)
        echo "openssl-ca.sh: there is no action $action" >&2
        exit 2
        ;;
esac
