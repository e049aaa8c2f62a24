import AllocatorProtocol
import ArgumentParser
import BuildAPI
import ConfigurationFile
import FoundationEssentials
import Glibc
import Hosts
import Presentation
import Version

/// The allocator `hosts`: docs/hosts.md.
@main
struct SallyportHosts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-hosts",
        abstract: "Give out machines that are reached by SSH, to one job at a time each.",
        discussion:
            "The runner calls allocate, extend, release and list. Operators call show and return NAME.",
        version: "sallyport-hosts \(Version.text)")

    enum Verb: String, ExpressibleByArgument, CaseIterable {
        case allocate, extend, release, list, show
        case returnHost = "return"
    }

    @Option(help: "The file of machines.") var file = HostsFile.defaultPath
    @Flag(help: ArgumentHelp("Read a file that is not root's: for tests.", visibility: .hidden))
    var trustFile = false
    @Argument(help: "What to do.") var verb: Verb
    @Argument(help: "The machine, for return.") var machine: String?

    func validate() throws {
        guard (verb == .returnHost) == (machine != nil) else {
            throw ValidationError(
                verb == .returnHost ? "Which machine?" : "Only return takes a machine's name.")
        }
    }

    func run() async {
        signal(SIGPIPE, SIG_IGN)
        do throws(AllocatorEnd) {
            if verb == .extend {
                throw AllocatorEnd(AllocatorWire.Status.cannot, "machines are not extended")
            }
            let file = try read()
            // Root works on the runner's files as the runner.
            if getuid() == 0 { try FolderOwner.of(file.state)?.become() }
            let allocator = try HostsAllocator(file) { Self.say($0) }
            switch verb {
            case .allocate: try Self.answer(try await allocator.allocate(try Self.question()))
            case .release: try await allocator.release(try Self.question())
            case .list: try Self.answer(try allocator.list(try Self.question()))
            case .extend: break
            case .show: Swift.print(try allocator.table(), terminator: "")
            case .returnHost: try await allocator.returnHost(machine ?? "")
            }
        } catch {
            Self.say(error.reason)
            Glibc.exit(error.status)
        }
    }

    private func read() throws(AllocatorEnd) -> HostsFile {
        do throws(ConfigurationError) {
            return try HostsFile.read(file, demandsRoot: !trustFile)
        } catch {
            throw AllocatorEnd(78, error.description)
        }
    }

    private static func question<Question: Decodable>() throws(AllocatorEnd) -> Question {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0, bytes.count < 1 << 20 else { break }
            bytes += buffer[..<count]
        }
        do {
            return try JSON.decode(Question.self, from: Data(bytes))
        } catch {
            throw AllocatorEnd(
                64, "standard input is not what docs/allocators.md describes: \(JSON.complaint(about: error))"
            )
        }
    }

    /// An answer that nobody reads is none: the runner releases what it has not heard of.
    private static func answer(_ value: some Encodable) throws(AllocatorEnd) {
        guard var rest = try? JSON.encode(value) + Data("\n".utf8) else {
            throw AllocatorEnd(70, "the answer cannot be encoded")
        }
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress!, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw AllocatorEnd(74, "the answer could not be written") }
            rest = rest.dropFirst(count)
        }
    }

    private static func say(_ line: String) {
        let line = Array((HostileText.printable(line, limit: 400) + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}
