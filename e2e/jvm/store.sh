#!/usr/bin/env bash
# Starts an issuer of tokens and two stores that trust it, each S3 and STS at once, inside of inside.sh; says `ready` and stays.
# Usage: store.sh MINIO DIR
#   https://…amazonaws.com    takes any role's name, as far as MinIO can tell, it is AWS: the token says what is allowed
#   http://127.0.0.1:9000     a store of one's own, with the role that MinIO makes of the audience
# In DIR: token, the driver's; own.keys and aws.keys, folders as a Secret is mounted; ca.pem and trust.p12, who signed AWS's certificate; the stores' logs.
set -euo pipefail
shopt -s inherit_errexit
minio=$1
cd "$2"
issuer=127.0.0.1:8000
key_id=jvm

url() { basenc --base64url --wrap=0 | tr -d =; }
random() { head -c 24 /dev/urandom | url; }

make_issuer() {
    mkdir -p issuer/.well-known
    openssl genrsa -out issuer.key 2048 2>/dev/null
    local modulus now
    modulus=$(openssl rsa -in issuer.key -noout -modulus | cut -d= -f2 | basenc --base16 --decode | url)
    cat >issuer/.well-known/openid-configuration <<END
{"issuer":"http://$issuer","jwks_uri":"http://$issuer/keys","response_types_supported":["id_token"],
"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}
END
    cat >issuer/keys <<END
{"keys":[{"kty":"RSA","alg":"RS256","use":"sig","kid":"$key_id","e":"AQAB","n":"$modulus"}]}
END
    now=$(date +%s)
    local header claims
    header=$(printf '{"alg":"RS256","kid":"%s"}' "$key_id" | url)
    claims=$(printf '{"iss":"http://%s","sub":"system:serviceaccount:etl:spark-driver","aud":["sts.amazonaws.com"],
"iat":%d,"nbf":%d,"exp":%d,"policy":"readwrite","kubernetes.io":{"namespace":"etl","pod":{"name":"daily-0"},
"serviceaccount":{"name":"spark-driver"}}}' "$issuer" "$now" "$now" "$((now + 3600))" | url)
    printf '%s.%s.%s\n' "$header" "$claims" \
        "$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -sign issuer.key -binary | url)" >token
}

make_certificates() {
    local names="DNS:sts.us-east-1.amazonaws.com,DNS:s3.amazonaws.com,DNS:*.s3.amazonaws.com"
    names+=",DNS:s3.us-east-1.amazonaws.com,DNS:*.s3.us-east-1.amazonaws.com"
    mkdir certs
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=tests -days 2 -keyout ca.key -out ca.pem 2>/dev/null
    openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=aws -days 2 -CA ca.pem -CAkey ca.key \
        -addext "subjectAltName=$names" -addext basicConstraints=CA:FALSE \
        -keyout certs/private.key -out certs/public.crt 2>/dev/null
    keytool -importcert -noprompt -alias tests -file ca.pem -keystore trust.p12 -storetype PKCS12 \
        -storepass changeit 2>/dev/null
}

# NAME ADDRESS VARIABLE…: an empty client secret would let anybody forge tokens.
start() {
    local name=$1 address=$2
    shift 2
    mkdir -p "$name/jvm" "$name.home" "$name.keys"
    printf 'store-%s' "$(random)" >"$name.keys/AWS_ACCESS_KEY_ID"
    random >"$name.keys/AWS_SECRET_ACCESS_KEY"
    env HOME="$PWD/$name.home" MINIO_BROWSER=off MINIO_UPDATE=off \
        MINIO_ROOT_USER="$(<"$name.keys/AWS_ACCESS_KEY_ID")" \
        MINIO_ROOT_PASSWORD="$(<"$name.keys/AWS_SECRET_ACCESS_KEY")" \
        MINIO_IDENTITY_OPENID_CONFIG_URL="http://$issuer/.well-known/openid-configuration" \
        MINIO_IDENTITY_OPENID_CLIENT_ID=sts.amazonaws.com \
        MINIO_IDENTITY_OPENID_CLIENT_SECRET="$(random)" "$@" \
        "$minio" server "$PWD/$name" --address "$address" --certs-dir "$PWD/$name.certs" >"$name.log" 2>&1 &
}

# The store answers when it has read the issuer's keys, too.
await() {
    local end=$((SECONDS + 30))
    until curl --silent --fail --max-time 2 "$@" >/dev/null; do
        ((SECONDS < end)) || { echo "store.sh: no answer from ${*: -1} in 30 s" >&2 && tail -n 5 ./*.log >&2 && exit 1; }
        sleep 0.05
    done
}

make_issuer
make_certificates
python3 -m http.server 8000 --bind 127.0.0.1 --directory issuer >issuer.log 2>&1 &
await "http://$issuer/keys"
mkdir own.certs
mv certs aws.certs
start own 127.0.0.1:9000 MINIO_IDENTITY_OPENID_ROLE_POLICY=readwrite
start aws 127.0.0.1:443 MINIO_IDENTITY_OPENID_CLAIM_NAME=policy \
    MINIO_DOMAIN=s3.amazonaws.com,s3.us-east-1.amazonaws.com
await http://127.0.0.1:9000/minio/health/ready
await --cacert ca.pem https://s3.us-east-1.amazonaws.com/minio/health/ready
echo ready
wait
