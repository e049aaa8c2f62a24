import Foundation
import SystemPackage
import TaskChannel

/// What a builder has sent and received through its ``OutboundNetwork``.
public struct NetworkTraffic: Sendable, Hashable {
    /// TCP connections that it has opened, and exchanges over UDP.
    public var connections = 0
    /// Attempts at more of them than ``OutboundLimits/connectionsPerSecond``.
    public var deferred = 0
    public var bytesSent = 0
    public var bytesReceived = 0
}

/// Reads the counters of a machine's network namespace, which stays for that even when the machine has ended.
struct NetworkMeter: Sendable {
    private let space: Space

    /// Nil: that process is in our own network namespace, or gone.
    init?(of process: pid_t) {
        guard let own = Self.namespace(of: "self"), let other = Self.namespace(of: "\(process)"),
            own != other,
            let user = try? FileDescriptor.open(
                "/proc/\(process)/ns/user", .readOnly, options: .closeOnExec)
        else { return nil }
        guard
            let network = try? FileDescriptor.open(
                "/proc/\(process)/ns/net", .readOnly, options: .closeOnExec)
        else {
            try? user.close()
            return nil
        }
        space = Space(user: user, network: network)
    }

    private static func namespace(of process: String) -> String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
    }

    /// Nil: they cannot be read.
    func read() async -> NetworkTraffic? {
        let outcome = try? await ShortCommand(
            program: "nsenter",
            arguments: [
                "--user=\(Self.path(of: space.user))", "--net=\(Self.path(of: space.network))",
                "--preserve-credentials", "--", "nft", "--json", "list", "counters",
            ]
        ).run()
        guard let outcome, outcome.status == 0 else { return nil }
        return Self.traffic(from: outcome.output)
    }

    private static func path(of descriptor: FileDescriptor) -> String {
        "/proc/\(getpid())/fd/\(descriptor.rawValue)"
    }

    /// From nft's JSON (libnftables-json(5)).
    static func traffic(from json: String) -> NetworkTraffic? {
        guard let list = try? JSONDecoder().decode(Counters.self, from: Data(json.utf8)) else { return nil }
        let counters = Dictionary(list.nftables.compactMap(\.counter).map { ($0.name, $0) }) { first, _ in
            first
        }
        guard let connections = counters["connections"], let deferred = counters["deferred"],
            let sent = counters["sent"], let received = counters["received"]
        else { return nil }
        return NetworkTraffic(
            connections: connections.packets, deferred: deferred.packets, bytesSent: sent.bytes,
            bytesReceived: received.bytes)
    }

    private struct Counters: Decodable {
        struct Entry: Decodable { var counter: Counter? }
        struct Counter: Decodable {
            var name: String
            var packets: Int
            var bytes: Int
        }
        var nftables: [Entry]
    }

    /// The namespaces, held.
    private final class Space: Sendable {
        let user: FileDescriptor
        let network: FileDescriptor

        init(user: FileDescriptor, network: FileDescriptor) {
            self.user = user
            self.network = network
        }

        deinit {
            try? user.close()
            try? network.close()
        }
    }
}
