import EventLoop
import Glibc
import Testing

@testable import SSHClient

/// Programs on a builder whose server is OpenSSH's.
@Suite(.enabled(if: Sshd.canBeUsed, "needs OpenSSH's sshd, and a login shell"))
struct OpenSSHTests {
    private let loop = EventLoop()
    private let sshd: Sshd

    init() throws {
        signal(SIGPIPE, SIG_IGN)
        sshd = try Sshd(on: loop, ["RekeyLimit 1M"])
    }

    private func run(_ client: Client) throws {
        client.connect(to: try sshd.address(), credentials: try sshd.credentials())
        client.finish()
    }

    @Test func aCommandsStreamsAreItsOwn() throws {
        let client = Client("echo out; echo err >&2; exit 7", on: loop)
        try run(client)
        #expect(client.events == ["hostKeyVerified", "authenticated", "started", "ended"])
        #expect(client.text == "out\n" && client.errorText == "err\n")
        #expect(client.ending == .exited(status: 7))
    }

    @Test func aCommandThatIsKilledIsKilledByName() throws {
        let client = Client("kill -TERM $$", on: loop)
        try run(client)
        #expect(client.ending == .killed(signal: "TERM"))
    }

    @Test func theEndOfTheInputIsPassedOnAfterItsBytes() throws {
        let client = Client("cat; echo end", on: loop)
        client.type("one\n")
        client.endInput()
        try run(client)
        #expect(client.text == "one\nend\n" && client.ending == .exited(status: 0))
    }

    /// Across several key exchanges: see `RekeyLimit`.
    @Test func megabytesOfAnyBytesArriveAsTheyWereBothWays() throws {
        var random = SystemRandomNumberGenerator()
        let bytes = (0..<(5 << 20) / 8).flatMap { _ in
            withUnsafeBytes(of: random.next()) { Array($0) }
        }
        let client = Client("cat", on: loop)
        client.type(bytes)
        client.endInput()
        try run(client)
        #expect(client.output == bytes && client.ending == .exited(status: 0))
    }

    @Test func whoDoesNotReadStopsTheProgramAndLosesNothing() throws {
        let client = Client("head -c 6000000 /dev/zero; echo done >&2", on: loop)
        client.reads = false
        var wasDone = true
        loop.timer(after: .milliseconds(300)) { [client] in
            wasDone = client.ending != nil
            client.reads = true
        }
        try run(client)
        #expect(!wasDone && client.output.count == 6_000_000 && client.errorText == "done\n")
    }

    /// Each line of the one stream makes libssh open the window for the other one too.
    @Test func aProgramThatUsesBothStreamsIsStoppedToo() throws {
        let client = Client(
            "for i in $(seq 400); do head -c 100000 /dev/zero; echo $i >&2; done", on: loop)
        client.readsOutput = false
        var (wasDone, lines) = (true, 0)
        loop.timer(after: .milliseconds(1500)) { [client] in
            wasDone = client.ending != nil || client.error != nil
            lines = client.errorText.split(separator: "\n").count
            client.readsOutput = true
        }
        try run(client)
        #expect(!wasDone && lines < 200, "at most a few megabytes are on their way: \(lines) lines")
        #expect(client.output.count == 40_000_000 && client.errorText.hasSuffix("\n400\n"))
        #expect(client.ending == .exited(status: 0))
    }

    @Test(.enabled(if: Sshd.givesTerminals, "needs root, or terminals of the group tty"))
    func aTerminalHasItsSizeAndHearsOfNewOnes() throws {
        let terminal = Terminal(type: "vt100", size: TerminalSize(columns: 91, rows: 33))
        let client = Client(
            RemoteProgram(
                terminal: terminal, environment: [],
                command: Array("echo $TERM; stty size; read line; stty size".utf8)), on: loop)
        client.onOutput = { [unowned client] in
            guard client.text.contains("33 91") else { return }
            client.onOutput = {}
            client.connection?.resize(TerminalSize(columns: 120, rows: 50))
            client.type("\n")
        }
        try run(client)
        #expect(client.text.hasPrefix("vt100\r\n33 91\r\n") && client.text.hasSuffix("50 120\r\n"))
    }

    @Test(.enabled(if: Sshd.givesTerminals, "needs root, or terminals of the group tty"))
    func aSizeThatChangesWhileTheProgramIsStartedIsToldOnceItRuns() throws {
        let terminal = Terminal(type: "vt100", size: TerminalSize(columns: 91, rows: 33))
        let client = Client(
            RemoteProgram(
                terminal: terminal, environment: [], command: Array("read line; stty size".utf8)), on: loop)
        client.onEvent = { [unowned client] event in
            switch event {
            case .authenticated: client.connection?.resize(TerminalSize(columns: 120, rows: 50))
            case .started: client.type("\n")
            default: break
            }
        }
        try run(client)
        #expect(client.text.hasSuffix("50 120\r\n"))
    }

    @Test func variablesThatTheBuilderAcceptsAreSetAndOthersDoNoHarm() throws {
        let client = Client(
            RemoteProgram(
                terminal: nil,
                environment: [("SALLYPORT_ONE", "1 2"), ("NOT_ACCEPTED", "x"), ("SALLYPORT_TWO", "3")],
                command: Array("echo $SALLYPORT_ONE,$NOT_ACCEPTED,$SALLYPORT_TWO".utf8)), on: loop)
        try run(client)
        #expect(client.text == "1 2,,3\n")
    }

    @Test func withoutACommandTheLoginShellReadsTheInput() throws {
        let client = Client(RemoteProgram(terminal: nil, environment: [], command: nil), on: loop)
        client.type("echo hello; exit 3\n")
        try run(client)
        #expect(client.text.hasSuffix("hello\n") && client.ending == .exited(status: 3))
    }

    @Test func aServerThatIsKilledInMidStreamIsALostConnection() throws {
        let client = Client("head -c 100000 /dev/zero; kill -KILL $PPID; sleep 1", on: loop)
        try run(client)
        #expect(client.error?.code == .lost && client.ending == nil)
    }

    @Test func aClientThatIsClosedHasNoMoreEventsAndTheServerSeesItsEnd() throws {
        let client = Client("echo ready; cat >/dev/null; : >\(sshd.folder)/seen", on: loop)
        client.onOutput = { [unowned client, loop] in
            client.connection?.close()
            client.connection?.close()
            loop.stop()
        }
        client.connect(to: try sshd.address(), credentials: try sshd.credentials())
        loop.run()
        #expect(client.events == ["hostKeyVerified", "authenticated", "started"])
        let limit = loop.timer(after: .seconds(20)) { [unowned loop, unowned sshd] in
            Issue.record("the server does not notice: \(sshd.log)")
            loop.stop()
        }
        loop.stop(onceThereIs: sshd.folder + "/seen")
        loop.run()
        limit.cancel()
    }
}

extension EventLoop {
    /// Stops it, when it runs and there is such a file.
    fileprivate func stop(onceThereIs path: String) {
        timer(after: .milliseconds(2)) { [unowned self] in
            access(path, F_OK) == 0 ? stop() : stop(onceThereIs: path)
        }
    }
}
