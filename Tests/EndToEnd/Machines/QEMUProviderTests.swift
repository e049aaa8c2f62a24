import Foundation
import Logging
import ProviderSuite
import SystemPackage
import TaskChannel
import Testing

@testable import QEMU

/// What every provider has to do, done by the one of this host's virtual machines.
@Suite(.serialized)
struct QEMUProviderTests {
    @Test(.timeLimit(.minutes(4))) func itIsAProvider() async throws {
        let folder = TestMachines.folder.appending("provider")
        let specification = try await TestMachines.specification("unused")
        let authority = TestMachines.folder.appending("authority")
        try await KeyGeneration.makeKey(at: authority, comment: "authority")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        let settings = QEMUSettings(
            machines: folder.string, sockets: "\(folder)/none", gateway: nil,
            images: TestMachines.image.removingLastComponent().string,
            imageSettings: [:], memory: 384, accelerator: .tcg, namespace: nil, outbound: OutboundLimits(),
            authorizedKeys: specification.authorizedKeys, identity: TestMachines.identity.string,
            authority: (
                authority.string, try String(contentsOfFile: authority.string + ".pub", encoding: .utf8)
            ))
        try await ProviderSuite(image: "debian") {
            QEMUProvider(settings, logger: Logger(label: "test"))
        }.run()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string) == [])
    }
}
