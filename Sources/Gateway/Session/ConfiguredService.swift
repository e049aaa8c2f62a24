import BuildAPI
package import ConfigurationFile
package import EventLoop
package import ServiceClient
import SourcehutClient

extension Configuration {
    /// The configured build service; only here does its kind matter. Nil if a URL is invalid, which a configuration
    /// that has been read cannot contain.
    package func buildService(over transport: Transport, on loop: EventLoop) -> (any BuildService)? {
        switch service.kind {
        case .sallyport:
            return Endpoint(service.url).map { SallyportService($0, over: transport, on: loop) }
        case .sourcehut:
            guard let worker = Endpoint(sourcehut.workerURL), let meta = Endpoint(sourcehut.metaURL) else {
                return nil
            }
            let settings = SourcehutService.Settings(
                worker: worker, meta: meta, logs: sourcehut.logs, sessions: gateway.sessions)
            return SourcehutService(settings, witness: transport.witness, on: loop)
        }
    }
}
