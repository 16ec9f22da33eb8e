#!/bin/sh
# SPDX-FileCopyrightText: Contributors to fleet.rolesanywhere
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Made create_session.json, once: a CreateSession request of the shape that aws_signing_helper 1.8.0 sends, put together
# by hand after "The signing process" of the Roles Anywhere user guide and signed by openssl alone. Nothing of the
# collection takes part. RSA signatures of PKCS#1 v1.5 are always the same, so the vector holds one.
set -eu
directory=$(mktemp -d)
cd "$directory"
openssl req -x509 -newkey rsa:2048 -nodes -keyout private-key.pem -out certificate.pem -days 36500 \
    -subj /CN=vector -set_serial 0x4b1f6a0c2d3e4f5061728394a5b6c7d8 2>/dev/null
leaf=$(openssl x509 -in certificate.pem -outform DER | openssl base64 -A)
arn='arn%3Aaws%3Arolesanywhere%3Aeu-central-1%3A123456789012%3A'
{
    printf 'POST\n/sessions\n'
    printf 'profileArn=%sprofile%%2F66666666-7777-4888-9999-000000000000' "$arn"
    printf '&roleArn=arn%%3Aaws%%3Aiam%%3A%%3A123456789012%%3Arole%%2Ffleet%%2Fweb%%2B1'
    printf '&trustAnchorArn=%strust-anchor%%2F11111111-2222-4333-8444-555555555555\n' "$arn"
    printf 'amz-sdk-invocation-id:0d9a3b7c-1111-4222-8333-444455556666\n'
    printf 'amz-sdk-request:attempt=1; max=3\n'
    printf 'content-type:application/json\n'
    printf 'host:127.0.0.1:8443\n'
    printf 'x-amz-date:20261120T072656Z\n'
    printf 'x-amz-x509:%s\n' "$leaf"
    printf 'x-amz-x509-chain:%s,%s\n' "$leaf" "$leaf"
    printf '\namz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain\n'
    printf '{"durationSeconds":3600}' | openssl dgst -sha256 -r | cut -d ' ' -f 1 | tr -d '\n'
} > canonical-request.txt
{
    printf 'AWS4-X509-RSA-SHA256\n20261120T072656Z\n20261120/eu-central-1/rolesanywhere/aws4_request\n'
    openssl dgst -sha256 -r canonical-request.txt | cut -d ' ' -f 1 | tr -d '\n'
} > string-to-sign.txt
{
    printf 'AWS4-X509-RSA-SHA256 Credential=99855211786641360764997091582060971992/'
    printf '20261120/eu-central-1/rolesanywhere/aws4_request, '
    printf 'SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain, '
    printf 'Signature='
    openssl dgst -sha256 -sign private-key.pem string-to-sign.txt | od -An -v -tx1 | tr -d ' \n'
} > authorization.txt
python3 -c '
import json, pathlib
print(json.dumps({path.stem: path.read_text() for path in sorted(pathlib.Path().iterdir())}, indent=4))'
rm -r "$directory"
