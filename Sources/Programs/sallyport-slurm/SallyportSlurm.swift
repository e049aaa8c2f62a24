import AllocatorPrograms
import AllocatorProtocol
import ArgumentParser
import Glibc
import Slurm
import Version

/// The allocator `slurm`: docs/slurm.md.
@main
struct SallyportSlurm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-slurm",
        abstract: "Start builders on the nodes of a Slurm cluster.",
        discussion: "The runner calls allocate, extend, release and list.",
        version: "sallyport-slurm \(Version.text)")

    @Option(help: "The file that says what is asked of the cluster.") var file = SlurmFile.defaultPath
    @Flag(help: ArgumentHelp("Read a file that is not root's: for tests.", visibility: .hidden))
    var trustFile = false
    @Argument(help: "What to do.") var verb: AllocatorWire.Verb

    func run() async {
        signal(SIGPIPE, SIG_IGN)
        do throws(AllocatorEnd) {
            if verb == .extend {
                throw AllocatorEnd(
                    AllocatorWire.Status.cannot, "users cannot lengthen their jobs on a cluster")
            }
            let allocator = SlurmAllocator(try SlurmFile.readForVerb(file, demandsRoot: !trustFile)) {
                StandardStreams.say($0)
            }
            switch verb {
            case .allocate:
                let request: AllocatorWire.Allocate = try StandardStreams.question()
                let machine = try await EndSignals.cancelling { () async throws(AllocatorEnd) in
                    try await allocator.allocate(request)
                }
                try StandardStreams.answer(machine)
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
