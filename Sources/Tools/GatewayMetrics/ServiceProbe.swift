import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import EventLoop
import FoundationEssentials
import Gateway
import Glibc
import ServiceClient

/// Asks the build service whose a key is, as every login does.
struct ServiceProbe {
    struct Outcome {
        /// How long the answer took; nil: there was none.
        var seconds: Double?
        /// Whether the service could tell whose the key is; nil: there was no answer.
        var knowsPeople: Bool?
        /// Seconds by which the service's clock is ahead; nil: it is this host's, or the service does not say.
        var clockOffset: Double?
    }

    private let configuration: Configuration
    private let loop = EventLoop()

    /// Seconds that an answer can take. A login would have given up.
    private static let patience = Duration.seconds(10)

    init(of configuration: Configuration) {
        self.configuration = configuration
    }

    func outcome() -> Outcome {
        guard let transport = try? Transport(configuration.service),
            let service = configuration.buildService(over: transport, on: loop), let key = Self.newKey()
        else { return Outcome() }
        let start = ContinuousClock.now
        guard let knowsPeople = Self.knowsPeople(wait { service.key(key, $0) }) else { return Outcome() }
        var outcome = Outcome(
            seconds: start.duration(to: .now) / .seconds(1), knowsPeople: knowsPeople)
        if !configuration.service.url.hasPrefix("unix:"), let service = service as? SallyportService {
            outcome.clockOffset = wait { service.clock($0) }.flatMap { try? $0.get() }
                .map { Double($0 - Int64(time(nil))) }
        }
        return outcome
    }

    /// A source of people that is silent is no fault of the service's. Nil: the service has not answered.
    static func knowsPeople(_ answer: Result<Key?, ServiceError>?) -> Bool? {
        switch answer {
        case .success: true
        case .failure(let error) where error.saysPeopleAreUnknown: false
        case .failure, nil: nil
        }
    }

    /// Nil: there was no answer in time.
    private func wait<Value>(
        _ call: (@escaping (Result<Value, ServiceError>) -> Void) -> Void
    ) -> Result<Value, ServiceError>? {
        var answer: Result<Value, ServiceError>?
        call { [loop] result in
            answer = result
            loop.stop()
        }
        loop.timer(after: Self.patience) { [loop] in loop.stop() }
        if answer == nil { loop.run() }
        return answer
    }

    /// One that nobody has: RFC 8709, with random bytes.
    static func newKey() -> PublicKey? {
        let name = Array("ssh-ed25519".utf8)
        let bytes = (0..<32).map { _ in UInt8.random(in: 0 ... .max) }
        let blob = [0, 0, 0, UInt8(name.count)] + name + [0, 0, 0, UInt8(bytes.count)] + bytes
        return try? PublicKey.parse(line: "ssh-ed25519 \(Data(blob).base64EncodedString())").key
    }
}
