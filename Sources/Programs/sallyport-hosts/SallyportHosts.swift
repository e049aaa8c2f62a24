import AllocatorPrograms
import AllocatorProtocol
import ArgumentParser
import Glibc
import Hosts
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
            let file = try HostsFile.readForVerb(file, demandsRoot: !trustFile)
            // Root works on the runner's files as the runner.
            if getuid() == 0 { try FolderOwner.of(file.state)?.become() }
            let allocator = try HostsAllocator(file) { StandardStreams.say($0) }
            switch verb {
            case .allocate:
                try StandardStreams.answer(try await allocator.allocate(try StandardStreams.question()))
            case .release: try await allocator.release(try StandardStreams.question())
            case .list: try StandardStreams.answer(try allocator.list(try StandardStreams.question()))
            case .extend: break
            case .show: Swift.print(try allocator.table(), terminator: "")
            case .returnHost: try await allocator.returnHost(machine ?? "")
            }
        } catch {
            StandardStreams.end(error)
        }
    }
}
