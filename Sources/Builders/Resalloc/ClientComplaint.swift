/// The last line that the client has said, of a Python traceback as a rule, and what follows from it.
struct ClientComplaint: Equatable {
    /// Empty: it was ended before it could say anything.
    let line: String

    /// - Parameter errors: what it has said.
    init(_ errors: String) {
        line = errors.split(whereSeparator: \.isNewline).last.map(String.init) ?? ""
    }

    /// Whether there is no server now, or none that answers. One that is restarted can answer soon.
    var hasNoServer: Bool { isUnreached || Self.lost.contains(where: line.contains) }

    /// Whether the server cannot have done anything: no request has reached it.
    var isHarmless: Bool { isUnreached || Self.unsent.contains(where: line.contains) }

    private var isUnreached: Bool { Self.unreached.contains(where: line.contains) }

    private static let unreached = [
        "ConnectionRefusedError", "gaierror", "Network is unreachable", "No route to host",
    ]
    /// The connection was there, and has ended before the answer.
    private static let lost = [
        "ConnectionResetError", "ConnectionAbortedError", "BrokenPipeError", "RemoteDisconnected",
        "TimeoutError", "IncompleteRead", "ProtocolError",
    ]
    /// The program was not run, or not understood.
    private static let unsent = [": error: ", "No such file or directory", "Permission denied", "not found"]
}
