import Glibc

/// The files with which a gateway reaches the runner over the network: certificates, and
/// a token for each role.
enum NetworkFiles {
    static let folder = "/etc/sallyport/network"

    /// Makes them with openssl(1) and the operator's tool. One authority has signed the service's certificate, and
    /// one that expired yesterday; `stranger.pem` is an authority that has signed neither.
    static func make(programs: String, account: Accounts.Account) async throws {
        let made = try await Command.run(
            [
                "/bin/sh", "-euc",
                """
                umask 077
                mkdir -m 755 "$1"
                cd "$1"
                key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
                for authority in authority stranger; do
                    openssl req -x509 $key -days 2 -subj "/CN=$authority" -keyout $authority.key -out $authority.pem
                done
                echo subjectAltName=IP:127.0.0.1 >name
                for certificate in service expired; do
                    openssl req -new $key -subj /CN=builds -keyout $certificate.key -out request
                    days=2; [ $certificate != expired ] || days=-1
                    openssl x509 -req -in request -CA authority.pem -CAkey authority.key -CAcreateserial \\
                        -days $days -extfile name -out $certificate.pem
                done
                for role in keys gateway operator; do
                    "$2"/sallyport tokens new test-bed-$role $role >new
                    sed -n 2p new >token-$role
                    sed -n 4p new >>tokens
                done
                rm name request new
                chmod 644 *.pem
                chown "$3" token-gateway
                """, "sh", folder, programs, account.name,
            ])
        guard made.status == 0 else { throw TestBedError("no certificates were made", log: made.description) }
    }

    /// The keys of `[runner]` for a listener.
    static func listener(port: UInt16) -> String {
        """
        listen = "127.0.0.1:\(port)"
        tls_certificate = "\(folder)/service.pem"
        tls_key = "\(folder)/service.key"
        tokens = "\(folder)/tokens"
        """
    }

    /// The `[service]` table of a gateway that uses this address.
    static func service(port: UInt16) -> String {
        """
        [service]
        url = "https://127.0.0.1:\(port)"
        ca_file = "\(folder)/authority.pem"
        token_file = "\(folder)/token-gateway"
        """
    }
}
