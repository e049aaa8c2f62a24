import ArgumentParser
import Glibc
import Synchronization
import TestBed

/// The demo itself.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Starts a gateway and a build service, and goes through a session.")

    @Option(help: "The folder with the programs.") var programs: String
    @Option(help: "The folder of builder images.") var images: String
    @Option(help: "The drop-in for sshd.") var dropIn: String

    func run() async throws {
        // A person at a terminal can continue; a pipe or a build server needs an end and an exit status.
        let somebodyIsThere = isatty(0) == 1 && isatty(1) == 1 && getenv("CI") == nil
        let transcript = Transcript()
        try await becomeRoot(transcript)
        let interruption = Interruption()
        let isComplete = Mutex(false)
        do {
            transcript.begin("Starting sshd and the build service on loopback ports")
            try await TestBed.with(settings) { testBed in
                transcript.remark("everything is in \(testBed.folder), and is removed at the end")
                try await interruption.ends {
                    let session = Session(testBed: testBed, transcript: transcript)
                    try await session.show()
                    isComplete.withLock { $0 = true }
                    if somebodyIsThere {
                        try await session.inviteToTry()
                        await testBed.ended()
                        throw TestBedError("the helper of the demo was killed")
                    }
                }
                transcript.begin("Ending everything")
            }
            transcript.end()
        } catch is Interruption.Interrupted {
            transcript.say("\nEverything has ended, and nothing is left behind.")
            if !isComplete.withLock({ $0 }) { throw ExitCode(128 + SIGINT) }
        } catch let failure as StepFailure {
            transcript.fail(failure.description)
            throw ExitCode.failure
        } catch let error as TestBedError {
            transcript.fail(error.sentence, log: error.log)
            throw ExitCode.failure
        }
    }

    private var settings: TestBedSettings {
        var settings = TestBedSettings(
            programs: programs, images: images, dropIn: dropIn, people: ["alice", "bob", "mallory"],
            owner: getuid(), ownerGroup: getgid())
        settings.keep = 3600
        settings.maxLife = 4 * 3600
        return settings
    }

    /// Asks for the password now, while the question is visible.
    private func becomeRoot(_ transcript: Transcript) async throws {
        guard geteuid() != 0 else { return }
        transcript.say(
            "Accounts, namespaces and sshd need root: the demo uses sudo for these, and for nothing else.")
        let finished = try await Command.runAttached(["sudo", "-v"])
        guard finished == 0 else { throw ValidationError("the demo needs root or sudo") }
    }
}
