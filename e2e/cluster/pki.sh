# shellcheck shell=bash
# Certificates and kubeconfigs of the one-node cluster, made anew at every start; sourced by start.sh.

PKI=$CODRIVER_STATE/pki

make_pki() {
    mkdir -p "$PKI"
    chmod 0700 "$PKI"
    key ca
    openssl req -x509 -new -key "$PKI/ca.key" -subj /CN=codriver-cluster -days 30 -out "$PKI/ca.crt"
    key service-accounts
    openssl pkey -in "$PKI/service-accounts.key" -pubout -out "$PKI/service-accounts.pub"
    # Pods and the store reach the API server, and the issuer, by these names.
    certificate apiserver /CN=kube-apiserver \
        "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,DNS:localhost,IP:$FIRST_SERVICE_IP,IP:$NODE_IP,IP:127.0.0.1"
    certificate apiserver-to-kubelet /O=system:masters/CN=kube-apiserver
    kubeconfig admin /O=system:masters/CN=admin
    kubeconfig controller-manager /CN=system:kube-controller-manager
    kubeconfig scheduler /CN=system:kube-scheduler
    kubeconfig kubelet /O=system:nodes/CN=system:node:codriver
    kubeconfig proxy /CN=system:kube-proxy
    # CoreDNS has no group of its own among the built-in roles.
    kubeconfig coredns /O=system:masters/CN=coredns
    ln -sf pki/admin.kubeconfig "$CODRIVER_STATE/kubeconfig"
}

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$PKI/$1.key"; }

# NAME SUBJECT [ALTERNATIVE-NAMES]
certificate() {
    key "$1"
    openssl req -new -key "$PKI/$1.key" -subj "$2" |
        openssl x509 -req -CA "$PKI/ca.crt" -CAkey "$PKI/ca.key" -CAcreateserial -days 30 \
            -extfile <(printf '%s\n' 'extendedKeyUsage=serverAuth,clientAuth' ${3:+"subjectAltName=$3"}) \
            -out "$PKI/$1.crt"
}

# NAME SUBJECT
kubeconfig() {
    certificate "$1" "$2"
    cat >"$PKI/$1.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: codriver
contexts: [{name: codriver, context: {cluster: codriver, user: $1}}]
clusters:
- name: codriver
  cluster:
    server: https://$NODE_IP:6443
    certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w0 "$PKI/$1.crt")
    client-key-data: $(base64 -w0 "$PKI/$1.key")
END
    chmod 0600 "$PKI/$1.kubeconfig"
}
