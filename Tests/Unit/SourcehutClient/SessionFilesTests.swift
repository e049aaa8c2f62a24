import BuildAPI
import Foundation
import ServiceClient
import Testing

@testable import SourcehutClient

/// Who is inside, counted by the locks of live processes.
@Suite struct SessionFilesTests {
    private let folder: String
    private let job = JobID("42")!

    init() throws {
        folder = NSTemporaryDirectory() + "sallyport-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    }

    @Test func aBuilderIsEndedByTheLastWhoLeaves() throws {
        let (one, other) = (SessionFiles(folder: folder), SessionFiles(folder: folder))
        #expect(try one.enter(job, "s1") && one.enter(job, "s1"))
        #expect(try other.enter(job, "s2"))
        one.leave(job, "s1")
        #expect(try one.ending(job) == nil)
        other.leave(job, "s2")
        #expect(try other.ending(job) != nil)
    }

    @Test func nobodyEntersWhileABuilderIsBeingEnded() throws {
        let (one, other) = (SessionFiles(folder: folder), SessionFiles(folder: folder))
        #expect(try one.enter(job, "s1"))
        one.leave(job, "s1")
        var ending = try one.ending(job)
        #expect(ending != nil)
        #expect(try !other.enter(job, "s2"))
        #expect(try other.ending(job) == nil, "it is ended once")
        ending = nil
        #expect(try other.enter(job, "s2"))
    }

    @Test func aSessionThatWasKilledIsGone() throws {
        let files = SessionFiles(folder: folder)
        #expect(try files.enter(job, "living"))
        let path = "\(folder)/42/killed"
        let holder = Process()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        holder.arguments = ["--no-fork", path, "sh", "-c", "echo locked; exec sleep 1000"]
        let output = Pipe()
        holder.standardOutput = output
        try holder.run()
        #expect(output.fileHandleForReading.availableData == Data("locked\n".utf8))
        files.leave(job, "living")
        #expect(try files.ending(job) == nil, "the other one lives")
        kill(holder.processIdentifier, SIGKILL)
        holder.waitUntilExit()
        #expect(FileManager.default.fileExists(atPath: path))
        #expect(try files.ending(job) != nil)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func whatIsKnownOfAJobOutlivesItsSessionsUntilItsDeadline() throws {
        let files = SessionFiles(folder: folder)
        let deadline = Date(timeIntervalSince1970: 1_800_000_000)
        #expect(try files.enter(job, "s1"))
        try files.markClaimed(job, until: deadline)
        files.leave(job, "s1")
        try files.markEnded(job, try #require(try files.ending(job)))
        files.removeOld(at: deadline)
        #expect(files.isClaimed(job) && files.isEnded(job))
        #expect(try files.enter(job, "s2"))
        files.removeOld(at: deadline + 4000)
        #expect(files.isEnded(job), "someone is inside")
        files.leave(job, "s2")
        files.removeOld(at: deadline + 4000)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/42"))
    }

    @Test func whatNobodyHasClaimedGoesTooInTime() throws {
        let files = SessionFiles(folder: folder)
        #expect(try files.enter(job, "s1"))
        files.leave(job, "s1")
        files.removeOld(at: .now)
        #expect(FileManager.default.fileExists(atPath: "\(folder)/42"))
        files.removeOld(at: .now + 4000)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/42"))
    }

    /// Otherwise a builder would be ended under those who are inside.
    @Test func aFolderThatCannotBeReadIsNotEmpty() throws {
        #expect(SessionFiles.names(in: folder) == [])
        #expect(SessionFiles.names(in: "\(folder)/none") == nil)
        try Data().write(to: URL(filePath: "\(folder)/file"))
        #expect(SessionFiles.names(in: "\(folder)/file") == nil)
    }

    @Test(arguments: ["", "..", "a/b", "@claimed", "a\n"]) func aSessionsNameIsAName(name: String) {
        let error = #expect(throws: ServiceError.self) {
            try SessionFiles(folder: folder).enter(job, name)
        }
        #expect(error?.code == .gatewayFault)
    }

    @Test func aFolderThatIsNotThereIsSaid() {
        let error = #expect(throws: ServiceError.self) {
            try SessionFiles(folder: "\(folder)/none").enter(job, "s")
        }
        #expect(error?.code == .gatewayFault && error?.debugDescription.contains("No such file") == true)
    }

    @Test func othersCannotPrepareAJobsFolder() throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder)/42", withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777]
        )
        let error = #expect(throws: ServiceError.self) { try SessionFiles(folder: folder).enter(job, "s") }
        #expect(error?.code == .gatewayFault)
    }

    @Test func theFirstHostKeyIsThePin() throws {
        let pins = PinnedHostKeys(folder: folder)
        #expect(pins.pin(of: job) == nil)
        #expect(pins.compare("ssh-ed25519 AAAA", of: job) == .first)
        #expect(pins.compare("ssh-ed25519 AAAA", of: job) == .same)
        #expect(pins.compare("ssh-ed25519 BBBB", of: job) == .other)
        #expect(pins.pin(of: job) == "ssh-ed25519 AAAA")
        #expect(pins.compare("ssh-ed25519 BBBB", of: JobID("43")!) == .first)
        #expect((try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/42")) == ["@host_key"])
        // As after a death between linking the pin and removing its draft.
        try FileManager.default.linkItem(
            atPath: "\(folder)/42/@host_key", toPath: "\(folder)/42/@host_key.\(getpid())")
        #expect(pins.compare("ssh-ed25519 BBBB", of: job) == .other)
        #expect(pins.pin(of: job) == "ssh-ed25519 AAAA")
        guard case .failed = PinnedHostKeys(folder: "\(folder)/none").compare("a b", of: job) else {
            Issue.record("a pin that cannot be stored must not count")
            return
        }
    }
}
