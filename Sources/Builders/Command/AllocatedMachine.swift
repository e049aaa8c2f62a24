import AllocatorProtocol
import AuthorizedKeys
import BuildAPI
import Connections
import FoundationEssentials
import Provider

/// How an allocator's machine is reached, after everything about it was checked; as it is stored for the next runner.
struct AllocatedMachine: Codable, Equatable, Sendable {
    /// Both are nil: the machine has dialled a gateway. See ``place``.
    private var address: String?
    private var port: UInt16?
    var user: String
    /// `<type> <base64>` each. Empty: the allocator has named none, and the machine has not shown any yet.
    var hostKeys: [String]
    /// Whether they are those that it has shown first, or will be.
    var isFirstUse: Bool?
    /// When the allocator takes it away.
    var until: Date
    /// The allocator's own.
    var data: String?
    /// The names by which people reach it: `job-42`, and others.
    var names: [String]?
    /// Its own watchdog acts this many seconds after a deadline.
    var grace: Int?
    /// Whether its SSH server shows certificates of the runner's host authority.
    var isCertified: Bool?

    /// Where its SSH server is.
    enum Place: Equatable, Sendable {
        /// An IP literal.
        case address(String, port: UInt16)
        /// The machine has dialled a gateway: ``AllocationFolder/socket`` leads to the gateway's process.
        case gateway
    }

    var place: Place {
        if let address, let port { .address(address, port: port) } else { .gateway }
    }

    /// Whether it says where it is, if it was read from a file.
    var isWhole: Bool { (address == nil) == (port == nil) }

    static let mostHostKeys = 16

    /// Why an answer cannot be used. For the administrator.
    struct Fault: Error, Equatable {
        var reason: String
    }

    /// - Parameters:
    ///   - request: what the machine is for.
    ///   - acceptsFirstKeys: whether it can be known by the keys that it shows first.
    init(
        _ answer: AllocatorWire.Allocated, to request: BuilderRequest, acceptsFirstKeys: Bool = false,
        at now: Date
    ) throws(Fault) {
        guard let address = answer.address, AddressBlock(address, bytesOfIPv4: 4) != nil else {
            throw Fault(reason: "address: expected an IP address")
        }
        guard let port = answer.port.flatMap(UInt16.init(exactly:)), port > 0 else {
            throw Fault(reason: "port: expected 1 to 65535")
        }
        guard let user = answer.user, UserName.isValid(user) else {
            throw Fault(reason: "user: expected an account's name")
        }
        let hostKeys = (answer.hostKeys ?? []).compactMap { try? PublicKey.parse(line: $0).key.line }
        guard hostKeys.count == answer.hostKeys?.count ?? 0, hostKeys.count <= Self.mostHostKeys else {
            throw Fault(reason: "host_keys: expected a list of \"<type> <base64>\"")
        }
        guard !hostKeys.isEmpty || acceptsFirstKeys else {
            throw Fault(
                reason: "host_keys: there are none, and the pool does not have host_key = \"first-use\"")
        }
        try self.init(
            at: .address(address, port: port), user: user, hostKeys: hostKeys, answer, to: request, at: now)
        isFirstUse = hostKeys.isEmpty ? true : nil
    }

    /// A machine that has dialled a gateway. What it says of itself counts, for want of anyone who vouches for it.
    init(
        _ dialled: DialledMachine, _ answer: AllocatorWire.Allocated, to request: BuilderRequest, at now: Date
    ) throws(Fault) {
        try self.init(
            at: .gateway, user: dialled.user, hostKeys: dialled.hostKeys, answer, to: request, at: now)
    }

    private init(
        at place: Place, user: String, hostKeys: [String], _ answer: AllocatorWire.Allocated,
        to request: BuilderRequest, at now: Date
    ) throws(Fault) {
        try Self.check(answer, at: now)
        if case .address(let address, let port) = place { (self.address, self.port) = (address, port) }
        self.user = user
        self.hostKeys = hostKeys
        until = answer.until
        data = answer.data
        names = request.hostNames
        grace = request.grace
    }

    /// What an answer of either form has.
    static func check(_ answer: AllocatorWire.Allocated, at now: Date) throws(Fault) {
        guard answer.until > now else { throw Fault(reason: "until: expected a time in the future") }
        guard answer.data?.utf8.count ?? 0 <= Allocation.longestData else {
            throw Fault(reason: "data: more than \(Allocation.longestData) bytes")
        }
    }
}
