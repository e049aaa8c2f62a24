import Testing

@testable import PrometheusMetrics

/// What Prometheus reads.
@Suite struct ExpositionTests {
    private static let jobs = Metric("jobs", .gauge, labels: ["pool", "state"], "Jobs \\ by state,\nall.")

    private func text(_ add: (inout Exposition) -> Void) -> String {
        var page = Exposition()
        add(&page)
        return page.text
    }

    @Test func aMetricSaysWhatItMeansAndItsSamplesAreInOrder() {
        let samples = [
            Sample("local", "kept", value: 2), Sample("hpc", "kept", value: 0.25),
            Sample("hpc", "", value: 1),
        ]
        #expect(
            text { $0.add(Self.jobs, samples) } == """
                # HELP jobs Jobs \\\\ by state,\\nall.
                # TYPE jobs gauge
                jobs{pool="hpc",state=""} 1
                jobs{pool="hpc",state="kept"} 0.25
                jobs{pool="local",state="kept"} 2

                """)
    }

    @Test func withoutSamplesThereIsOnlyWhatItMeans() {
        let up = Metric("up", .gauge, "Whether.")
        #expect(text { $0.add(up, nil as Int?) } == "# HELP up Whether.\n# TYPE up gauge\n")
        #expect(text { $0.add(up, 1) }.hasSuffix("\nup 1\n"))
    }

    @Test func whateverALabelHoldsItStaysOneLabel() {
        let metric = Metric("m", .gauge, labels: ["l"], "M.")
        let lines = text { $0.add(metric, [Sample("a\"} 1\nb\\", value: 7)]) }.split(separator: "\n")
        #expect(lines.last == #"m{l="a\"} 1\nb\\"} 7"# && lines.count == 3)
    }

    @Test func eachSampleHasTheCommonLabels() {
        var page = Exposition(common: [("config", "/a.toml")])
        page.add(Self.jobs, [Sample("hpc", "kept", value: 1)])
        page.add(Metric("up", .gauge, "Whether."), 1)
        let lines = page.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == [#"jobs{config="/a.toml",pool="hpc",state="kept"} 1"#, #"up{config="/a.toml"} 1"#])
    }

    @Test(
        arguments: [
            (0, "0"), (-3, "-3"), (1e15, "1000000000000000"), (0.1, "0.1"), (1e-7, "1e-07"),
            (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)])
    func numbersAreThoseOfPrometheus(value: Double, written: String) {
        let metric = Metric("m", .gauge, "M.")
        #expect(text { $0.add(metric, value) }.hasSuffix("\nm \(written)\n"))
    }

    @Test func aCounterBeginsWithWhatIsExpected() {
        let counter = Counter(Metric("c_total", .counter, labels: ["r"], "C."), expecting: [["a"], ["b"]])
        counter.count("b")
        counter.count("b")
        counter.count("c")
        #expect(
            text { $0.add(counter) }.hasSuffix("c_total{r=\"a\"} 0\nc_total{r=\"b\"} 2\nc_total{r=\"c\"} 1\n")
        )
        #expect(Counter(Metric("d_total", .counter, "D.")).samples == [Sample(value: 0)])
    }

    @Test func bucketsHoldAllThatIsNotLonger() {
        let histogram = Histogram(Metric("t_seconds", .histogram, labels: ["p"], "T."), bounds: [0.5, 1])
        for seconds in [-1, 0.5, 0.75, 2, 2] { histogram.observe(seconds, "x") }
        #expect(
            text { $0.add(histogram) } == """
                # HELP t_seconds T.
                # TYPE t_seconds histogram
                t_seconds_bucket{p="x",le="0.5"} 2
                t_seconds_bucket{p="x",le="1"} 3
                t_seconds_bucket{p="x",le="+Inf"} 5
                t_seconds_sum{p="x"} 5.25
                t_seconds_count{p="x"} 5

                """)
    }

    @Test func manyCountAtOnce() async {
        let counter = Counter(Metric("c_total", .counter, labels: ["r"], "C."))
        let histogram = Histogram(Metric("t_seconds", .histogram, "T."), bounds: Histogram.answers)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<250 {
                        counter.count("a")
                        histogram.observe(since: .now)
                    }
                }
            }
        }
        #expect(counter.samples == [Sample("a", value: 2000)])
        #expect(histogram.series.map { $0.counts.reduce(0, +) } == [2000])
    }
}
