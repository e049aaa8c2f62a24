import Foundation
import SystemPackage
import Testing

@testable import QEMU

@Suite struct MonitorConnectionTests {
    /// Someone who has taken over QEMU cannot make the runner remember, and do, something for each line.
    @Test(.timeLimit(.minutes(1))) func aThousandStopsAreAnsweredOnce() async throws {
        let folder = MachineFolder(path: FilePath("/tmp/sallyport-unit-\(UUID().uuidString.prefix(8))"))
        try folder.create()
        defer { folder.remove([folder.path]) }
        let socket = try InheritedSocket.listen(at: folder.monitorSocket)
        defer { try? socket.close() }
        let (lines, source) = AsyncStream.makeStream(of: String.self)
        // Its reads block.
        Thread.detachNewThread { Self.emulate(at: socket, source) }
        let connection = try await MonitorConnection.connect(to: folder.monitorSocket)
        var received: [String] = []
        for await line in lines {
            received.append(line)
            if received.count == 3 { Task { try await connection.execute("query-status") } }
            if line.contains("query-status") { break }
        }
        let names = ["qmp_capabilities", "cont", "cont", "query-status"]
        #expect(received == names.map { "{\"execute\":\"\($0)\"}" })
        try await connection.disconnect()
    }

    /// QMP as QEMU speaks it, and a thousand stops after the second command.
    private static func emulate(at socket: FileDescriptor, _ source: AsyncStream<String>.Continuation) {
        let accepted = accept(socket.rawValue, nil, nil)
        guard accepted >= 0 else { return source.finish() }
        let connection = FileDescriptor(rawValue: accepted)
        defer { try? connection.close() }
        func write(_ text: String) { _ = try? connection.writeAll(text.utf8) }
        write("{\"QMP\":{}}\n")
        var received: [UInt8] = []
        var commands = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while let count = try? buffer.withUnsafeMutableBytes({ try connection.read(into: $0) }), count > 0 {
            received += buffer[..<count]
            while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                source.yield(String(decoding: received[..<end], as: UTF8.self))
                received.removeSubrange(...end)
                commands += 1
                write("{\"return\":{}}\n")
                if commands == 2 { write(String(repeating: "{\"event\":\"STOP\"}\n", count: 1000)) }
            }
        }
        source.finish()
    }
}
