import Foundation
import Testing

@testable import Runner

/// Whether the key that certifies host keys is still there.
@Suite final class StateUseTests {
    private let folder = TestService.makeFolder()

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func hasAuthority(_ key: String?) -> Bool { StateUse(of: folder, authority: key).hasAuthority }

    @Test func theAuthorityIsBothHalvesOfOneKey() async throws {
        #expect(!hasAuthority(nil))
        let key = try await KeyPair.hostAuthority(in: folder).publicKey
        #expect(hasAuthority(nil) && hasAuthority(key))
        #expect(
            !hasAuthority("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))

        let other = folder + "/other"
        try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
        _ = try await KeyPair.hostAuthority(in: other)
        let (own, another) = (folder + "/host_authority", other + "/host_authority")
        try Data(contentsOf: URL(filePath: another)).write(to: URL(filePath: own))
        #expect(!hasAuthority(key))
        // Both halves are another key's.
        try Data(contentsOf: URL(filePath: another + ".pub")).write(to: URL(filePath: own + ".pub"))
        #expect(hasAuthority(nil) && !hasAuthority(key))
        try FileManager.default.removeItem(atPath: own)
        #expect(!hasAuthority(nil))
    }
}
