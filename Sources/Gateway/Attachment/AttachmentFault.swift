/// What is wrong with what a machine's script says: the machine is not attached.
enum AttachmentFault: Error, Equatable {
    /// A line has more than 4096 bytes.
    case endlessLine
    /// The rest of a message is not what its first word needs. The word is one of ours.
    case malformed(String)
    /// A message that counts once came twice, or too many host keys came.
    case repeated(String)
    /// The greeting ended without it.
    case missing(String)
    /// No complete greeting came in time.
    case silence
    /// A protocol with this number, which is newer than ours.
    case newerProtocol(Int)
    /// What was sent comes from a terminal, or is for one.
    case terminal
}
