import AllocatorPrograms
import Foundation
import NodeOrder
import QEMU
import Synchronization
import TestSupport
import Testing

@testable import NodeMachine

@Suite("A builder on a node") struct NodeMachineTests {
    private final class Folder: Sendable {
        let path = "/tmp/sallyport-unit-\(UUID().uuidString.prefix(8))"

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ text: String, to name: String) throws {
            try text.write(toFile: "\(path)/\(name)", atomically: true, encoding: .utf8)
        }
    }

    private func order(_ image: String, digest: String, in folder: String) -> MachineOrder {
        MachineOrder(
            image: image, digest: digest, memory: 256, processors: 1, accelerator: "tcg",
            ports: 22000...22999,
            authorizedKeys: [], life: 60, folder: folder,
            comment: JobComment(pool: "p", job: "42", owner: "alice").text)
    }

    @Test("jobs get there the account that virtual machines have")
    func user() { #expect(MachineOrder.user == MachineSpecification.user) }

    /// The documentation gives that command.
    @Test("an image's checksum is what sha256sum prints", arguments: [false, true])
    func digest(hasDisk: Bool) async throws {
        let folder = try Folder()
        try folder.write("kernel", to: "vmlinuz")
        try folder.write("archive", to: "initramfs.cpio.gz")
        if hasDisk { try folder.write(String(repeating: "disk", count: 1 << 20), to: "root.qcow2") }
        try folder.write("is no part of it", to: "description")
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = [
            "-c",
            "cd \(folder.path) && sha256sum vmlinuz initramfs.cpio.gz $(ls root.qcow2 2>/dev/null) | sha256sum",
        ]
        process.standardOutput = pipe
        try process.run()
        let printed = String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        #expect(try await ImageDigest.of(folder.path) == printed.prefix(64))
        try FileManager.default.removeItem(atPath: "\(folder.path)/vmlinuz")
        await #expect(throws: AllocatorFailure.self) { try await ImageDigest.of(folder.path) }
    }

    @Test("another image than the one that was ordered is not started, and that is reported")
    func wrongImage() async throws {
        let folder = try Folder()
        try folder.write("kernel", to: "vmlinuz")
        try folder.write("archive", to: "initramfs.cpio.gz")
        let reports = Mutex<[JobComment]>([])
        let machine = NodeMachine(order(folder.path, digest: "00", in: folder.path), name: "7") { comment in
            reports.withLock { $0.append(comment) }
        }
        let error = await #expect(throws: AllocatorFailure.self) { try await machine.run() }
        let reason = try #require(error?.reason)
        #expect(reason.hasPrefix("the image in \(folder.path) is another one: its SHA-256 is "))
        #expect(reports.withLock { $0.map(\.report) } == [.failed(reason)])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 2)
    }

    @Test("what a killed machine has left is removed by the next one, and what lives is not")
    func leftovers() throws {
        let parent = try Folder()
        let account = "\(parent.path)/sallyport-\(getuid())"
        let alive = try NodeFolder(in: parent.path, name: "1")
        for name in ["1", "2"] {
            try FileManager.default.createDirectory(
                atPath: "\(account)/\(name)/emulator", withIntermediateDirectories: true)
        }
        // Its process is gone, and so is its lock.
        try parent.write("", to: "sallyport-\(getuid())/2.lock")
        let own = try NodeFolder(in: parent.path, name: "3")
        let files = try FileManager.default.contentsOfDirectory(atPath: account).sorted()
        #expect(files == ["1", "1.lock", "3.lock"])
        #expect(throws: AllocatorFailure.self) { try NodeFolder(in: parent.path, name: "3") }
        own.remove()
        alive.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: account) == [])
    }

    @Test("a folder that others can write to is not used")
    func openFolder() throws {
        let parent = try Folder()
        try FileManager.default.createDirectory(
            atPath: "\(parent.path)/sallyport-\(getuid())", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o777])
        let error = #expect(throws: AllocatorFailure.self) { try NodeFolder(in: parent.path, name: "1") }
        #expect(error?.reason.hasSuffix("is someone else's, or open to others") == true)
    }

    @Test("a report is tried until the controller has it")
    func report() async throws {
        let folder = try Folder()
        let scontrol = "\(folder.path)/scontrol"
        try ExecutableFile.write(
            """
            #!/bin/sh
            echo "$*" >>\(folder.path)/calls
            [ $(wc -l <\(folder.path)/calls) = 3 ] || { echo "Unable to contact slurm controller" >&2; exit 1; }
            """, to: scontrol)
        var report = JobReport(job: "7", scontrol: scontrol)
        report.interval = .milliseconds(2)
        let comment = JobComment(
            pool: "p", job: "42", owner: "alice", report: .ready(port: 22001, hostKeys: ["ssh-ed25519 AAAA"]))
        try await report.send(comment)
        let calls = try String(contentsOfFile: "\(folder.path)/calls", encoding: .utf8).split(separator: "\n")
        #expect(Array(calls) == Array(repeating: "update JobId=7 Comment=\(comment.text)", count: 3))
        report.patience = .zero
        let error = await #expect(throws: AllocatorFailure.self) { try await report.send(comment) }
        #expect(error?.reason == "the controller was not told: scontrol: Unable to contact slurm controller")
    }
}
