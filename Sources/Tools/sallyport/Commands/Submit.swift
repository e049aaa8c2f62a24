public import ArgumentParser
public import BuildAPI
import Presentation
import ServiceClient

/// `submit`: submits a job.
struct Submit: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Submit a manifest as a new job.")

    @Option(help: "The job's owner; by default the user who has logged in.") var owner: String?
    @Option(help: "The group whose job it will be; its owner must be in it.") var group: String?
    @Option(help: "What the job is about.") var note: String?
    @Option(help: "When the builder is kept, instead of what the manifest says.") var keep: KeepRule?
    @Option(help: "The pool that the builder comes from, instead of what the manifest says.") var pool:
        String?
    @Option(help: "The builder's processor architecture, instead of what the manifest says.")
    var arch: Architecture?
    @Flag(help: "Who can see the job.") var visibility = Visibility.unlisted
    @Argument(help: ArgumentHelp("The manifest; - is standard input.", valueName: "manifest")) var path:
        String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let manifest = try Input.read(path)
            guard let owner = owner ?? CurrentUser.name else {
                throw Failure(.data, "The job needs an owner. Use --owner NAME.")
            }
            let job = try options.ask {
                $0.submit(
                    manifest: manifest,
                    SubmissionOptions(
                        submitter: owner, group: group.map(Group.init(written:)), note: note,
                        visibility: visibility, keep: keep, pool: pool, arch: arch), $1)
            }
            try options.answer(job) {
                "job \(job.id): \(job.status.rawValue)"
                    + (job.ignoredGroup(group.map(Group.init(written:))).map { "\n\($0)" } ?? "")
                    + (job.removed.map { "\nremoved: \($0.map(\.description).joined(separator: ", "))" } ?? "")
            }
        }
    }
}

extension KeepRule: ExpressibleByArgument {}

extension Architecture: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// As flags: `--public`, `--unlisted`, `--private`.
extension Visibility: EnumerableFlag {}
