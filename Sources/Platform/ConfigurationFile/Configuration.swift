/// What `sallyport.toml` says, with a default for every key but the service's URL.
public struct Configuration: Equatable, Sendable {
    /// `[service]`: the build service that knows jobs, owners and keys.
    public struct Service: Equatable, Sendable {
        /// What a build service can speak.
        public enum Kind: String, Sendable, CaseIterable {
            /// API v1.
            case sallyport
            /// The unmodified worker of builds.sr.ht.
            case sourcehut
        }

        public var kind = Kind.sallyport
        /// `unix:/path`, https, or http on loopback. Empty for `sourcehut`, which has URLs of its own.
        public var url: String
        /// A file of certificate authorities (PEM) to trust for an https service; nil: those of the system.
        public var authorities: String?
        /// The file with the bearer token to send with each request.
        public var tokenFile: String?
        /// The same for the AuthorizedKeysCommandUser, which looks keys up with admission `known`.
        public var keyTokenFile: String?
        /// The proxy for an https service, `http://host:port`.
        public var proxy: String?

        public init(kind: Kind = .sallyport, url: String) {
            self.kind = kind
            self.url = url
        }
    }

    /// `[sourcehut]`: where builds.sr.ht's worker and meta.sr.ht are.
    public struct Sourcehut: Equatable, Sendable {
        /// As `Service.url`.
        public var workerURL = ""
        /// As `Service.url`.
        public var metaURL = ""
        /// The worker's folder of logs; nil: logs are read over HTTP.
        public var logs: String?

        public init() {}
    }

    /// Where a program's audit records go. The gateway and the runner have one each.
    public struct Audit: Equatable, Sendable {
        /// The file, whose folder belongs to the program's user; nil: none.
        public var file: String?
        public var usesSystemLog = true
        /// How many days files with older records are kept.
        public var retention = 365

        public init() {}
    }

    /// Which sessions with a terminal the gateway records, and where.
    public struct Recording: Equatable, Sendable {
        public enum Scope: Equatable, Sendable {
            case none
            case all
            /// Those in builders of these pools.
            case pools(Set<String>)
        }

        public var scope = Scope.none
        /// A folder that belongs to the account.
        public var folder = "/var/log/sallyport-gateway/recordings"
        /// The most bytes of one.
        public var limit = 64 << 20
        /// The most bytes of all of them.
        public var size = 20 << 30
        /// How many days they are kept.
        public var retention = 90
        /// Whether sessions that cannot be recorded are let in where others are recorded.
        public var permitsBypass = false

        public init() {}
    }

    /// `[builder]`: how the gateway logs in to builders.
    public struct Builder: Equatable, Sendable {
        /// The gateway's private key, readable by the account only.
        public var identity = "/etc/sallyport/builder_ed25519"

        public init() {}
    }

    /// `[gateway]`: how people reach the gateway, for the commands in messages, and the gateway's own files.
    public struct Gateway: Equatable, Sendable {
        /// Nil: the name of this machine.
        public var publicHost: String?
        public var publicPort = 22
        /// The host name of this gateway alone, where several use one build service; nil: it is the only one.
        public var name: String?
        /// A sentence about whom to ask for help; nil: people have to know.
        public var contact: String?
        /// A folder that belongs to the AuthorizedKeysCommandUser and caches answers about keys (admission `known`).
        public var keyCache = "/run/sallyport/keys"
        /// How many commands of one person can run at once.
        public var commandsPerPerson = 64
        /// How long, in seconds, people go on while the build service answers nothing; 0: for ever.
        public var revocationTimeout = 1800
        /// A folder that belongs to the account: who runs how many commands, and, for a build service that does not
        /// count sessions itself, who is inside.
        public var sessions = "/run/sallyport/sessions"
        /// A folder that belongs to the account: the sockets of attached machines.
        public var attached = "/run/sallyport/attached"
        /// The folder of the archives that `attach-bundle` hands out.
        public var attachBundles = "/usr/local/share/sallyport/attach"
        /// The public half of sshd's host key, which `help attach` prints.
        public var hostKey = "/etc/ssh/ssh_host_ed25519_key.pub"
        /// A file to which sallyport-shell and sallyport-lookup append their records, in addition to the system log.
        public var logFile: String?
        /// A session with a terminal is closed after this many seconds without input and output; 0: never.
        public var idle = 0
        /// Where sallyport-shell writes its audit records.
        public var audit = Audit()
        /// Whether nobody gets in without a record of it in the audit file.
        public var auditIsRequired = false
        /// Whether audit records have the text of commands.
        public var auditsCommands = false
        public var administratorReason = AdministratorReason.optional
        public var recording = Recording()

        /// Whether an administrator has to say why they enter somebody's builder.
        public enum AdministratorReason: String, Sendable, CaseIterable {
            case optional, required
        }

        public init() {}
    }

    /// `[runner]`: the embedded build service.
    public struct Runner: Equatable, Sendable {
        /// Where API v1 is served over TLS, to clients with a token.
        public struct Network: Equatable, Sendable {
            /// An IP literal.
            public var address: String
            public var port: Int
            /// Paths of PEM files.
            public var certificate: String
            public var key: String
            /// The path of a table of names, roles and hashes.
            public var tokens: String

            public init(address: String, port: Int, certificate: String, key: String, tokens: String) {
                self.address = address
                self.port = port
                self.certificate = certificate
                self.key = key
                self.tokens = tokens
            }
        }

        /// Where something is served.
        public struct Address: Equatable, Sendable {
            /// An IP literal.
            public var address: String
            public var port: Int

            public init(address: String, port: Int) {
                self.address = address
                self.port = port
            }
        }

        public enum Accelerator: String, Sendable, CaseIterable {
            /// KVM if a test guest boots with it, otherwise software emulation.
            case automatic = "auto"
            case kvm
            case tcg
        }

        /// Whether QEMU runs as a user of its own, in namespaces of its own.
        public enum Isolation: String, Sendable, CaseIterable {
            /// Otherwise the runner does not start.
            case required
            /// It runs as the runner's user, for hosts that forbid namespaces.
            case none
        }

        /// The limits for each builder whose network is `outbound`.
        public struct Outbound: Equatable, Sendable {
            /// IPv4 addresses, and networks such as `192.0.2.0/24`, that it cannot reach.
            public var denied: [String] = []
            /// New connections per second.
            public var connectionsPerSecond = 100
            /// Bytes that it can send and receive.
            public var bytes = 100 << 30

            public init() {}
        }

        /// What becomes of a kept builder when its owner logs out of the last shell.
        public enum Logout: String, Sendable, CaseIterable {
            /// It stays for the keep-time, unless the owner, who is asked, ends it.
            case ask
            /// It ends.
            case end
        }

        /// `[runner.image.NAME]`: settings for the builders of that image.
        public struct Image: Equatable, Sendable {
            /// What a builder can reach.
            public enum Network: String, Sendable, CaseIterable {
                /// Nothing.
                case none
                /// The internet, but neither the host nor private networks.
                case outbound
            }

            /// MiB; nil: as much as `Runner.memory` says.
            public var memory: Int?
            /// The number of processors.
            public var processors = 1
            public var network = Network.none
            /// One line about what it contains; nil: what the image says of itself.
            public var description: String?

            public init() {}
        }

        public var stateDirectory = "/var/lib/sallyport"
        public var socket = "/run/sallyport/api.sock"
        /// Nil: on the socket only.
        public var network: Network?
        /// Where Prometheus reads metrics; nil: nowhere.
        public var metrics: Address?
        /// The Unix account people log in to; its processes have the role *gateway*.
        public var account = "builds"
        /// The AuthorizedKeysCommandUser; its processes have the role *keys*.
        public var keysAccount = "sallyport-keys"
        /// Members of this group, and root, have the role *operator*.
        public var operatorGroup = "sallyport"
        /// The gateways' public keys, each `<type> <base64>`; every builder accepts them.
        public var gatewayKeys: [String] = []
        /// A folder of images, one folder each; a manifest's `image` names one.
        public var images = "/var/lib/sallyport/images"
        public var accelerator = Accelerator.automatic
        public var isolation = Isolation.required
        /// The Unix account that QEMU runs as.
        public var builderAccount = "sallyport-builder"
        /// What builders with a network get of it.
        public var outbound = Outbound()
        /// `[runner.pool.NAME]`, by name; `local` is always there.
        public var pools = [Self.localPool: Pool()]
        /// MiB of memory for each builder.
        public var memory = 512
        /// By the image's name; images without settings of their own are missing.
        public var imageSettings: [String: Image] = [:]
        /// `[runner.image_aliases]`: other names for images in manifests, and the image that each stands for.
        public var imageAliases: [String: String] = [:]
        /// Builders are called `job-{id}`, and with each of these host names `job-{id}.{suffix}`.
        public var suffixes: [String] = []
        public var logout = Logout.ask
        /// The keep-time: how many seconds a builder waits for someone to enter it, or to come back.
        public var keep = 600
        /// How many seconds a kept builder lives after someone first enters it, unless the deadline is moved.
        public var life = 3600
        /// A claim ends after this many seconds without a heartbeat. Gateways send one every third of it.
        public var lease = 60
        /// A kept builder ends this many seconds after its job's tasks, whatever happens.
        public var maxLife = 3 * 24 * 3600
        /// The tasks of a job can take this many seconds from the builder's start.
        public var maxTimeout = 3 * 24 * 3600
        /// The file of the terms of use; nil: there are none.
        public var terms: String?
        public var limits = Limits()
        /// A file to which the runner appends its records, in addition to stderr.
        public var logFile: String?
        /// Where the runner writes its audit records.
        public var audit = Audit()
        /// How many days it is kept who has accepted earlier terms of use; nil: for ever.
        public var acceptanceRetention: Int?

        public init() {}
    }

    public static let defaultPath = "/etc/sallyport/sallyport.toml"

    public var service: Service
    public var sourcehut = Sourcehut()
    public var builder = Builder()
    public var gateway = Gateway()
    public var runner = Runner()
    public var people = People()

    public init(service: Service) {
        self.service = service
    }
}
