import Glibc

/// Sallyport in the private file systems, as an administrator would install it.
struct Installation: Sendable {
    let settings: TestBedSettings
    let layout: Layout
    let accounts: Accounts
    private let clients: ClientFiles
    private let systemLog: SystemLog
    private let gatewayKey: String
    private let hostKey: String

    /// Makes the file systems, the accounts and the keys, and installs the programs and the drop-in.
    static func make(settings: TestBedSettings, layout: Layout) async throws -> Installation {
        try Files.makeFolder(layout.logs)
        try Files.makeFolder(layout.folder + "/run")
        let prepared = try await Command.run(["/bin/sh", "-c", Machine.prepare, "sh", layout.machine])
        guard prepared.status == 0 else {
            throw TestBedError("the private file systems could not be made", log: prepared.errorText)
        }
        let systemLog = try SystemLog(socket: layout.machine + "/dev/log", file: layout.logs + "/syslog.log")

        let accounts = try makeAccounts(settings.people.map { ($0, layout.home(of: $0)) })
        try await install(
            ["sallyport-dispatch", "sallyport-lookup", "sallyport-shell"], from: settings.programs,
            to: "\(layout.machine)/local/libexec/sallyport")
        if let allocator = settings.allocator {
            try await install([allocator], from: settings.programs, to: layout.allocators)
        }
        try Files.write(try Files.read(settings.dropIn), to: Installed.dropIn)
        // It is written when the ports are known; until then, it is a place to mount another one on.
        try Files.write("", to: Installed.configuration)
        try await ClientFiles.makeKey(Layout.identity, comment: "gateway")
        try await ClientFiles.makeKey(Layout.hostKey, comment: "host")
        // Make them as systemd-tmpfiles would.
        try Files.makeFolder(layout.machine + "/run/sallyport")
        try Files.makeFolder(
            layout.machine + "/run/sallyport/keys", mode: 0o700,
            owner: (accounts.keys.number, accounts.keys.number))
        for folder in ["sessions", "attached"] {
            try Files.makeFolder(
                layout.machine + "/run/sallyport/\(folder)", mode: 0o700,
                owner: (accounts.account.number, accounts.account.number))
        }
        for folder in [layout.audit, layout.recordings] {
            try Files.makeFolder(
                folder, mode: 0o750, owner: (accounts.account.number, accounts.account.number))
        }
        guard chown(Layout.identity, accounts.account.number, accounts.account.number) == 0 else {
            throw TestBedError("the owner of the builder identity could not be changed")
        }

        if layout.networkPort != nil {
            try await NetworkFiles.make(programs: settings.programs, account: accounts.account)
        }

        let clients = ClientFiles(folder: layout.client, owner: (settings.owner, settings.ownerGroup))
        try await clients.create(people: settings.people)
        try await clients.makeKey("stray_authority")
        try Files.write(
            try settings.people.map { try Files.read("\(layout.client)/\($0).pub") }.joined(),
            to: Layout.strayKeys)
        try Files.write(try Files.read(layout.client + "/stray_authority.pub"), to: Layout.strayAuthority)
        // Not every machine has that file.
        let hosts = access("/etc/hosts", F_OK) == 0 ? try Files.read("/etc/hosts") : ""
        try Files.write(hosts + "\n127.0.0.1 \(Layout.publicHost)\n", to: "/etc/hosts")
        return Installation(
            settings: settings, layout: layout, accounts: accounts, clients: clients, systemLog: systemLog,
            gatewayKey: try publicKey(Layout.identity), hostKey: try publicKey(Layout.hostKey))
    }

    /// Writes what needs the ports.
    func finish(ports: [String: UInt16], publicPort: UInt16) throws {
        try Files.write(
            layout.configuration(settings: settings, port: publicPort, gatewayKey: gatewayKey),
            to: Installed.configuration)
        try clients.write(ports: ports, people: settings.people, hostKey: hostKey)
        try Files.makeFolder(layout.homes)
        for person in accounts.people {
            try HomeFolders.make(
                person, key: "\(layout.client)/\(person.name)", ports: ports.values.sorted(), hostKey: hostKey
            )
        }
    }

    private static func makeAccounts(_ homes: [(person: String, home: String)]) throws -> Accounts {
        let accounts = Accounts(
            passwd: try Files.read("/etc/passwd"), group: try Files.read("/etc/group"), homes: homes)
        try Files.write(accounts.passwd(try Files.read("/etc/passwd")), to: "/etc/passwd")
        try Files.write(accounts.group(try Files.read("/etc/group")), to: "/etc/group")
        try Files.write(accounts.shadow(try Files.read("/etc/shadow")), to: "/etc/shadow", mode: 0o600)
        // Network directories and the like need daemons that nothing here should reach.
        try Files.write(
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n", to: "/etc/nsswitch.conf")
        return accounts
    }

    private static func install(
        _ programs: [String], from folder: String, to target: String
    ) async throws {
        let installed = try await Command.run(
            ["install", "-D", "--target-directory", target] + programs.map { "\(folder)/\($0)" })
        guard installed.status == 0 else {
            throw TestBedError("the programs could not be copied", log: installed.errorText)
        }
    }

    /// `<type> <base64>` of a key's public half.
    private static func publicKey(_ path: String) throws -> String {
        try Files.read(path + ".pub").split { $0 == " " || $0 == "\n" }.prefix(2).joined(separator: " ")
    }
}
