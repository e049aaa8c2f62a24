import CommandGrammar

/// What leads people on whose program has taken the gateway for an ordinary host.
extension Refusal {
    /// - Parameter line: the command that does what the program is for; nil: the build service's own pages do it.
    static func message(_ program: ForeignProgram, _ line: String?) -> Message {
        let cause = "another program's request: \(program)"
        switch program {
        case .scp, .sftp, .rsync, .git:
            return Message(
                .usage, "This is the gateway: \(program) works with a builder's own name.",
                line.map { "To set your ssh up for that: \($0)" }, cause: cause)
        case .shell:
            return Message(
                .usage, "The gateway has no shell. For a builder's: connect JOB.",
                line.map { "For an editor, or your own ssh: \($0)" }, cause: cause)
        case .copyID:
            return Message(
                .usage, "The gateway has no home folder for ssh-copy-id.",
                line.map { "To add a key: \($0)" } ?? "Add the key to your account at the build service.",
                cause: cause)
        }
    }
}
