import BuildAPI
import Glibc
import Presentation
import ServiceClient

/// Why a command has failed: one sentence, and a status from sysexits(3).
struct Failure: Error, Equatable {
    enum Status: Int32 {
        case usage = 64
        case data = 65
        case noInput = 66
        case unavailable = 69
        case software = 70
        case tryAgain = 75
        case noPermission = 77
        case configuration = 78
    }

    var status: Status
    var sentence: String

    init(_ status: Status, _ sentence: String) {
        self.status = status
        self.sentence = sentence
    }

    /// A service's own sentence is hostile text. Without one, whoever operates the service is told what the gateway's
    /// log would say.
    init(_ error: ServiceError) {
        let faults = (error.problem?.faults ?? []).map { HostileText.printable($0.detail) }
        let said =
            faults.count > 1
            ? (["The manifest has several faults."] + faults).joined(separator: "\n  ")
            : error.problem?.detail.map { HostileText.printable($0) }
        sentence = said ?? error.description
        switch error.code {
        case .unreachable, .hungUp, .timedOut, .insecure, .brokenOff, .malformedAnswer, .tooOld,
            .gatewayFault:
            status = .unavailable
            sentence = said ?? "\(error.description) (\(HostileText.printable(error.detail)))"
        case .untrusted, .redirected: status = .configuration
        case .notAuthenticated, .notPermitted, .suspended, .termsChanged: status = .noPermission
        case .noSuchJob, .noSuchLog, .noSuchKey, .noSuchPerson, .claimEnded, .sessionEnded, .builderGone,
            .notOffered:
            status = .noInput
        case .tooMany, .unavailable: status = .tryAgain
        case .notReady, .conflict, .badInput, .refused: status = .data
        }
    }

    /// Prints the sentence and ends the program.
    func exit() -> Never {
        report()
        end()
    }

    /// Prints the sentence.
    func report() {
        let line = Array("sallyport: \(sentence)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }

    /// Ends the program.
    func end() -> Never {
        Glibc.exit(status.rawValue)
    }
}

/// Runs a command's body.
func reporting(_ body: () throws(Failure) -> Void) {
    do throws(Failure) {
        try body()
    } catch {
        error.exit()
    }
}
