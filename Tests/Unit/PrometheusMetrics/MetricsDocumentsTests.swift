import BuildAPI
import Foundation
import KeyLookup
import PrometheusMetrics
import TestSupport
import Testing
import Yams

@testable import Gateway
@testable import GatewayMetrics
@testable import Runner

/// docs/metrics.md, the dashboard and the alerts name what there is.
@Suite struct MetricsDocumentsTests {
    private static let metrics = RunnerMetric.all + GatewayMetric.all

    /// With what Prometheus makes of a histogram.
    private static let series = Set(
        metrics.flatMap { metric in
            metric.kind == .histogram
                ? ["_bucket", "_sum", "_count"].map { metric.name + $0 } : [metric.name]
        })

    /// The values of labels that are words of ours, as the code has them.
    private static let values: [String: Set<String>] = {
        func words<Value: RawRepresentable<String>>(_ all: some Collection<Value>) -> Set<String> {
            Set(all.map(\.rawValue))
        }
        let times = words(RunnerMetrics.BuilderResult.allCases)
        let limits = words(Limit.allCases)
        return [
            "sallyport_jobs state": Set(Job.shownStates),
            "sallyport_jobs_ended_total status": words(Job.Status.allCases.filter(\.isFinal)),
            "sallyport_builders state": words(Job.Builder.State.allCases),
            "sallyport_builders_ended_total reason": words([
                Job.BuilderEnd.Reason.released, .deadline, .kept, .logout, .cancelled, .timeout, .success,
                .notKept, .limit, .left, .lost, .fault,
            ]),
            "sallyport_allocations state": ["needed", "releasing"],
            "sallyport_allocation_duration_seconds result": times,
            "sallyport_boot_duration_seconds result": times,
            "sallyport_claims kind": words(Claim.Kind.allCases),
            "sallyport_sessions_started_total kind": words(Claim.Kind.allCases),
            "sallyport_attached_machines state": ["away", "connected"],
            "sallyport_limit limit": limits, "sallyport_limit_highest_use limit": limits,
            "sallyport_limit_reached limit": limits, "sallyport_limit_refusals_total limit": limits,
            // Those that begin with 0, because Prometheus would miss the first of any other; and one that is no fault.
            "sallyport_refusals_total reason": Set((RunnerError.Code.faults + [.forbidden]).map(\.reason)),
            "sallyport_store_duration_seconds operation": ["read", "write"],
            "sallyport_gateway_commands kind": Set(GatewaySurvey.kinds.map(\.0)),
            "sallyport_gateway_logins_total result": Set(LoginResult.allCases.compactMap(\.label)),
            "sallyport_gateway_session_failures_total phase": Set(LoginResult.allCases.compactMap(\.phase)),
            "sallyport_gateway_key_lookups_total result": Set(LookupResult.allCases.map { "\($0)" }),
            "sallyport_gateway_key_usable key": ["builder", "host"],
            "sallyport_gateway_counters_readable file": ["logins", "lookups"],
        ]
    }()

    /// Labels with other values: names in the configuration, versions, and those of HTTP.
    private static let free: Set<String> = ["pool", "version", "method", "route"]

    /// Those that Prometheus adds, and that of a bucket.
    private static let added: Set<String> = ["instance", "job", "le"]

    private static func metric(of series: String) -> Metric? {
        metrics.first { metric in
            metric.name == series || metric.kind == .histogram && series.hasPrefix(metric.name + "_")
        }
    }

    private static func labels(of metric: Metric) -> Set<String> {
        added.union(metric.labels).union(GatewayMetric.all.contains(metric) ? [GatewayMetric.common] : [])
    }

    /// What is wrong with the labels of our series in a text, such as an expression. Rules and legends around it can name only
    /// labels that one of these series has.
    private func faults(in text: String, around: String = "") -> [String] {
        var known: Set<String> = []
        var faults: [String] = []
        for match in text.matches(of: #/(sallyport_[a-z_]+)(?:\{([^}]*)\})?/#) {
            guard let metric = Self.metric(of: String(match.1)) else { return ["\(match.1)"] }
            known.formUnion(Self.labels(of: metric))
            for matcher in (match.2 ?? "").matches(of: #/([a-z_]+)(?:=~|!=|!~|=)"([^"]*)"/#) {
                let label = String(matcher.1)
                if !Self.labels(of: metric).contains(label) { faults.append("\(match.0): \(label)") }
                guard let values = Self.values["\(metric.name) \(label)"] else { continue }
                let named = Set(matcher.2.split(separator: "|").map(String.init))
                if !named.isSubset(of: values) { faults.append("\(match.0): \(named.subtracting(values))") }
            }
        }
        let grouped = text.matches(of: #/(?:by|without|on|ignoring) \(([a-z_, ]*)\)/#).flatMap {
            $0.1.split(separator: ",").map { $0.filter { $0 != " " } }
        }
        let shown = around.matches(of: #/\{\{ ?(?:\$labels\.)?([a-z]+) ?\}\}/#).map { String($0.1) }
        return faults + (grouped + shown).filter { !known.contains($0) }.map { "\(text): \($0)" }
    }

    @Test func theValuesOfEveryLabelAreKnown() {
        let known = Self.metrics.flatMap { metric in
            metric.labels.filter { !Self.free.contains($0) }.map { "\(metric.name) \($0)" }
        }
        // That of an answer, such as 200.
        #expect(Set(known) == Set(Self.values.keys).union(["sallyport_http_requests_total status"]))
    }

    @Test(arguments: [
        #"sallyport_jobs{state="runing"}"#, #"sallyport_jobs{status="kept"}"#,
        "sum by (kind) (sallyport_jobs)",
        #"sallyport_gateway_logins_total{result=~"failed|late"}"#, "sallyport_job",
    ])
    func aFaultIsFound(expression: String) {
        #expect(!faults(in: expression).isEmpty)
        #expect(!faults(in: "sallyport_jobs", around: "{{ $labels.kind }} {{pool}}").isEmpty)
        #expect(
            faults(in: #"sum by (pool) (sallyport_jobs{state=~"kept|running"})"#, around: "{{pool}}") == [])
    }

    /// What is ours in an expression of Prometheus.
    private func names(in expression: String) -> Set<String> {
        Set(expression.matches(of: #/sallyport_[a-z_]+/#).map { String($0.0) })
    }

    @Test func namesFollowTheRulesOfPrometheus() {
        for metric in Self.metrics {
            #expect(metric.name.hasPrefix("sallyport_"))
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(metric.kind != .histogram || metric.name.hasSuffix("_seconds"), "\(metric.name)")
            #expect(metric.help.hasSuffix(".") && !metric.help.contains("\n"), "\(metric.name)")
        }
        #expect(Set(Self.metrics.map(\.name)).count == Self.metrics.count)
    }

    @Test func theTableIsComplete() throws {
        let page = try Project.text(of: "docs/metrics.md")
        var rows: [String] = []
        for row in page.split(separator: "\n") {
            guard
                let cells = row.firstMatch(
                    of: #/^\| `(sallyport_[a-z_]+)` \| ([a-z]+) \| ([^|]*)\| [^|]+ \|/#)
            else { continue }
            let labels = cells.3.matches(of: #/`([a-z]+)`/#).map { String($0.1) }
            rows.append("\(cells.1) \(cells.2) \(labels)")
        }
        #expect(rows.sorted() == Self.metrics.map { "\($0.name) \($0.kind) \($0.labels)" }.sorted())
        for (label, values) in Self.values where !label.hasSuffix(" reason") {
            let name = label.prefix { $0 != " " }
            // What one limit is, it is for all of their metrics.
            guard !name.hasPrefix("sallyport_limit"), !name.hasSuffix("boot_duration_seconds") else {
                continue
            }
            let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(name)` |") } ?? ""
            for value in values { #expect(row.contains("`\(value)`"), "\(label): \(value)") }
        }
        for limit in Limit.allCases { #expect(page.contains("`\(limit.rawValue)`"), "\(limit)") }
        // Also in sentences.
        let named = Set(page.matches(of: #/`(sallyport_[a-z_]+)/#).map { String($0.1) })
        #expect(named.subtracting(Self.metrics.map(\.name)).subtracting(Self.series).isEmpty)
    }

    @Test func theDashboardShowsWhatThereIs() throws {
        let text = try Project.text(of: "docs/metrics/sallyport-dashboard.json")
        let board = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let panels = try #require(board?["panels"] as? [[String: Any]])
        let targets = panels.flatMap { $0["targets"] as? [[String: Any]] ?? [] }
        let expressions = targets.compactMap { $0["expr"] as? String }
        #expect(expressions.count == targets.count && expressions.count > 20)
        for expression in expressions {
            let names = names(in: expression)
            #expect(!names.isEmpty && names.isSubset(of: Self.series), "\(expression)")
        }
        for target in targets {
            let legend = target["legendFormat"] as? String
            #expect(faults(in: target["expr"] as? String ?? "", around: legend ?? "") == [])
        }
        #expect(names(in: text).isSubset(of: Self.series))
    }

    @Test func theAlertsAreAboutWhatThereIs() throws {
        let text = try Project.text(of: "docs/metrics/sallyport-alerts.yml")
        let file = try #require(try Yams.load(yaml: text) as? [String: Any])
        let groups = try #require(file["groups"] as? [[String: Any]])
        let rules = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }
        #expect(rules.count > 8)
        let tests = try Project.text(of: "docs/metrics/sallyport-alerts-test.yml")
        let page = try Project.text(of: "docs/metrics.md")
        for rule in rules {
            let name = try #require(rule["alert"] as? String)
            let names = names(in: try #require(rule["expr"] as? String))
            #expect(!names.isEmpty && names.isSubset(of: Self.series), "\(name): \(names)")
            let annotations = try #require(rule["annotations"] as? [String: String])
            #expect(
                faults(in: rule["expr"] as? String ?? "", around: annotations.values.joined(separator: " "))
                    == [], "\(name)")
            // Each is tried, and explained.
            #expect(tests.contains("alertname: \(name)\n"), "\(name)")
            #expect(page.contains("| `\(name)` |"), "\(name)")
        }
        #expect(names(in: tests).isSubset(of: Self.series))
        for line in tests.split(separator: "\n") where line.contains("{series: ") {
            #expect(faults(in: String(line)) == [])
        }
    }
}
