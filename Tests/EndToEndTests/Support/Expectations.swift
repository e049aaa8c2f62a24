import Testing
import World

/// Records a failure, with everything that is needed to understand it, unless the command ended as expected.
///
/// - Parameters:
///   - output: what standard output must hold.
///   - errors: what standard error must hold; letters' case does not matter there.
func expect(
    _ finished: Finished, status: Int32, output: [String] = [], errors: [String] = [], in world: World,
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
    let logs = await world.logTails(lines: 25)
    Issue.record("\(complaints.joined(separator: "; "))\n\(finished)\n\(logs)", sourceLocation: place)
}

/// Records a failure unless all forced commands on the gateway have ended within ten seconds.
func expectNobodyOnTheGateway(in world: World, at place: SourceLocation = #_sourceLocation) async throws {
    let waiting = try await world.run(
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
    Issue.record("somebody is still there\n\(waiting)\n\(await world.logTails())", sourceLocation: place)
}
