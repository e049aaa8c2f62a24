import AuthorizedKeys
import BuildAPI
import CLinux
import ConfigurationFile
import Connections
import EventLoop
import FoundationEssentials
import Glibc
import Policy
import SSHClient
import ServiceClient
import Testing

@testable import Gateway

/// Machines, their streams and people's processes over real sockets and pipes, in one process; the service is in memory.
@Suite final class AttachmentSessionTests {
    private let scratch = try! Scratch()
    private let loop = EventLoop()
    private let machines = MemoryAttachments()

    private var folder: String { scratch.folder.path + "/attached" }

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        try scratch.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "identity")
        machines.attachment = .success(Self.attachment)
    }

    private static var attachment: BuildAPI.Attachment {
        BuildAPI.Attachment(
            id: "a1", job: AttachmentMachineTests.job(), lease: 60, reconnect: 300,
            secret: AttachmentMessageTests.secret)
    }

    private func session(_ command: String? = nil) -> TestSession {
        let test = TestSession(on: loop, command: command) { [self] configuration in
            configuration.gateway.attached = folder
            configuration.builder.identity = scratch.folder.path + "/identity"
            configuration.gateway.attachBundles = scratch.folder.path
        }
        test.service.machines = machines
        test.service.keys[TestSession.key.fingerprint] = Key(
            fingerprint: TestSession.key.fingerprint, type: "", key: "", comment: "", owner: Fixture.alice,
            suspended: false)
        return test
    }

    /// A machine that has been attached, and what its script was told.
    private final class Machine {
        let test: TestSession
        let session: AttachmentSession
        private(set) var told = ""

        init(_ test: TestSession, _ session: AttachmentSession) {
            self.test = test
            self.session = session
        }

        func listen() -> String {
            told += test.said.output
            return told
        }

        /// The id of the last `open`.
        var stream: String? {
            listen().split(separator: "\n").last { $0.hasPrefix("open ") }.map { String($0.dropFirst(5)) }
        }
    }

    /// - Parameter user: of a build service that works in the machine itself.
    private func attach(serviceUser user: UInt32? = nil) throws -> Machine {
        if let user {
            var attachment = Self.attachment
            attachment.serviceUser = user
            machines.attachment = .success(attachment)
        }
        let test = session()
        let session = try AttachmentSession(for: try Fixture.known(Fixture.alice), machines, in: test.context)
        session.start()
        _ = test.type("user build\nhost-key \(TestSession.key.line)\nstate failed 2\ndone\n")
        let machine = Machine(test, session)
        loop.wait("ready") { machine.listen().contains("\nready\n") }
        return machine
    }

    /// `attach-stream`, as the script starts it.
    private func stream(_ id: String) throws -> (test: TestSession, handover: StreamHandover) {
        let test = session()
        let id = try #require(StreamID(id))
        return (test, try StreamHandover.begin(id.socketName(for: test.context.key), in: test.context))
    }

    private var endpoint: String { String(machines.machines[0].endpoint.dropFirst("unix:".count)) }

    @Test func theFolderAndItsSocketsAreTheAccountsAlone() throws {
        let machine = try attach()
        let listing = try scratch.run("sh", "-c", "stat -c '%a %F' attached attached/*").output.split(
            separator: "\n")
        // Its own socket, the log's, and the one of the spare stream.
        #expect(listing.count == 4 && listing[0] == "700 directory")
        #expect(listing.dropFirst().allSatisfy { $0 == "600 socket" })
        #expect(
            machine.listen().hasPrefix(
                "sallyport 1\njob 42\nsecret \(AttachmentMessageTests.secret)\nkey ssh-ed25519 "))
        _ = machine.test.type("bye\n")
        loop.wait("bye") { self.machines.requests.last == "leave bye" }
        #expect(try scratch.run("sh", "-c", "ls attached").output.isEmpty)
    }

    /// It needs to know the name of the one socket, and reaches no other.
    @Test func aServiceThatWorksInTheMachineIsLetIn() throws {
        let user = geteuid() + 4711
        let machine = try attach(serviceUser: user)
        func rights(_ path: String, _ purpose: AccessList.Purpose) -> (mode: mode_t, isListed: Bool) {
            var status = stat()
            var list = [UInt8](repeating: 0, count: 256)
            let count = getxattr(path, "system.posix_acl_access", &list, list.count)
            let isListed = count > 0 && list.prefix(count).elementsEqual(AccessList.list(for: user, purpose))
            return (stat(path, &status) == 0 ? status.st_mode & 0o777 : 0, isListed)
        }
        let (door, whole) = (rights(endpoint, .connect), rights(folder, .enter))
        // With a list, the group's bits are the mask; without lists, the socket's process decides.
        #expect(door == (0o660, true) || door == (0o666, false))
        #expect(whole == (0o710, true) || whole == (0o711, false))
        let others = try scratch.run("sh", "-c", "stat -c '%a %F' attached/* | sort | uniq -c").output
        #expect(others.contains("2 600 socket"), "\(others)")
        // The next machine's process takes the folder as it is.
        _ = try AttachmentFolder(folder)
        _ = machine
    }

    @Test func whatDeadProcessesLeaveIsRemovedAndWhatLivesStays() throws {
        let machine = try attach()
        // A socket whose process has gone, old and new; a file of someone else's.
        try scratch.run(
            "python3", "-c",
            """
            import socket, os
            for name in ["old", "new"]:
                s = socket.socket(socket.AF_UNIX); s.bind("attached/" + name); s.listen(); s.close()
            open("attached/file", "w")
            for name in os.listdir("attached"):
                if name != "new": os.utime("attached/" + name, (0, 0))
            """)
        _ = try AttachmentFolder(folder)
        let left = Set(
            try scratch.run("sh", "-c", "ls attached").output.split(separator: "\n").map(String.init))
        #expect(!left.contains("old") && left.contains("new") && left.contains("file") && left.count == 5)
        _ = machine
    }

    @Test func aFolderOfSomeoneElsesIsRefused() throws {
        try scratch.run("mkdir", "-m", "755", "attached")
        #expect(throws: AttachmentFolder.Failure.self) { try AttachmentFolder(self.folder) }
        try scratch.run("rmdir", "attached")
        try scratch.run("ln", "-s", "/tmp", "attached")
        #expect(throws: AttachmentFolder.Failure.self) { try AttachmentFolder(self.folder) }
    }

    @Test func bytesGoBothWaysAndBothEndsEnd() throws {
        let machine = try attach()
        let person = session()
        var events: [String] = []
        let connection = AttachedConnection(
            at: endpoint, greeting: person.context.greeting(.proxy(TestSession.key)).line, on: loop
        ) { events.append("\($0)") }
        connection.start()
        loop.wait("the key") {
            machine.listen().contains("key \(TestSession.key.line) sallyport\n")
                && machine.listen().contains("ready")
        }
        loop.wait("the second key") { machine.listen().components(separatedBy: "\nkey ").count == 3 }
        _ = machine.test.type("keyed 2\n")
        loop.wait("open") { machine.stream != nil }
        let (far, handover) = try stream(try #require(machine.stream))
        loop.wait("the stream") { events == ["connected"] }
        connection.carry(
            from: person.context.client.input, to: person.context.client.outputDescriptor,
            counting: person.context.client.carried)
        _ = far.type("from the machine")
        _ = person.type("from the person")
        var (here, there) = ("", "")
        loop.wait("bytes") {
            here += person.said.output
            there += far.said.output
            return here == "from the machine" && there == "from the person"
        }
        // Half of it ends: the other half goes on.
        person.endInput()
        _ = far.type("!")
        loop.wait("more") {
            here += person.said.output
            return here == "from the machine!"
        }
        far.endInput()
        loop.wait("the end") { events.count == 2 }
        #expect(events.last == "ended")
        connection.close()
        var status: ExitStatus?
        loop.wait("unkey") { machine.listen().contains("unkey \(TestSession.key.base64)") }
        status = far.context.client.run()
        #expect(status == .success)
        withExtendedLifetime((handover, machine)) {}
    }

    @Test func whoeverComesFindsAStreamThatIsOpen() throws {
        let machine = try attach()
        let spare = try #require(machine.stream)
        let (far, handover) = try stream(spare)
        // Its sshd speaks first, before anybody is there.
        _ = far.type("SSH-2.0-x")
        let person = session()
        var events: [String] = []
        let connection = AttachedConnection(
            at: endpoint, greeting: person.context.greeting(.program).line, on: loop
        ) { events.append("\($0)") }
        connection.start()
        loop.wait("the stream") { events == ["connected"] }
        #expect(machine.stream == spare)
        connection.carry(
            from: person.context.client.input, to: person.context.client.outputDescriptor,
            counting: person.context.client.carried)
        var here = ""
        loop.wait("its first bytes") {
            here += person.said.output
            return here == "SSH-2.0-x"
        }
        // The next one is opened when they leave.
        connection.close()
        loop.wait("another") { machine.stream != spare }
        withExtendedLifetime((far, handover, machine)) {}
    }

    /// A machine of nobody: its socket is there, and somebody has adopted it before this gateway knows.
    @Test func whoHasAdoptedAMachineIsLetInAtOnce() throws {
        let pairings = MemoryPairings()
        let pairing = Pairing(
            id: "a1", code: "K7M-2QX", expires: .now.addingTimeInterval(300), lease: 60)
        pairings.pairing = .success(pairing)
        let test = session()
        test.service.waiting = pairings
        let denial = Refusal.denied(.unknownKey(fingerprint: TestSession.key.fingerprint))
        let session = try AttachmentSession(for: nil, stranger: denial, machines, in: test.context)
        session.start()
        _ = test.type("user build\nhost-key \(TestSession.key.line)\nstate failed 2\npair\ndone\n")
        let machine = Machine(test, session)
        loop.wait("the code") { machine.listen().contains("adopt K7M-2QX\n") }
        #expect(!machine.listen().contains("job 42") && !machine.listen().contains("\nkey "))
        var owned = pairing
        (owned.code, owned.attachment) = (nil, Self.attachment)
        pairings.renewed = .success(owned)
        let person = self.session()
        var events: [String] = []
        let endpoint = String(pairings.machines[0].endpoint.dropFirst("unix:".count))
        let connection = AttachedConnection(
            at: endpoint, greeting: person.context.greeting(.program).line, on: loop
        ) { events.append("\($0)") }
        connection.start()
        loop.wait("open") { machine.stream != nil }
        #expect(machine.listen().contains("alice has adopted this machine.\n"))
        let (far, handover) = try stream(try #require(machine.stream))
        loop.wait("the stream") { events == ["connected"] }
        _ = test.type("bye\n")
        loop.wait("bye") { self.machines.requests.last == "leave bye" }
        #expect(pairings.requests == ["pair", "renew"] && machines.requests.first != "attach")
        #expect(!test.records.contains { $0.contains("K7M") || $0.contains("2QX") }, "\(test.records)")
        withExtendedLifetime((far, handover, machine, connection)) {}
    }

    @Test func aStrangerWhoDoesNotPairReadsWhy() throws {
        let test = session()
        test.service.waiting = MemoryPairings()
        let denial = Refusal.denied(.unknownKey(fingerprint: TestSession.key.fingerprint))
        let session = try AttachmentSession(for: nil, stranger: denial, machines, in: test.context)
        session.start()
        _ = test.type("user build\nhost-key \(TestSession.key.line)\nstate failed 2\ndone\n")
        #expect(test.context.client.run() == .notPermitted)
        let (output, errors) = test.said
        #expect(output.contains("\nrefuse Your key SHA256:") && errors.contains("is unknown here."))
        // Nor are there streams for them.
        let other = self.session()
        let id = try #require(StreamID.random())
        let handover = try StreamHandover.begin(
            id.socketName(for: TestSession.key), stranger: denial, in: other.context)
        #expect(other.context.client.run() == .notPermitted && other.said.errors.contains("is unknown here."))
        withExtendedLifetime((session, handover)) {}
    }

    @Test func anIdIsGoodOnceAndOnlyForItsKey() throws {
        let machine = try attach()
        let person = session()
        let connection = AttachedConnection(
            at: endpoint, greeting: person.context.greeting(.program).line, on: loop
        ) { _ in }
        connection.start()
        loop.wait("open") { machine.stream != nil }
        let id = try #require(machine.stream.flatMap { StreamID($0) })
        // Another person's key.
        let other = try PublicKey.parse(line: AttachmentGreetingTests.key(9)).key
        #expect(id.socketName(for: other) != id.socketName(for: TestSession.key))
        for name in [id.socketName(for: other), StreamID.random()!.socketName(for: TestSession.key)] {
            let test = session()
            let stranger = try StreamHandover.begin(name, in: test.context)
            #expect(
                test.context.client.run() == .tryAgain
                    && test.said.errors.contains("Nobody expects this stream"))
            withExtendedLifetime(stranger) {}
        }
        let first = try stream(id.description)
        loop.wait("it is taken") {
            (try? self.scratch.run("sh", "-c", "ls attached").output.split(separator: "\n").count) == 2
        }
        let (second, handover) = try stream(id.description)
        #expect(second.context.client.run() == .tryAgain)
        withExtendedLifetime((first, handover, machine, connection)) {}
    }

    @Test func whenTheMachinesEndDiesTheStreamIsLost() throws {
        let machine = try attach()
        let person = session()
        var events: [String] = []
        let connection = AttachedConnection(
            at: endpoint, greeting: person.context.greeting(.program).line, on: loop
        ) { event in
            if case .failed(let error) = event {
                events.append("\(error.code)")
            } else {
                events.append("\(event)")
            }
        }
        connection.start()
        loop.wait("open") { machine.stream != nil }
        var far: (TestSession, StreamHandover)? = try stream(try #require(machine.stream))
        loop.wait("the stream") { events == ["connected"] }
        connection.carry(
            from: person.context.client.input, to: person.context.client.outputDescriptor,
            counting: person.context.client.carried)
        withExtendedLifetime(far) {}
        far = nil
        loop.wait("lost") { events.last == "lost" }
        withExtendedLifetime(machine) {}
    }

    @Test func whenTheMachineIsGoneNobodyIsLetIn() throws {
        var machine: Machine? = try attach()
        let path = endpoint
        _ = machine?.test.endInput()
        loop.wait("lost") { self.machines.requests.last == "leave lost" }
        machine = nil
        var code: SSHClientError.Code?
        let connection = AttachedConnection(at: path, greeting: "session a program\n", on: loop) { event in
            if case .failed(let error) = event { code = error.code }
        }
        connection.start()
        loop.wait("refused") { code != nil }
        #expect(code == .unreachable)
    }

    @Test func whoSaysNothingUsefulIsSentAway() throws {
        let machine = try attach()
        let spare = machine.stream
        for text in ["hello\n", "session a proxy x\n", String(repeating: "x", count: 40_000)] {
            let descriptor = try #require(Self.connect(to: endpoint))
            let bytes = Array(text.utf8)
            // The other side can close while it is being written.
            _ = send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
            var byte: UInt8 = 0
            loop.wait("the end") {
                let count = recv(descriptor, &byte, 1, CInt(MSG_DONTWAIT))
                return count == 0 || count < 0 && errno == ECONNRESET
            }
            close(descriptor)
        }
        #expect(spare != nil && machine.stream == spare)
    }

    private static func connect(to path: String) -> CInt? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? descriptor : nil
    }

    @Test func theLogIsHandedOn() throws {
        let machine = try attach()
        let test = session()
        let handover = try StreamHandover.begin(
            AttachedJob.logSocket(of: Fixture.identifier, for: test.context), in: test.context)
        _ = test.type("compiling\n")
        loop.wait("the first line") { String(decoding: self.machines.log, as: UTF8.self) == "compiling\n" }
        _ = test.type("failed\n")
        test.endInput()
        #expect(test.context.client.run() == .success)
        #expect(String(decoding: machines.log, as: UTF8.self) == "compiling\nfailed\n")
        withExtendedLifetime((handover, machine)) {}
    }

    @Test func aRefusedMachineReadsWhy() throws {
        machines.attachment = .failure(
            ServiceError(
                .notPermitted, problem: Problem(title: "", status: 403, detail: "This key has expired."),
                detail: ""))
        let test = session()
        let session = try AttachmentSession(for: try Fixture.known(Fixture.alice), machines, in: test.context)
        session.start()
        _ = test.type("user build\nhost-key \(TestSession.key.line)\nstate failed\ndone\n")
        #expect(test.context.client.run() == .notPermitted)
        #expect(test.said.output == "sallyport 1\nrefuse This key has expired.\n")
    }

    // MARK: The verbs

    private func run(_ command: String, offers: Bool = true) -> (
        status: ExitStatus, output: String, errors: String
    ) {
        let test = session(command)
        if !offers { test.service.machines = nil }
        var running: (any RunningCommand)?
        let authorization = Authorization(in: test.context) { command in
            do throws(Refusal) { running = try command.start(in: test.context) } catch {
                test.context.refuse(error)
            }
        }
        authorization.start()
        let status = withExtendedLifetime(authorization) { test.context.client.run() }
        withExtendedLifetime(running) {}
        let said = test.said
        return (status, said.output, said.errors)
    }

    @Test func aNewerScriptIsToldSoInItsOwnWords() {
        let outcome = run("attach 2")
        #expect(
            outcome.status == .noBuilder && outcome.output.hasPrefix("refuse This gateway is older than "))
        #expect(outcome.output.hasSuffix(" attach-bundle\n"))
    }

    @Test func aServiceWithoutAttachmentsIsSaidToHaveNone() {
        let outcome = run("attach 1", offers: false)
        #expect(outcome.output.hasPrefix("refuse The build service here does not offer “attach”."))
        #expect(outcome.status == .noBuilder)
    }

    @Test(arguments: ["attach x", "attach 0", "attach 1 2", "attach-stream", "attach-stream x", "attach-log"])
    func whatNobodyTypesIsRefused(command: String) {
        #expect(run(command).status == .usage)
    }

    @Test func theBundleIsHandedOutWhole() throws {
        try scratch.run("sh", "-c", "head -c 3000 /dev/urandom | base64 -w 0 >sallyport-attach-amd64.tar.gz")
        let bytes = try scratch.read("sallyport-attach-amd64.tar.gz")
        for command in ["attach-bundle", "attach-bundle amd64"] {
            let outcome = run(command)
            #expect(outcome.status == .success && outcome.output == bytes && bytes.count == 4000)
        }
        let missing = run("attach-bundle arm64")
        #expect(missing.status == .noBuilder && missing.output.isEmpty)
        #expect(missing.errors.contains("This gateway has no archive of sallyport-attach for arm64."))
        #expect(run("attach-bundle riscv").status == .usage)
    }
}
