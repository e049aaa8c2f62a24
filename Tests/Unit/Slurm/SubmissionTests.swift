import AllocatorProtocol
import BuildAPI
import FoundationEssentials
import HelperPrograms
import NodeOrder
import Testing

@testable import Slurm

@Suite("A submission") struct SubmissionTests {
    private let file: SlurmFile

    init() throws {
        file = try SlurmFile.parse(
            """
            [slurm]
            partition = "builds"
            constraint = "avx2&ib"
            account = "ci"
            qos = "low"
            options = ["--reservation=it's $(mine)"]
            \(SlurmFileTests.image)
            """, path: "/s")
    }

    static func request(
        _ allocation: String = "42-0011223344556677", owner: String = "alice", image: String? = nil,
        lifetime: Int = 3600
    ) -> AllocatorWire.Allocate {
        AllocatorWire.Allocate(
            allocation: allocation, job: "42", owner: .init(id: "1", name: owner), pool: "cluster",
            image: image, lifetime: lifetime, authorizedKeys: ["ssh-ed25519 AAAA", "ssh-ed25519 BBBB"])
    }

    @Test("it has the limits and the names of its job")
    func options() throws {
        let submission = try Submission(Self.request(), file)
        #expect(
            submission.options == [
                "--reservation=it's $(mine)", "--parsable", "--job-name=42-0011223344556677",
                "--comment=sallyport pool=cluster job=42 owner=alice", "--nodes=1", "--ntasks=1",
                "--cpus-per-task=1", "--mem=2304M", "--time=62", "--no-requeue", "--export=ALL", "--chdir=/",
                "--partition=builds", "--constraint=avx2&ib", "--account=ci", "--qos=low",
                "--output=/dev/null",
                "--error=/dev/null",
            ])
    }

    @Test(
        "the time limit is the lifetime in whole minutes, and no more than the file allows",
        arguments: [
            (1, nil, 3), (3600, nil, 62), (3601, nil, 63), (86_400, 60, 60),
        ] as [(Int, Int?, Int)])
    func time(lifetime: Int, longest: Int?, minutes: Int) throws {
        var file = file
        file.time = longest
        let submission = try Submission(Self.request(lifetime: lifetime), file)
        #expect(submission.options.contains("--time=\(minutes)"))
        #expect(try order(in: submission).life == minutes * 60)
    }

    @Test(
        "an owner's name is harmless in the queue",
        arguments: [
            ("alice@example.org", "alice@example.org"), ("a b", "a_b"), ("", "_"),
            ("x port=1 key=ssh-ed25519:AAAA", "x_port_1_key_ssh-ed25519_AAAA"),
            ("a|b\n\u{1b}[31mc", "a_b___31mc"),
            ("$(reboot)`id`'\"", "__reboot__id___"), ("é\u{202e}", "__"),
        ])
    func owner(name: String, shown: String) throws {
        let comment = try Submission(Self.request(owner: name), file).options.first {
            $0.hasPrefix("--comment=")
        }
        #expect(comment == "--comment=sallyport pool=cluster job=42 owner=\(shown)")
    }

    @Test("an image that the cluster has not is refused, and so is none if there are several")
    func image() throws {
        let unknown = Self.request(image: "arch")
        let error = #expect(throws: Submission.Fault.self) { try Submission(unknown, file) }
        #expect(error?.reason == "the cluster has no image arch, but debian")
        var large = file
        large.image = nil
        large.images["large"] = file.images["debian"]
        let two = large
        let several = #expect(throws: Submission.Fault.self) { try Submission(Self.request(), two) }
        #expect(several?.reason == "name an image: debian, large")
        #expect(throws: Never.self) { try Submission(Self.request(image: "large"), two) }
    }

    /// $1 is a folder for the program $2, which prints its argument and what it reads; $3 is the batch script.
    private static let node = #"""
        mkdir "$1"
        trap 'rm -r "$1"' EXIT
        printf '#!/bin/sh\necho "$1"; cat\n' >"$2"
        chmod 755 "$2"
        /bin/sh -c "$3"
        """#

    /// The shell of the node runs it.
    @Test("the batch script gives the program its order, whatever is in it")
    func script() async throws {
        var file = file
        let folder = "/tmp/sallyport-unit-\(UInt32.random(in: 0 ... .max))"
        file.program = "\(folder)/it's $HOME; `id`"
        file.images["debian"]?.folder = "/images/$(reboot)\nSALLYPORT\n'\"\\"
        let submission = try Submission(Self.request(), file)
        let program = HelperProgram(
            words: ["/bin/sh", "-ec", Self.node, "sh", folder, file.program, submission.script],
            outputLimit: 1 << 16, limit: .seconds(300))
        let outcome = try await program.run(reading: [])
        #expect(outcome.status == .exited(0), "\(outcome)")
        let lines = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n")
        try #require(lines.first == "run" && lines.count == 2)
        let order = try JSON.decode(MachineOrder.self, from: Data(lines[1].utf8))
        let ordered = try self.order(in: submission)
        #expect(order == ordered)
        #expect(order.image == file.images["debian"]?.folder)
        #expect(order.authorizedKeys == ["ssh-ed25519 AAAA", "ssh-ed25519 BBBB"])
        #expect(order.memory == 2048 && order.firstPort == 22000 && order.lastPort == 22999)
    }

    private func order(in submission: Submission) throws -> MachineOrder {
        let line = try #require(submission.script.split(separator: "\n").first { $0.hasPrefix("{") })
        return try JSON.decode(MachineOrder.self, from: Data(line.utf8))
    }
}
