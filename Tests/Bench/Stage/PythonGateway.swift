import QEMU
import TestBed

/// A gateway to the same build service and the same builders, written in Python.
enum PythonGateway {
    /// Installs the contenders of the folder `$2` and starts an sshd on port `$3` with them, in the test bed `$1`; it
    /// ends with the test bed.
    private static let start = """
        set -eu
        machine=$1/machine
        # The checkout may be in a folder that the next lines hide.
        cd "$2"
        programs=/usr/local/libexec/sallyport-python
        mount --bind "$machine/run" /run
        mount --bind "$machine/local" /usr/local
        mount --rbind "$machine/dev" /dev
        mount --bind "$machine/tmp" /tmp
        install -D -t $programs dispatch.py shell.py
        cd /
        cat > $programs/service <<END
        $1/run/api.sock
        END
        cat > $programs/sshd_config <<END
        Port $3
        ListenAddress 127.0.0.1
        HostKey /etc/sallyport/ssh_host_ed25519_key
        PidFile none
        UsePAM no
        UseDNS no
        MaxStartups 500
        AuthorizedKeysFile none
        AuthorizedKeysCommand $programs/dispatch.py %t %k
        AuthorizedKeysCommandUser sallyport-keys
        END
        exec /usr/sbin/sshd -f $programs/sshd_config -E "$1/log/sshd-python.log"
        """

    /// - Returns: the port.
    static func start(in testBed: TestBed, contenders: String) async throws -> Int {
        let port = try HostPort.loopback.pick()
        let started = try await testBed.run([
            "unshare", "--mount", "/bin/sh", "-c", start, "sh", testBed.folder, contenders, "\(port)",
        ])
        guard started.status == 0 else {
            throw TestBedError("the sshd of the gateway in Python did not start", log: started.description)
        }
        return port
    }
}
