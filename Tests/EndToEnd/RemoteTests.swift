import TestBed
import Testing

/// A gateway whose build service is on the network.
@Suite struct RemoteTests {
    private static let files = TestBed.networkFiles

    @Test func greetingTailAndConnectWork() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let greeted = try await Command.run(testBed.ssh([], to: .remote))
        await expect(greeted, status: 0, output: ["Hello alice.", job], in: testBed)
        let tail = try await Command.run(testBed.ssh(["tail", job], to: .remote))
        await expect(tail, status: 1, output: ["[check] checked", "task check: exit 3"], in: testBed)
        let inside = try await Command.run(testBed.ssh(["connect", job, "echo inside; exit 5"], to: .remote))
        await expect(inside, status: 5, output: ["inside"], in: testBed)
    }

    /// Not while a session runs, and not afterwards: no log, argument list or environment.
    @Test func theTokenIsSeenNowhere() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let search = """
            cd \(Self.files)
            grep -qaFf token-gateway token-gateway
            for place in "-r \(testBed.folder)/log" /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
                if grep -laFf token-gateway $place 2>/dev/null; then exit 1; fi
            done
            pgrep -cf '^/usr/local/libexec/sallyport/sallyport-shell'
            """
        let inside = try await Command.start(testBed.ssh(["connect", job, "echo inside; cat"], to: .remote)) {
            command in
            try await command.output.wait(for: "inside")
            let searched = try await testBed.run(["/bin/sh", "-euc", search])
            await expect(searched, status: 0, output: ["1"], in: testBed)
            try await command.finishInput()
        }
        await expect(inside, status: 0, in: testBed)
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        let name: String
        /// For sed(1), over the gateway's configuration.
        let changes: [String]
        let status: Int32
        let sentence: String
        /// What the system log says.
        let cause: String

        init(_ name: String, _ changes: [String], _ status: Int32, _ sentence: String, log cause: String) {
            (self.name, self.changes, self.status) = (name, changes, status)
            (self.sentence, self.cause) = (sentence, cause)
        }

        var testDescription: String { name }
    }

    private static let misconfigured = "The gateway is not set up correctly. Please tell the administrator."
    private static let noToken =
        "does not accept the token: it is missing or wrong. Please tell the administrator."
    private static let token = "s,^token_file = .*,token_file = \"\(files)/"

    static let mistakes: [Mistake] = [
        Mistake(
            "another authority", ["s,authority.pem,stranger.pem,"], 78,
            "The build service's certificate is not signed by a trusted authority. Please tell the administrator.",
            log: "unable to get local issuer certificate"),
        Mistake(
            "the system's authorities", ["/^ca_file/d"], 78, "is not signed by a trusted authority.",
            log: "unable to get local issuer certificate"),
        Mistake(
            "another name", ["s,//127.0.0.1,//localhost,"], 78,
            "The build service's certificate is for another name. Please tell the administrator.",
            log: "no alternative certificate subject name matches"),
        Mistake("no token", ["/^token_file/d"], 78, noToken, log: "A token is needed"),
        Mistake("a wrong token", [token + "wrong\","], 78, noToken, log: "This token is unknown"),
        Mistake(
            "a token of another role", [token + "mine\","], 78,
            "The build service refused. Please tell the administrator.",
            log: "This token is not allowed to do that"),
        Mistake(
            "a token that everybody can read", [token + "public\","], 78, misconfigured,
            log: "public: can be read by others: chmod 600"),
        Mistake(
            "a token that the account cannot read", [token + "token-operator\","], 78, misconfigured,
            log: "token-operator: cannot be read: Permission denied"),
        Mistake("no token's file", [token + "absent\","], 78, misconfigured, log: "No such file"),
        Mistake(
            "no token in the file", [token + "two\","], 78, misconfigured,
            log: "expected one line with a token"),
        Mistake(
            "no authorities' file", ["s,authority.pem,absent.pem,"], 78, misconfigured, log: "No such file"),
        Mistake(
            "clear http", ["s,https:,http:,", "/^ca_file/d"], 75,
            "The build service closed the connection without an answer. Try again in a minute.", log: "hungUp"
        ),
        Mistake(
            "no proxy where there should be one", [#"/^url/a proxy = "http://127.0.0.1:1""#], 75,
            "The build service cannot be reached. Try again in a minute.", log: "port 1"),
        Mistake(
            "clear http elsewhere", ["s,https://127.0.0.1,http://192.0.2.1,", "/^ca_file/d"], 78,
            misconfigured,
            log: "service.url: expected"),
    ]

    @Test(arguments: mistakes) func aMistakeIsSaidInOneSentence(mistake: Mistake) async throws {
        let testBed = try await SharedTestBed.get()
        let prepared = try await testBed.run([
            "/bin/sh", "-euc",
            """
            cd \(Self.files)
            [ ! -e public ] || exit 0
            cp token-gateway public
            chmod 644 public
            umask 077
            echo sallyport_00 >wrong
            cp token-keys mine
            cat token-gateway token-gateway >two
            chown builds wrong mine two
            """,
        ])
        await expect(prepared, status: 0, in: testBed)
        try await testBed.withRemote(mistake.changes) {
            try await expectRefused(mistake.status, mistake.sentence, log: mistake.cause, in: testBed)
        }
    }

    @Test func anExpiredCertificateIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        try await withServer("-cert expired.pem -key expired.key", in: testBed) {
            try await expectRefused(
                78, "The build service's certificate has expired, or is not valid yet.",
                log: "certificate has expired", in: testBed)
        }
    }

    @Test func anOldTLSIsRefused() async throws {
        let testBed = try await SharedTestBed.get()
        try await withServer(
            "-cert service.pem -key service.key -tls1_1 -cipher ALL:@SECLEVEL=0", in: testBed
        ) {
            try await expectRefused(
                75, "There is no secure connection to the build service. Try again in a minute.",
                log: "insecure",
                in: testBed)
        }
    }

    /// The proxy learns where to, and nothing else.
    @Test func aProxyIsGoneThrough() async throws {
        let testBed = try await SharedTestBed.get()
        let proxy = try await testBed.run([
            "/bin/bash", "-euc",
            """
            cd \(Self.files)
            setsid perl -MIO::Socket::INET -e '
                $SIG{CHLD} = "IGNORE";
                my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 9) or die;
                $| = 1;
                print "port ", $listener->sockport, "\n";
                while (my $client = $listener->accept) {
                    next if fork;
                    my ($target, $line) = $client->getline =~ /^CONNECT (\\S+)/ or die "no CONNECT";
                    print "to $target\n";
                    print "head $line" while ($line = $client->getline) =~ /\\S/;
                    my $server = IO::Socket::INET->new(PeerAddr => $target) or die;
                    syswrite $client, "HTTP/1.1 200 OK\r\n\r\n";
                    my ($from, $to) = fork ? ($client, $server) : ($server, $client);
                    syswrite $to, $_ while sysread $from, $_, 65536;
                    shutdown $to, 1;
                    exit;
                }' >proxy.log 2>&1 </dev/null &
            echo $! >proxy.pid
            until grep -q '^port' proxy.log && [ -z "$(tail -c 1 proxy.log)" ]; do kill -0 $!; sleep 0.02; done
            sed -n 's/^port //p' proxy.log
            """,
        ])
        await expect(proxy, status: 0, in: testBed)
        let port = proxy.text.filter(\.isNumber)
        try await testBed.withRemote(["/^url/a proxy = \"http://127.0.0.1:\(port)\""]) {
            let greeted = try await Command.run(testBed.ssh([], to: .remote))
            await expect(greeted, status: 0, output: ["Hello alice."], in: testBed)
        }
        let seen = try await testBed.run([
            "/bin/sh", "-c", "cd \(Self.files); kill $(cat proxy.pid); cat proxy.log",
        ])
        let target = "to 127.0.0.1:\(try await testBed.runnerPort())"
        await expect(seen, status: 0, output: [target, "head Host: "], in: testBed)
        #expect(!seen.text.contains("Authorization") && !seen.text.contains("sallyport_"), "\(seen)")
    }

    /// The sentence to the person, the cause to the administrator, and the token to nobody.
    private func expectRefused(
        _ status: Int32, _ sentence: String, log cause: String, in testBed: TestBed,
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        let refused = try await Command.run(testBed.ssh([], to: .remote))
        await expect(refused, status: status, errors: [sentence], in: testBed, at: place)
        #expect(refused.output.isEmpty, "\(refused)", sourceLocation: place)
        let session = refused.errorText.split(separator: "[session ").last?.prefix { $0 != "]" } ?? "?"
        let records = try await testBed.log("syslog").split(separator: "\n").filter { $0.contains(session) }
        #expect(records.contains { $0.contains(cause) }, "\(records)", sourceLocation: place)
        #expect(!records.contains { $0.contains("sallyport_") }, "\(records)", sourceLocation: place)
    }

    /// Lets the gateway ask a server of openssl's.
    private func withServer(
        _ options: String, in testBed: TestBed, _ body: () async throws -> Void
    ) async throws {
        let started = try await testBed.run([
            "/bin/bash", "-euc",
            """
            cd \(Self.files)
            rm -f s_server.log
            setsid openssl s_server -www -accept 127.0.0.1:0 \(options) >s_server.log 2>&1 </dev/null &
            echo $! >s_server.pid
            # The whole line: it ends with its newline.
            until grep -q '^ACCEPT ' s_server.log && [ -z "$(tail -c 1 s_server.log)" ]; do kill -0 $!; sleep 0.02; done
            sed -n 's/^ACCEPT .*://p' s_server.log
            """,
        ])
        await expect(started, status: 0, in: testBed)
        let port = started.text.filter(\.isNumber)
        try await testBed.withRemote(["s,^url = .*,url = \"https://127.0.0.1:\(port)\","], body)
        let ended = try await testBed.run(["/bin/sh", "-c", "kill $(cat \(Self.files)/s_server.pid)"])
        await expect(ended, status: 0, in: testBed)
    }
}
