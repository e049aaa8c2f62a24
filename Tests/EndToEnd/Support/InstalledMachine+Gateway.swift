import TestBed

/// The gateway of an installed machine, and Alice, who knows how to reach it.
extension InstalledMachine {
    /// The command of Alice's ssh to the gateway.
    static let ssh = "ssh -F /tmp/ssh_config gateway"

    /// sshd as Debian has it, configured as permissively as possible; the runner as its unit starts it.
    func start() async throws {
        let started = try await run(
            """
            cd /tmp
            for key in alice stray authority insider; do ssh-keygen -q -t ed25519 -N '' -f "$key"; done
            ssh-keygen -q -s authority -I x -n builds insider.pub
            ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/test_host_key
            for attempt in 1 2 3 4 5; do
                port=$((20000 + RANDOM % 20000))
                cat >/etc/ssh/sshd_config <<EOF
            Include /etc/ssh/sshd_config.d/*.conf
            ListenAddress 127.0.0.1:$port
            HostKey /etc/ssh/test_host_key
            PidFile /run/sshd.pid
            UsePAM no
            PasswordAuthentication yes
            AllowTcpForwarding yes
            AuthorizedKeysFile /tmp/stray.pub
            TrustedUserCAKeys /tmp/authority.pub
            Subsystem sftp internal-sftp
            EOF
                /usr/sbin/sshd -t
                /usr/sbin/sshd -E /tmp/sshd.log
                until [ -e /run/sshd.pid ] || grep -q 'in use' /tmp/sshd.log; do sleep 0.02; done
                [ ! -e /run/sshd.pid ] || break
                rm -f /tmp/sshd.log
            done
            cat >/tmp/ssh_config <<EOF
            Host gateway
                IdentityFile /tmp/alice
            Host *
                HostName 127.0.0.1
                Port $port
                User builds
                UserKnownHostsFile /tmp/known_hosts
                IdentitiesOnly yes
                BatchMode yes
            EOF
            echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 /etc/ssh/test_host_key.pub)" >/tmp/known_hosts
            """)
        guard started.status == 0 else { throw TestBedError("nothing was started", log: "\(started)") }
        try await startRunner()
    }
}
