# shellcheck shell=bash
# A small authority for tests of TLS: `. "$ROOT/tests/certificates.sh"` after lib.sh; needs openssl.

# make_authority DIR: DIR/ca-cert.pem and its key.
make_authority() {
	mkdir -p "$1"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=authority of ${1##*/}" -keyout "$1/ca-key.pem" -out "$1/ca-cert.pem" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>"$TMP/.openssl" || fail "$(cat "$TMP/.openssl")"
}

# make_certificate AUTHORITY NAME SUBJECT-ALT-NAME: AUTHORITY/NAME-cert.pem and its key, for both ends of a connection.
make_certificate() {
	printf '%s\n' "subjectAltName=$3" basicConstraints=critical,CA:FALSE "keyUsage=critical,digitalSignature,keyEncipherment" \
		extendedKeyUsage=serverAuth,clientAuth >"$1/$2.ext"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$1/$2-key.pem" -out "$1/$2.csr" 2>"$TMP/.openssl" ||
		fail "$(cat "$TMP/.openssl")"
	openssl x509 -req -in "$1/$2.csr" -CA "$1/ca-cert.pem" -CAkey "$1/ca-key.pem" -CAcreateserial -days 2 -extfile "$1/$2.ext" \
		-out "$1/$2-cert.pem" 2>"$TMP/.openssl" || fail "$(cat "$TMP/.openssl")"
	chmod 600 "$1/$2-key.pem"
}
