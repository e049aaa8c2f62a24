import ArgumentParser
import ConfigurationFile
import GatewayMetrics
import Glibc
import Presentation

/// `metrics`: how this gateway is, for Prometheus.
struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Print metrics of this gateway for Prometheus.",
        discussion: """
            In Prometheus' text format: for the textfile collector of node_exporter, from a timer. Needs root. The runner has \
            metrics of its own (runner.metrics in the configuration file).
            """)

    @Option(help: "The configuration file.") var config = Configuration.defaultPath
    @Option(
        help: ArgumentHelp(
            "Replace this file, completely or not at all, instead of printing.", valueName: "file"))
    var output: String?

    func run() {
        reporting { () throws(Failure) in
            guard getuid() == 0 else {
                throw Failure(.noPermission, "This needs root: sudo sallyport metrics.")
            }
            let file = Input.absolute(config)
            let configuration: Result<Configuration, ConfigurationError>
            do throws(ConfigurationError) {
                // As a login reads it.
                configuration = .success(try ConfigurationFile.read(file, ownerMustBeRoot: true))
            } catch {
                configuration = .failure(error)
            }
            try write(GatewaySurvey(of: try? configuration.get(), file: file).text())
            // Whoever is alerted by the metrics has heard of it, too.
            if case .failure(let error) = configuration { throw Failure(.configuration, error.description) }
        }
    }

    private func write(_ text: String) throws(Failure) {
        guard let output else { return print(text, terminator: "") }
        do throws(SmallFile.NotReplaced) {
            // The collector runs as another user.
            try SmallFile.replace(Input.absolute(output), with: text, mode: 0o644)
        } catch {
            let cause = String(cString: strerror(error.code))
            throw Failure(
                .noPermission, "\(HostileText.printable(error.path)) cannot be written: \(cause).")
        }
    }
}
