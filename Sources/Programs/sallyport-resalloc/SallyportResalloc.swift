import AllocatorPrograms
import AllocatorProtocol
import ArgumentParser
import Glibc
import Resalloc
import Version

/// The allocator `resalloc`: docs/resalloc.md.
@main
struct SallyportResalloc: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-resalloc",
        abstract: "Give out machines of a resalloc server.",
        discussion: "The runner calls it.",
        version: "sallyport-resalloc \(Version.text)")

    @Option(help: "The configuration file.") var file = ResallocFile.defaultPath
    @Flag(help: ArgumentHelp("Read a file that is not root's: for tests.", visibility: .hidden))
    var trustFile = false
    @Argument(help: "What to do.") var verb: AllocatorWire.Verb

    func run() async {
        signal(SIGPIPE, SIG_IGN)
        do throws(AllocatorEnd) {
            if verb == .extend {
                throw AllocatorEnd(AllocatorWire.Status.cannot, "tickets of resalloc are not extended")
            }
            let file = try ResallocFile.readForVerb(file, demandsRoot: !trustFile)
            // Root works on the runner's files as the runner.
            if getuid() == 0 { try FolderOwner.of(file.state)?.become() }
            let allocator = try ResallocAllocator(file) { StandardStreams.say($0) }
            switch verb {
            case .allocate:
                let request: AllocatorWire.Allocate = try StandardStreams.question()
                let answer = try await EndSignals.cancelling { () throws(AllocatorEnd) in
                    try await allocator.allocate(request)
                }
                try StandardStreams.answer(answer)
            case .release: try await allocator.release(try StandardStreams.question())
            case .list: try StandardStreams.answer(try await allocator.list(try StandardStreams.question()))
            case .extend: break
            }
        } catch {
            StandardStreams.end(error)
        }
    }
}

extension AllocatorWire.Verb: ExpressibleByArgument {}
