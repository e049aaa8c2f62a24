import ArgumentParser
import Glibc
import Runner
import TestBed

/// What one person notices of many others. It runs inside the test bed as root, where the runner's socket, database and memory
/// are; `Run` starts it.
struct Scale: AsyncParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)

    enum Benchmark: String, CaseIterable, ExpressibleByArgument, Sendable {
        case list = "scale-list"
        case heartbeats = "scale-heartbeats"
        case noisy = "scale-noisy"
        case tails = "scale-tails"

        /// How many builders it needs at once. Where it needs none, jobs wait.
        var builders: Int {
            switch self {
            case .list, .noisy: 0
            case .heartbeats: ScaleHeartbeats.builders
            case .tails: 1
            }
        }
    }

    /// Where things are in the test bed.
    struct Place: ParsableArguments {
        @Option var folder: String
        @Option var socket: String
        @Option var state: String
        @Option var client: String
    }

    @Argument var benchmark: Benchmark
    @OptionGroup var place: Place

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        Surroundings.raiseDescriptorLimit()
        let report = Report(only: [])
        switch benchmark {
        case .list: try await ScaleList.measure(place, report)
        case .heartbeats: try await ScaleHeartbeats.measure(place, report)
        case .noisy: try await ScaleNoisy.measure(place, report)
        case .tails: try await ScaleTails.measure(place, report)
        }
    }

    /// Runs one in a test bed of its own, and reports its figures.
    static func measure(
        _ benchmark: Benchmark, in settings: TestBedSettings, _ report: Report
    ) async throws {
        var settings = settings
        settings.gateways = [.builds]
        settings.slots = benchmark.builders
        let program = "\(settings.programs)/sallyport-bench"
        try await TestBed.with(settings) { testBed in
            try await testBed.measureInside(
                [
                    program, "scale", benchmark.rawValue, "--folder", testBed.folder, "--socket",
                    testBed.serviceSocket, "--state", testBed.state, "--client", testBed.client,
                ], report)
        }
    }
}

extension Report {
    /// The 99th percentile of what somebody waits, beside others and alone. In milliseconds.
    func add(_ alone: [Double], _ beside: [Double], as name: String) {
        let baseline = ("\(name)-alone", alone.percentile(0.99))
        add(Figure(name: baseline.0, value: baseline.1, unit: "ms"))
        add(Figure(name: name, value: beside.percentile(0.99), unit: "ms", baseline: baseline))
    }
}
