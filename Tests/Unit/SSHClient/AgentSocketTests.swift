import Foundation
import Testing

@testable import SSHClient

/// Whatever the environment names, only what sshd can have made is taken for the client's agent.
@Suite struct AgentSocketTests {
    private let folder = FileManager.default.temporaryDirectory.path + "/a-\(UUID().uuidString.prefix(8))"

    @Test func onlyASocketOfTheAccountsOnWhichSomeoneListensIs() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let listening = try listen(on: "agent")
        #expect(isTaken("agent"))
        try FileManager.default.createSymbolicLink(
            atPath: folder + "/link", withDestinationPath: folder + "/agent")
        try Data().write(to: URL(filePath: folder + "/file"))
        for name in ["link", "file", ".", "missing", String(repeating: "x", count: 108)] {
            #expect(!isTaken(name), "\(name)")
        }
        #expect(!isTaken("agent", by: geteuid() + 1), "it is someone else's")
        close(listening)
        #expect(!isTaken("agent"))
    }

    private func isTaken(_ name: String, by account: uid_t = geteuid()) -> Bool {
        switch AgentSocket.connected(to: "\(folder)/\(name)", of: account) {
        case .some: true
        case .none: false
        }
    }

    private func listen(on name: String) throws -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder)/\(name)".utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0 && Foundation.listen(descriptor, 5) == 0)
        return descriptor
    }
}
