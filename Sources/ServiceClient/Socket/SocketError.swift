/// Why a key was not looked up here.
public enum SocketError: Error, Equatable, Sendable {
    /// Another program, which knows all that HTTP can be, has to ask. Says what was not as usual.
    case unusual(String)
    /// No complete answer in time: nobody else would have one.
    case late
}
