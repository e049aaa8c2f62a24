import Foundation
import GatewayMetrics
import PrometheusMetrics
import TestSupport
import Testing
import Yams

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
            // Each is tried, and explained.
            #expect(tests.contains("alertname: \(name)\n"), "\(name)")
            #expect(page.contains("| `\(name)` |"), "\(name)")
        }
        #expect(names(in: tests).isSubset(of: Self.series))
    }
}
