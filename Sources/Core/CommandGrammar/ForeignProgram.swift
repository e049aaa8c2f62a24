/// A program that asks the gateway for what only an ordinary host has.
public enum ForeignProgram: String, CaseIterable, Sendable, CustomStringConvertible {
    case scp, sftp, rsync, git
    /// It asks for `exit`, to try a key, and then for a script that writes to authorized_keys.
    case copyID = "ssh-copy-id"
    /// A person who wants one, or an editor that sends it a script.
    case shell = "a shell"

    public var description: String { rawValue }

    /// The program that sends this command; nil: none that we know.
    ///
    /// - Parameters:
    ///   - word: the first word. For a subsystem it is the command that sshd has been configured with for it.
    ///   - rest: the words after it.
    public init?(word: String, rest: Words) {
        switch word.split(separator: "/").last ?? "" {
        case _ where String(decoding: rest.bytes, as: UTF8.self).contains("authorized_keys"), "exit":
            self = .copyID
        case "scp": self = .scp
        case "sftp", "sftp-server", "internal-sftp": self = .sftp
        case "rsync": self = .rsync
        case "git", "git-upload-pack", "git-receive-pack", "git-upload-archive": self = .git
        case "sh", "bash", "dash", "zsh", "ksh", "fish": self = .shell
        default: return nil
        }
    }
}
