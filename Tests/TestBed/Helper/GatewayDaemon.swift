/// A real sshd on a loopback port, configured as its `Gateway` says.
struct GatewayDaemon: Sendable {
    let port: UInt16
    let daemon: Daemon

    /// Starts it; if another process has taken the port in between, tries another one.
    static func start(
        _ gateway: Gateway, settings: TestBedSettings, layout: Layout, accounts: Accounts
    ) async throws -> GatewayDaemon {
        var attempts = 5
        while true {
            let port = try SocketAddress.freePort()
            do {
                return try await start(
                    gateway, port: port, settings: settings, layout: layout, accounts: accounts)
            } catch let error as TestBedError where error.log.contains("already in use") && attempts > 0 {
                attempts -= 1
            }
        }
    }

    private static func start(
        _ gateway: Gateway, port: UInt16, settings: TestBedSettings, layout: Layout, accounts: Accounts
    ) async throws -> GatewayDaemon {
        let own = "\(layout.machine)/home/\(gateway.rawValue)-\(port)"
        try Files.makeFolder(own)
        try Files.write(
            accounts.passwd(try Files.read("/etc/passwd"), loginShell: gateway.loginShell),
            to: own + "/passwd")
        let service = service(of: gateway, layout)
        let isImpatient = gateway == .impatient
        let isRecorded = gateway == .recorded
        if service != nil || isImpatient || isRecorded {
            try Files.write(
                layout.configuration(
                    settings: settings, port: port, gatewayKey: nil, service: service,
                    idle: isImpatient ? 8 : 0, commands: isImpatient ? 4 : 1000,
                    recordingLimit: isRecorded ? 128 << 10 : nil),
                to: own + "/sallyport.toml")
        }
        if !gateway.dropInChanges.isEmpty {
            var dropIn = try Files.read(Installed.dropIn)
            for change in gateway.dropInChanges { dropIn.replace(change.shipped, with: change.own) }
            try Files.write(dropIn, to: own + "/50-sallyport.conf")
        }
        try Files.write(
            sshdConfiguration(gateway, port: port, settings: settings, own: own), to: own + "/sshd_config")
        let daemon = try Daemon(
            "sshd (\(gateway.rawValue))",
            [
                "/usr/bin/unshare", "--mount", "/bin/sh", "-c", Machine.enter, "sh", layout.machine, own,
                "/usr/sbin/sshd", "-D", "-e", "-f", own + "/sshd_config",
            ], log: "\(layout.logs)/sshd-\(gateway.rawValue).log")
        try await daemon.wait(for: .loopback(port: port))
        return GatewayDaemon(port: port, daemon: daemon)
    }

    /// The address of the gateway's build service, if that is not the runner's socket.
    private static func service(of gateway: Gateway, _ layout: Layout) -> String? {
        let worker = TestBed.workerSocket(in: layout.folder)
        return switch gateway {
        case .builds, .guarded, .stray, .guardedStray, .trusting, .choosy, .impatient, .recorded: nil
        case .orphaned: Layout.service(at: TestBed.orphanedSocket(in: layout.folder))
        case .sourcehut: Layout.worker(at: worker, logs: TestBed.workerLogs(in: layout.folder))
        case .sourcehutRemote: Layout.worker(at: worker, logs: nil)
        case .remote: layout.networkPort.map(NetworkFiles.service)
        }
    }

    /// The configuration around the drop-in is as permissive as possible, so that the drop-in has to close it.
    private static func sshdConfiguration(
        _ gateway: Gateway, port: UInt16, settings: TestBedSettings, own: String
    ) -> String {
        var lines = [
            "Port \(port)",
            "ListenAddress 127.0.0.1",
            "HostKey \(Layout.hostKey)",
            "PidFile none",
            "LogLevel VERBOSE",
            "UsePAM no",
            "UseDNS no",
            "MaxStartups 500",
            "MaxSessions 100",
            "LoginGraceTime 30",
            "PasswordAuthentication yes",
            "AllowTcpForwarding yes",
            "PermitTunnel yes",
            "TrustedUserCAKeys \(Layout.strayAuthority)",
            "AuthorizedKeysFile \(Layout.strayKeys)",
            "Subsystem sftp internal-sftp",
        ]
        if gateway.hasDropIn {
            if let interval = settings.clientAliveInterval {
                // The first block that matches wins, even against the drop-in's.
                lines += ["Match User builds", "    ClientAliveInterval \(interval)", "Match all"]
            }
            lines.append(
                "Include \(gateway.dropInChanges.isEmpty ? Installed.dropIn : own + "/50-sallyport.conf")")
        } else {
            lines.append("ExposeAuthInfo yes")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
