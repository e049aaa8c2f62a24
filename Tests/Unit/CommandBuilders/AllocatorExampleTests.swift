import Foundation
import Provider
import TestSupport
import Testing

@testable import CommandBuilders

/// The allocator of docs/allocators.md, with a service that it asks.
@Suite("The example of an allocator") struct AllocatorExampleTests {
    /// Answers one request on the Unix socket, and writes down what was asked.
    private static let service = """
        import socket, sys
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(sys.argv[1])
        listener.listen(8)
        print("ready", flush=True)
        for status, body in zip(sys.argv[2::2], sys.argv[3::2]):
            connection, _ = listener.accept()
            asked = b""
            while not asked.endswith(b"}"): asked += connection.recv(65536)
            connection.sendall(f"HTTP/1.1 {status} x\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
            connection.close()
            print(asked.decode().split()[1], flush=True)
        """

    private static func example() throws -> String {
        let page = try Project.text(of: "docs/allocators.md")
        let (begin, end) = ("```sh\n", "```\n")
        return String(try #require(page.split(separator: begin).last?.split(separator: end).first))
    }

    @Test("it passes questions on, and answers as a runner understands it")
    func run() async throws {
        let folder = NSTemporaryDirectory() + "lab-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let allocator = try TestAllocator("export LAB=\(folder)/api\n" + Self.example())
        let service = Process()
        service.executableURL = URL(filePath: "/usr/bin/python3")
        service.arguments = [
            "-c", Self.service, folder + "/api", "503", "", "500", "the switch is off",
            "200", TestAllocator.answerText(), "204", "",
        ]
        let output = Pipe()
        service.standardOutput = output
        try service.run()
        defer { service.terminate() }
        var said = Data()
        while said.last != UInt8(ascii: "\n") { said += output.fileHandleForReading.availableData }

        let busy = await #expect(throws: AllocationFailure.self) { try await allocator.allocate() }
        #expect(busy?.kind == .notNow && busy?.description == "every machine of the lab is in use")
        let broken = await #expect(throws: AllocationFailure.self) { try await allocator.allocate() }
        #expect(broken?.kind == .failed && broken?.description == "the switch is off")
        #expect(try await allocator.allocate().user == "build")
        try await allocator.provider.release(TestAllocator.allocation(), entered: false)
        service.waitUntilExit()
        let asked = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(asked == "/allocate\n/allocate\n/allocate\n/release\n")
        let away = await #expect(throws: AllocationFailure.self) { try await allocator.allocate() }
        #expect(away?.kind == .notNow)
    }
}
