import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Testing

@testable import Runner

/// What jobs can start from, as the runner tells it.
@Suite("The list of images")
struct ImageTests {
    private func make(_ name: String, _ files: [String: Data], in folder: String) throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        for (file, content) in files { try content.write(to: URL(filePath: "\(folder)/\(name)/\(file)")) }
    }

    @Test("it has what a builder can start from, and what is known of it")
    func list() throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = ["vmlinuz": Data(), "initramfs.cpio.gz": Data()]
        let header = Data([0x51, 0x46, 0x49, 0xfb]) + Data(count: 20) + Data([0, 0, 0, 2, 0, 0, 0, 0])
        try make("debian", files.merging(["description": Data("small\nmore\n".utf8)]) { $1 }, in: folder)
        try make("debian-build", files.merging(["root.qcow2": header]) { $1 }, in: folder)
        try make("mine", files.merging(["description": Data("the image's".utf8)]) { $1 }, in: folder)
        try make("half", ["vmlinuz": Data()], in: folder)
        try make("no name", files, in: folder)
        var configuration = Configuration(service: .init(url: ""))
        configuration.runner.images = folder
        var image = Configuration.Runner.Image()
        (image.memory, image.processors, image.network) = (2048, 2, .outbound)
        image.description = "the administrator's"
        configuration.runner.imageSettings = ["mine": image]
        let images = try #require(Pool.local(FakeProvider(), configuration.runner).images)
        #expect(images.list.map(\.name) == ["debian", "debian-build", "mine"])
        #expect(
            images.list == [
                Image(name: "debian", description: "small", memory: 512, cpus: 1, network: .nothing),
                Image(name: "debian-build", memory: 512, cpus: 1, network: .nothing, disk: 8 << 30),
                Image(
                    name: "mine", description: "the administrator's", memory: 2048, cpus: 2,
                    network: .outbound),
            ])
    }

    @Test("a gateway can ask for it, and no image is no failure")
    func request() async throws {
        try await TestService.run { service in
            func names() async throws -> [String] {
                let answer = try await service.client.send(.GET, "/v1/images")
                #expect(answer.status == 200)
                return try answer.decode(ImageList.self).images.map(\.name)
            }
            #expect(try await names() == ["debian"])
            try FileManager.default.removeItem(atPath: service.folder + "/debian/vmlinuz")
            #expect(try await names().isEmpty)
        }
    }
}
