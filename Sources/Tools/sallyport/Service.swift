import ArgumentParser
import BuildAPI
import ConfigurationFile
import EventLoop
import ServiceClient

/// Where a command sends requests, and how it answers.
struct ServiceOptions: ParsableArguments {
    @OptionGroup var place: ServicePlace
    @Flag(help: "Answer in JSON.") var json = false

    /// Sends one request.
    ///
    ///     let key = try options.ask { $0.add(NewKey(owner: owner, key: line), $1) }
    func ask<Value>(
        _ call: (SallyportService, @escaping (Result<Value, ServiceError>) -> Void) -> Void
    ) throws(Failure) -> Value {
        let (service, _) = try place.service()
        do throws(ServiceError) {
            return try service.wait { call(service, $0) }
        } catch {
            throw Failure(error)
        }
    }

    /// Asks for a list, one page after the other.
    ///
    /// - Parameter limit: the most elements; nil: all.
    func list<List: PagedList>(
        _ limit: Int?,
        _ call: (SallyportService, PageRequest, @escaping (Result<List, ServiceError>) -> Void) -> Void
    ) throws(Failure) -> List {
        let (service, _) = try place.service()
        do throws(ServiceError) {
            return try service.waitForPages(of: List.self, most: limit) { call(service, $0, $1) }
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

/// The build service that the configuration names.
struct ServicePlace: ParsableArguments {
    @Option(help: "The configuration file.") var config = Configuration.defaultPath

    /// A client of it, and the loop on which that answers.
    func service() throws(Failure) -> (SallyportService, EventLoop) {
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
        let loop = EventLoop()
        return (SallyportService(endpoint, over: transport, on: loop), loop)
    }
}
