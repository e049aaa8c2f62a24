public import BuildAPI

extension Configuration.Runner {
    /// `[runner.pool.NAME]`: a place that builders come from.
    public struct Pool: Equatable, Sendable {
        /// Who makes the builders.
        public enum Kind: String, Sendable, CaseIterable {
            /// The runner, as virtual machines on its own host.
            case qemu
            /// An allocator program.
            case command
        }

        /// How the runner knows the host keys of a machine, for ``Kind/command``.
        public enum HostKeyRule: String, Sendable, CaseIterable {
            /// The allocator names them.
            case given
            /// Where it names none, those count that the machine shows first.
            case firstUse = "first-use"
        }

        public var kind = Kind.qemu
        /// One line for people; nil: there is none.
        public var description: String?
        /// What its builders can be, for ``Kind/command``; empty: nobody here knows.
        public var architectures: [Architecture] = []
        /// What else distinguishes its builders.
        public var tags: [String] = []
        /// Builders at once; nil: as many as fit into the machine's memory.
        public var max: Int?
        /// Builders that can be on their way at once: allocated, booting.
        public var maxStarting = 2
        /// How many seconds an allocation can take.
        public var timeout = 900
        /// The allocator program and its arguments, for ``Kind/command``.
        public var command: [String] = []
        public var hostKey = HostKeyRule.given
        /// Which gateway machines can dial that cannot be reached, for ``Kind/command``; nil: they cannot.
        public var attach: AttachGateway?

        public init() {}
    }

    /// A gateway as machines name it.
    public struct AttachGateway: Equatable, Sendable {
        /// `user@host`
        public var name: String
        public var port: UInt16

        public init(name: String, port: UInt16 = 22) {
            self.name = name
            self.port = port
        }

        /// Nil: the text is not `user@host` or `user@host:port`.
        init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let words = parts[0].split(separator: "@", omittingEmptySubsequences: false).map(String.init)
            guard parts.count <= 2, words.count == 2, UserName.isValid(words[0]), HostName.isValid(words[1])
            else { return nil }
            name = String(parts[0])
            port = 22
            guard parts.count == 2 else { return }
            guard let number = UInt16(parts[1]), number > 0 else { return nil }
            port = number
        }

        /// The name without the user.
        public var host: Substring { name.drop { $0 != "@" }.dropFirst() }
    }

    /// The pool of this host's own virtual machines, which there always is.
    public static let localPool = "local"

    /// Builders of the pool `local` at once; nil: as many as fit into the machine's memory.
    public var slots: Int? {
        get { pools[Self.localPool]?.max }
        set { pools[Self.localPool, default: Pool()].max = newValue }
    }
}

extension ConfigurationFile {
    /// The tables `[runner.pool.NAME]`. The pool `local` is there without one.
    static func pools(
        from document: inout Document
    ) throws(ConfigurationError) -> [String: Configuration.Runner.Pool] {
        let local = Configuration.Runner.localPool
        var pools = [local: Configuration.Runner.Pool()]
        for name in try document.tables(in: "runner", "pool") {
            let table = "runner.pool.\(name)"
            guard isPoolName(name) else {
                throw document.error(
                    "runner.pool", name,
                    "expected a name of 1 to 32 of a-z, 0-9, \"_\" and \"-\", not beginning with \"-\"")
            }
            let pool = try pool(table, from: &document)
            guard (pool.kind == .qemu) == (name == local) else {
                throw document.error(
                    table, "kind",
                    "expected \"qemu\" for the pool \(local), and only there: it is this host's own virtual machines"
                )
            }
            pools[name] = pool
        }
        // The key that there was before there were pools.
        let slots = try document.number("runner", "slots", in: 0...10_000)
        if let slots {
            guard (pools[local]?.max ?? slots) == slots else {
                throw document.error(
                    "runner", "slots",
                    "expected the same number as max of [runner.pool.\(local)], which it means")
            }
            pools[local]?.max = slots
        }
        return pools
    }

    private static func pool(
        _ table: String, from document: inout Document
    ) throws(ConfigurationError) -> Configuration.Runner.Pool {
        var pool = Configuration.Runner.Pool()
        pool.kind = try document.choice(table, "kind", default: pool.kind)
        pool.description = try document.text(table, "description")
        pool.architectures = try document.architectures(table, "arch") ?? []
        pool.tags = try document.texts(table, "tags") ?? []
        pool.max = try document.number(table, "max", in: 0...10_000)
        pool.maxStarting = try document.number(
            table, "max_starting", in: 1...10_000, default: pool.maxStarting)
        pool.timeout = try document.number(table, "timeout", in: 1...86_400, default: pool.timeout)
        let command = try document.words(table, "command")
        pool.hostKey = try document.choice(table, "host_key", default: pool.hostKey)
        let attach = try document.text(table, "attach")
        switch pool.kind {
        case .qemu:
            guard attach == nil else {
                throw document.error(table, "attach", "expected kind = \"command\"")
            }
            guard command == nil else {
                throw document.error(table, "command", "expected kind = \"command\"")
            }
            guard pool.architectures.isEmpty else {
                throw document.error(table, "arch", "expected nothing: the images of this host say it")
            }
            guard pool.hostKey == .given else {
                throw document.error(
                    table, "host_key",
                    "expected \"given\": the runner makes the host keys of its own machines")
            }
        case .command:
            guard let command, command.first?.hasPrefix("/") == true else {
                throw document.error(table, "command", "expected an absolute path and arguments")
            }
            pool.command = command
            pool.attach = try attach.map { text throws(ConfigurationError) in
                guard let gateway = Configuration.Runner.AttachGateway(text) else {
                    throw document.error(table, "attach", "expected \"user@host\" or \"user@host:port\"")
                }
                return gateway
            }
            guard pool.max != nil else {
                throw document.error(table, "max", "expected the number of builders at once")
            }
        }
        return pool
    }

    /// People write it in manifests, and allocators find it in their environment.
    private static func isPoolName(_ name: String) -> Bool {
        (1...32).contains(name.utf8.count) && name.utf8.first != UInt8(ascii: "-")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
