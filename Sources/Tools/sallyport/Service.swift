import ArgumentParser
import BuildAPI
import ConfigurationFile
import EventLoop
import ServiceClient

/// The build service that the configuration names.
struct ServiceOptions: ParsableArguments {
    @Option(help: "The configuration file.") var config = Configuration.defaultPath
    @Flag(help: "Answer in JSON.") var json = false

    /// Sends one request.
    ///
    ///     let jobs = try options.ask { $0.jobs(owner: nil, live: true, shared: false, $1) }
    func ask<Value>(
        _ call: (SallyportService, @escaping (Result<Value, ServiceError>) -> Void) -> Void
    ) throws(Failure) -> Value {
        let configuration: Configuration
        let transport: Transport
        do throws(ConfigurationError) {
            configuration = try ConfigurationFile.read(config)
            transport = try Transport(configuration.service)
        } catch {
            throw Failure(.configuration, error.description)
        }
        guard configuration.service.kind == .sallyport else {
            throw Failure(
                .configuration,
                "This needs a build service that speaks API v1, but \(config) names one of kind "
                    + "\"\(configuration.service.kind.rawValue)\".")
        }
        guard let endpoint = Endpoint(configuration.service.url) else {
            throw Failure(.configuration, "\(config): service.url is invalid")
        }
        let service = SallyportService(endpoint, over: transport, on: EventLoop())
        do throws(ServiceError) {
            return try service.wait { call(service, $0) }
        } catch {
            throw Failure(error)
        }
    }

    /// Prints an answer as JSON, or as `describe` formats it.
    func answer(_ value: some Encodable, describe: () -> String) throws(Failure) {
        guard json else { return print(describe()) }
        try JSONOutput.print(value)
    }
}
