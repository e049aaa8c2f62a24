import TestBed
import Testing

/// Records a failure, with everything that is needed to understand it, unless the command ended as expected.
///
/// - Parameters:
///   - output: what standard output must hold.
///   - errors: what standard error must hold; letters' case does not matter there.
func expect(
    _ finished: Finished, status: Int32, output: [String] = [], errors: [String] = [], in testBed: TestBed,
    at place: SourceLocation = #_sourceLocation
) async {
    var complaints: [String] = []
    if finished.late { complaints.append("was killed at its deadline") }
    if finished.status != status { complaints.append("status \(finished.status) instead of \(status)") }
    for text in output where !finished.text.contains(text) { complaints.append("stdout lacks ‘\(text)’") }
    for text in errors where !finished.errorText.lowercased().contains(text.lowercased()) {
        complaints.append("stderr lacks ‘\(text)’")
    }
    guard !complaints.isEmpty else { return }
    let logs = await testBed.logTails(lines: 25)
    Issue.record("\(complaints.joined(separator: "; "))\n\(finished)\n\(logs)", sourceLocation: place)
}

/// Records a failure unless the bytes are those. (`#expect` would show megabytes of them.)
func expectSame(_ bytes: [UInt8], as expected: [UInt8], at place: SourceLocation = #_sourceLocation) {
    guard bytes != expected else { return }
    let same = zip(bytes, expected).prefix { $0 == $1 }.count
    Issue.record(
        "\(bytes.count) bytes instead of \(expected.count), and only the first \(same) of them the same",
        sourceLocation: place)
}

/// Records a failure unless the text holds all that, in this order.
func expectInOrder(
    _ text: String, _ expected: [String], at place: SourceLocation = #_sourceLocation
) {
    var rest = text[...]
    for part in expected {
        guard let range = rest.firstRange(of: part) else {
            Issue.record("‘\(part)’ is not there, or not in its place:\n\(text)", sourceLocation: place)
            return
        }
        rest = rest[range.upperBound...]
    }
}

/// Records a failure unless all forced commands on the gateway have ended within ten seconds.
func expectNobodyOnTheGateway(in testBed: TestBed, at place: SourceLocation = #_sourceLocation) async throws {
    let waiting = try await testBed.run(
        [
            "/bin/sh", "-c",
            """
            end=$(($(date +%s) + 10))
            while pgrep -f '^/usr/local/libexec/sallyport/sallyport-shell' >/dev/null; do
                [ "$(date +%s)" -lt "$end" ] || { ps -ef; exit 1; }
                sleep 0.05
            done
            """,
        ])
    guard waiting.status != 0 else { return }
    Issue.record("someone is still there\n\(waiting)\n\(await testBed.logTails())", sourceLocation: place)
}

/// Records a failure unless the job has no session within ten seconds: a lease of three seconds has run out by then.
func expectNoSession(
    of job: String, in testBed: TestBed, at place: SourceLocation = #_sourceLocation
) async throws {
    try await expectSessions(of: job, in: testBed, "nobody", at: place) { $0.isEmpty }
}

/// Records a failure unless the job has a session within ten seconds.
func expectSession(
    of job: String, in testBed: TestBed, at place: SourceLocation = #_sourceLocation
) async throws {
    try await expectSessions(of: job, in: testBed, "someone", at: place) { !$0.isEmpty }
}

/// Records a failure unless the task's status becomes that within a minute.
func expectTask(
    _ name: String, of job: String, toBe status: String, in testBed: TestBed,
    at place: SourceLocation = #_sourceLocation
) async throws {
    let start = ContinuousClock.now
    while start.duration(to: .now) < .seconds(60) {
        let task = try await Operator(testBed: testBed).job(job).tasks.first { $0.name == name }
        if task?.status == status { return }
        try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record(
        "task \(name) of job \(job) is not \(status)\n\(await testBed.logTails())", sourceLocation: place)
}

/// Records a failure unless the job's builder is gone within ten seconds, and all that belongs to it.
func expectNoBuilder(
    of job: String, in testBed: TestBed, at place: SourceLocation = #_sourceLocation
) async throws {
    let waiting = try await testBed.run([
        "/bin/sh", "-c",
        """
        end=$(($(date +%s) + 10))
        while pgrep -f '^/usr/bin/qemu-system-.*/machines/\(job)/' || ls -d \(testBed.folder)/machine/state/machines/\(job)
        do
            [ "$(date +%s)" -lt "$end" ] || exit 1
            sleep 0.05
        done 2>/dev/null
        """,
    ])
    await expect(waiting, status: 0, in: testBed, at: place)
    let builder = try await Operator(testBed: testBed).job(job).builder
    #expect(builder == nil, "the service believes in the builder of job \(job)", sourceLocation: place)
}

/// Waits until the SSH server of a job's builder, which was told to restart, listens again.
func expectListening(
    _ job: String, in testBed: TestBed, at place: SourceLocation = #_sourceLocation
) async throws {
    let scan = "ssh-keyscan -t ed25519 -p \(BuilderNetwork.port) 127.0.0.1"
    let listening = try await testBed.run(
        BuilderNetwork(of: job, in: testBed).words(["sh", "-c", "until \(scan) | grep .; do sleep 0.1; done"])
    )
    await expect(listening, status: 0, in: testBed, at: place)
}

private func expectSessions(
    of job: String, in testBed: TestBed, _ who: String, at place: SourceLocation,
    _ condition: ([Operator.Job.Session]) -> Bool
) async throws {
    let start = ContinuousClock.now
    var sessions: [Operator.Job.Session] = []
    repeat {
        sessions = try await Operator(testBed: testBed).job(job).sessions
        if condition(sessions) { return }
        try await Task.sleep(for: .milliseconds(100))
    } while start.duration(to: .now) < .seconds(10)
    Issue.record(
        "expected \(who) inside, not \(sessions)\n\(await testBed.logTails())", sourceLocation: place)
}
