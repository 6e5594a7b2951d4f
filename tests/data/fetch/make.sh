#!/bin/sh
# Makes the certificates of this folder anew: a root, an authority below it, and what servers show.
# The keys are known to everybody and vouch for nothing.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
ca='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'
server='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'

# signed NAME SUBJECT ISSUER EXTENSIONS KEY-OPTIONS DATES...
signed() {
    name=$1 subject=$2 issuer=$3 extensions=$4 key=$5
    shift 5
    printf '%s\n' "$extensions" > "$work/ext"
    openssl req -new -nodes -newkey $key -keyout "$work/$name.key" -subj "/CN=$subject" -out "$work/$name.csr" 2>/dev/null
    : > "$work/index"
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' \
        "$work/index" "$work" > "$work/conf"
    openssl ca -batch -notext -config "$work/conf" -in "$work/$name.csr" -extfile "$work/ext" "$@" \
        $( [ "$issuer" = self ] && echo "-selfsign -keyfile $work/$name.key" || echo "-cert $work/$issuer.crt -keyfile $work/$issuer.key" ) \
        -out "$work/$name.crt" 2>/dev/null
}
ec='ec -pkeyopt ec_paramgen_curve:prime256v1'
long='-startdate 20200101000000Z -enddate 21191231000000Z'
san='subjectAltName=DNS:portal.test'
signed root 'Goc thu nghiem' self "$ca" "$ec" $long
signed middle 'Trung gian thu nghiem' root "$ca" "$ec" $long
signed leaf portal.test middle "$server
$san" "$ec" $long
signed expired portal.test root "$server
$san" "$ec" -startdate 20200101000000Z -enddate 20200201000000Z
signed other khac.test root "$server
subjectAltName=DNS:khac.test" "$ec" $long
signed weak portal.test root "$server
$san" rsa:1024 $long
cp "$work/root.crt" root.pem
cp "$work/middle.crt" intermediate.pem
for name in leaf expired other weak; do cat "$work/$name.key" "$work/$name.crt" > "$name.pem"; done
