import AllocatorPrograms
import AllocatorProtocol
import ArgumentParser
import Glibc
import NodeMachine
import NodeOrder
import Version

/// A builder on a node of a cluster: docs/slurm.md.
@main
struct SallyportMachine: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sallyport-machine",
        abstract: "Run a builder on a node of a cluster, as long as its Slurm job runs.",
        version: "sallyport-machine \(Version.text)", subcommands: [Run.self, Digest.self])

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Start the machine that standard input orders. The batch script of sallyport-slurm does it.")

        func run() async {
            signal(SIGPIPE, SIG_IGN)
            do throws(AllocatorEnd) {
                guard let job = getenv("SLURM_JOB_ID").map({ String(cString: $0) }), Int(job) != nil else {
                    throw AllocatorEnd(64, "this runs in a Slurm job: there is no SLURM_JOB_ID")
                }
                let order: MachineOrder = try StandardStreams.question()
                let report = JobReport(job: job)
                let machine = NodeMachine(order, name: job) { comment throws(AllocatorFailure) in
                    try await report.send(comment)
                }
                try await EndSignals.cancelling { () async throws(AllocatorEnd) in
                    do throws(AllocatorFailure) {
                        try await machine.run()
                    } catch {
                        throw AllocatorEnd(error)
                    }
                }
            } catch {
                StandardStreams.end(error)
            }
        }
    }

    struct Digest: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the SHA-256 of an image, for slurm.toml.")

        @Argument(help: "The image's folder.") var folder: String

        func run() async {
            do throws(AllocatorFailure) {
                print(try await ImageDigest.of(folder))
            } catch {
                StandardStreams.end(AllocatorEnd(error))
            }
        }
    }
}
