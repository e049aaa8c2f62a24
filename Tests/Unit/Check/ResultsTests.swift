import FoundationEssentials
import Presentation
import Testing

@testable import Check

@Suite struct ResultsTests {
    @Test func whatTheRunnerSaysBecomesResults() {
        let fine = HostInspection(facts: ["builders use KVM", "builders run as nobody"])
        #expect(RunnerCheck.results(of: fine).map(\.state) == [.ok, .ok])
        var warned = fine
        warned.warnings = ["there is no image in /x"]
        let last = RunnerCheck.results(of: warned).last
        #expect(last?.state == .warn && last?.finding == "there is no image in /x")
        var silent = fine
        silent.people = .fails("the source of people does not answer: no directory")
        let people = RunnerCheck.results(of: silent).last
        #expect(people?.check == "runner.people" && people?.state == .fail)
        silent.people = .answers("it answers")
        #expect(RunnerCheck.results(of: silent).allSatisfy { $0.state == .ok })
        let impossible = HostInspection(obstacle: "No builder can start: not installed: ssh.")
        #expect(RunnerCheck.results(of: impossible).map(\.state) == [.fail])
    }

    @Test(arguments: [(10 << 20, .fail), (1 << 30, .warn), (20 << 30, .ok)] as [(Int, CheckResult.State)])
    func howMuchSpaceIsLeft(free: Int, state: CheckResult.State) {
        let result = RunnerCheck.spaceResult("/x", owner: "sallyport", free: free)
        #expect(result.state == state && result.finding.contains("/x"), "\(result)")
    }

    @Test(
        arguments: [
            (nil, .ok, "does not say"), (1_000_010, .ok, "agrees"),
            (1_000_120, .warn, "120 s ahead of this one"),
            (996_400, .warn, "3600 s behind this one"),
        ] as [(Int64?, CheckResult.State, String)])
    func clocksThatDiffer(there: Int64?, state: CheckResult.State, says: String) {
        let result = ServiceCheck.clockResult(there, here: 1_000_000)
        #expect(result.state == state && result.finding.contains(says), "\(result)")
    }

    @Test func oldBundlesAreNamed() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bundles-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let now = Int(Date().timeIntervalSince1970)
        #expect(AttachBundles.result(folder, now: now).finding.contains("no bundles"))
        try Data().write(to: URL(filePath: "\(folder)/sallyport-attach-amd64.tar.gz"))
        #expect(AttachBundles.result(folder, now: now + 89 * 86_400).state == .ok)
        let old = AttachBundles.result(folder, now: now + 92 * 86_400)
        #expect(old.state == .warn && old.finding.contains("sallyport-attach-amd64.tar.gz is 9"), "\(old)")
    }

    @Test func theReportCountsAndDecides() {
        var report = CheckReport(results: [.ok("a", "fine"), .warn("b", "odd", remedy: "mend b")])
        #expect(report.state == .warn)
        #expect(
            report.lines == ["ok    a: fine", "warn  b: odd. To fix it: mend b", "2 checks: 1 ok, 1 warn"])
        report.results.append(.fail("c", "broken\u{1b}[2J", remedy: "mend c"))
        #expect(report.state == .fail && !report.lines.joined().contains("\u{1b}"))
    }

    @Test(
        arguments: [
            ("root:*:1::::::\nbuilds:!*:20000::::::\n", "!*"), ("builds:*:20000::::::\n", "*"),
            ("buildsx:*:1:\n", nil), ("", nil),
        ] as [(String, String?)])
    func passwords(shadow: String, password: String?) {
        #expect(Account.password(of: "builds", inShadow: shadow) == password)
    }
}
