/// Why a key was not looked up here.
public enum SocketError: Error, Equatable, Sendable {
    /// Another program, which supports all of HTTP, has to ask. The text says what was unusual.
    case unusual(String)
    /// No complete answer in time: another program would not get one either.
    case late
}
