import CommandGrammar
import ConfigurationFile
import Glibc
import Policy

/// `attach-bundle`: hands out the archive with sallyport-attach, and with an OpenSSH for machines that have none.
struct AttachBundleCommand: Command, AttachingCommand {
    static let manual = Manual(
        name: "attach-bundle", synopsis: "attach-bundle [amd64 | arm64]",
        summary: "print the archive with sallyport-attach and its own OpenSSH",
        details: """
            For CI jobs whose machines people are to enter: attach-bundle >sallyport-attach.tar.gz
            By default for amd64. What `uname -m` says is as good: x86_64, aarch64.
            """)

    enum Architecture: String, CaseIterable {
        case amd64, arm64

        /// - Parameter word: Debian's name, or that of the machine's kernel.
        init?(_ word: String) {
            switch word {
            case "amd64", "x86_64": self = .amd64
            case "arm64", "aarch64": self = .arm64
            default: return nil
            }
        }
    }

    let architecture: Architecture

    init(_ arguments: inout Arguments) throws(UsageError) {
        guard let word = arguments.optionalWord() else {
            architecture = .amd64
            return
        }
        guard let known = Architecture(word) else {
            throw UsageError(.malformedChoice(of: Architecture.allCases.map(\.rawValue)), word: word)
        }
        architecture = known
    }

    /// The archive for that architecture in the folder of archives.
    static func path(_ architecture: Architecture, in folder: String) -> String {
        "\(folder)/sallyport-attach-\(architecture.rawValue).tar.gz"
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        guard !context.environment.hasTerminal else { throw .archiveToTerminal }
        let path = Self.path(architecture, in: context.configuration.gateway.attachBundles)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw .noBundle(architecture.rawValue, cause: "\(path): \(String(cString: strerror(errno)))")
        }
        context.journal.note("attach-bundle \(architecture.rawValue) \(principal.person.record)")
        let copy = FileCopy(takingOwnershipOf: file, in: context)
        copy.start()
        return copy
    }
}
