import TestBed
import Testing

/// A build service that cannot be reached: every client names the socket and what is in the way, to administrators only.
@Suite struct UnreachableTests {
    private struct Fault {
        let url: String
        /// What the administrator reads.
        let cause: String
    }

    /// They run as users who are not root, as they do for logins; the log is a file, as where there is no syslog daemon.
    @Test func everyClientNamesTheSocketAndWhatIsInTheWay() async throws {
        let testBed = try await SharedTestBed.get()
        let folder = "\(testBed.folder)/unreachable"
        try await prepare(folder, testBed)
        let faults = [
            Fault(
                url: "unix:\(folder)/none/s",
                cause: "\(folder)/none/s: No such file or directory (there is no \(folder)/none)"),
            Fault(
                url: "unix:\(folder)/dead",
                cause: "\(folder)/dead: Connection refused (no program listens on it)"),
            Fault(url: "unix:\(folder)/log", cause: "\(folder)/log: Connection refused (it is not a socket)"),
            Fault(url: "unix:\(folder)/private", cause: "\(folder)/private: Permission denied (uid "),
            Fault(url: "unix:\(folder)/shut/s", cause: " cannot enter \(folder)/shut)"),
            Fault(url: "http://127.0.0.1:1", cause: "127.0.0.1 port 1 after "),
        ]
        for fault in faults {
            try await expectToBeNamed(fault, folder, testBed)
        }
    }

    private func prepare(_ folder: String, _ testBed: TestBed) async throws {
        let prepared = try await testBed.run([
            "/bin/sh", "-ec",
            """
            mkdir -p \(folder)/shut && cd \(folder)
            for program in sallyport sallyport-shell sallyport-lookup; do
                cp \(Repository.programs)/$program .
            done
            for socket in dead private shut/s; do
                perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die $!' $socket
            done
            chmod 666 dead shut/s && chmod 600 private && chmod 700 shut
            install -m 600 -o builds /dev/null authentication
            awk '{ print "publickey", $1, $2 }' \(testBed.client)/alice.pub >authentication
            install -m 660 -o builds -g "$(id -g sallyport-keys)" /dev/null log
            """,
        ])
        await expect(prepared, status: 0, in: testBed)
    }

    /// The operator's tool says it; the log of the other two does. The person reads no path.
    private func expectToBeNamed(_ fault: Fault, _ folder: String, _ testBed: TestBed) async throws {
        func run(_ user: String, _ command: String) async throws -> Finished {
            try await testBed.run([
                "/bin/sh", "-ec",
                """
                cd \(folder) && read -r type key rest <\(testBed.client)/alice.pub
                exec setpriv --reuid \(user) --regid "$(id -g \(user))" --clear-groups --no-new-privs \(command)
                """,
            ])
        }
        let configured = try await testBed.run(
            ["tee", "\(folder)/sallyport.toml"],
            input: """
                [service]
                url = "\(fault.url)"
                [gateway]
                key_cache = "\(folder)/none"
                log_file = "\(folder)/log"

                """)
        await expect(configured, status: 0, in: testBed)
        let options = "--config \(folder)/sallyport.toml"

        let listed = try await run("builds", "./sallyport keys list \(options)")
        await expect(
            listed, status: 69, errors: ["The build service cannot be reached. (", fault.cause], in: testBed)
        let examined = try await run("builds", "./sallyport conformance \(fault.url) --owner alice")
        await expect(
            examined, status: 69, errors: ["The build service cannot be reached: ", fault.cause], in: testBed)

        let entered = try await run(
            "builds",
            "env SSH_USER_AUTH=authentication \(folder)/sallyport-shell \(options) --key $type $key")
        await expect(entered, status: 75, errors: ["The build service cannot be reached."], in: testBed)
        #expect(!entered.errorText.contains(fault.cause), "\(entered)")
        let deadline = "$(($(cut -d . -f 1 /proc/uptime) + 5))000000000"
        let lookedUp = try await run(
            "sallyport-keys",
            "./sallyport-lookup authorize-key --deadline \(deadline) --shell \(folder)/sallyport-shell \(options) "
                + "builds / $type $key")
        await expect(lookedUp, status: 0, in: testBed)
        #expect(lookedUp.text == "")

        let log = try await testBed.run(["/bin/sh", "-c", "cat \(folder)/log && : >\(folder)/log"])
        let records = log.text.split(separator: "\n").filter { $0.contains(fault.cause) }
        let time = #/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ sallyport-shell\[\d+\]: session=\w{10} /#
        #expect(records.count == 2 && records.allSatisfy { $0.firstMatch(of: time) != nil }, "\(log)")
        #expect(records.first?.contains("refused status=75") == true, "\(log)")
        #expect(records.last?.contains("no line: key SHA256:") == true, "\(log)")
    }
}
