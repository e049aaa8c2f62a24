package import FoundationEssentials

/// What the runner asks an allocator program, and what that answers: docs/allocators.md. Times are RFC 3339.
package enum AllocatorWire {
    /// The word after the program's own.
    package enum Verb: String, CaseIterable, Sendable {
        case allocate, extend, release, list
    }

    /// Exit statuses with a meaning, from sysexits(3).
    package enum Status {
        /// `allocate`: not now.
        package static let notNow: Int32 = 75
        /// `extend`, `list`: this allocator cannot do that.
        package static let cannot: Int32 = 64
    }

    /// Bytes of an answer.
    package static let maximumAnswer = 64 << 10

    package struct Owner: Codable, Equatable, Sendable {
        package var id: String
        package var name: String

        package init(id: String, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// With what the machine can dial a gateway instead of being reached.
    package struct Attach: Codable, Equatable, Sendable {
        /// `user@host`
        package var gateway: String
        package var port: Int
        /// A private key in OpenSSH's format, good for this allocation's machine only, and once.
        package var key: String
        /// The gateway's host key: a line of known_hosts.
        package var knownHosts: String

        package init(gateway: String, port: Int, key: String, knownHosts: String) {
            self.gateway = gateway
            self.port = port
            self.key = key
            self.knownHosts = knownHosts
        }

        private enum CodingKeys: String, CodingKey {
            case gateway, port, key
            case knownHosts = "known_hosts"
        }
    }

    /// `allocate` reads it.
    package struct Allocate: Codable, Equatable, Sendable {
        /// The runner's id for what is allocated, unique for ever.
        package var allocation: String
        package var job: String
        package var owner: Owner
        package var pool: String
        package var arch: String?
        package var tags: [String]
        package var image: String?
        /// Seconds.
        package var lifetime: Int
        /// Keys that have to be able to log in, `<type> <base64>`.
        package var authorizedKeys: [String]
        /// Nil: the pool says nothing of machines that dial.
        package var attach: Attach?

        package init(
            allocation: String, job: String, owner: Owner, pool: String, arch: String? = nil,
            tags: [String] = [], image: String? = nil, lifetime: Int, authorizedKeys: [String],
            attach: Attach? = nil
        ) {
            self.allocation = allocation
            self.job = job
            self.owner = owner
            self.pool = pool
            self.arch = arch
            self.tags = tags
            self.image = image
            self.lifetime = lifetime
            self.authorizedKeys = authorizedKeys
            self.attach = attach
        }

        private enum CodingKeys: String, CodingKey {
            case allocation, job, owner, pool, arch, tags, image, lifetime, attach
            case authorizedKeys = "authorized_keys"
        }
    }

    /// `allocate` writes it.
    package struct Allocated: Codable, Equatable, Sendable {
        /// An IP literal.
        package var address: String?
        package var port: Int?
        package var user: String?
        package var hostKeys: [String]?
        /// Whether the machine dials out instead.
        package var attach: Bool?
        package var until: Date
        /// The allocator's own.
        package var data: String?

        package init(
            address: String?, port: Int?, user: String?, hostKeys: [String]?, attach: Bool? = nil,
            until: Date, data: String?
        ) {
            self.address = address
            self.port = port
            self.user = user
            self.hostKeys = hostKeys
            self.attach = attach
            self.until = until
            self.data = data
        }

        private enum CodingKeys: String, CodingKey {
            case address, port, user, attach, until, data
            case hostKeys = "host_keys"
        }
    }

    /// `extend` reads it.
    package struct Extend: Codable, Equatable, Sendable {
        package var allocation: String
        package var data: String?
        package var until: Date

        package init(allocation: String, data: String?, until: Date) {
            self.allocation = allocation
            self.data = data
            self.until = until
        }
    }

    /// `extend` writes it.
    package struct Extended: Codable, Equatable, Sendable {
        package var until: Date
    }

    /// `release` reads it.
    package struct Release: Codable, Equatable, Sendable {
        package var allocation: String
        package var data: String?
        /// Whether anybody was inside.
        package var entered: Bool

        package init(allocation: String, data: String?, entered: Bool) {
            self.allocation = allocation
            self.data = data
            self.entered = entered
        }
    }

    /// `list` reads it.
    package struct List: Codable, Equatable, Sendable {
        package var pool: String

        package init(pool: String) { self.pool = pool }
    }

    /// `list` writes it.
    package struct Listed: Codable, Equatable, Sendable {
        package struct Entry: Codable, Equatable, Sendable {
            package enum State: String, Codable, Sendable {
                case alive, gone, unknown
            }

            package var allocation: String
            package var state: State
            package var until: Date?

            package init(allocation: String, state: State, until: Date? = nil) {
                self.allocation = allocation
                self.state = state
                self.until = until
            }
        }

        package var allocations: [Entry]

        package init(allocations: [Entry]) { self.allocations = allocations }
    }
}
