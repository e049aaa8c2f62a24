public import ArgumentParser
public import BuildAPI
import ServiceClient

/// `submit`: a job for somebody.
struct Submit: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Submit a manifest as a new job.")

    @Option(help: "Whose job it is; without it, the user who has logged in.") var owner: String?
    @Option(help: "What it is about.") var note: String?
    @Flag(help: "Who may follow it.") var visibility = Visibility.unlisted
    @Argument(help: ArgumentHelp("The manifest; - is standard input.", valueName: "manifest")) var path:
        String
    @OptionGroup var options: ServiceOptions

    func run() {
        reporting { () throws(Failure) in
            let manifest = try Input.read(path)
            guard let owner = owner ?? CurrentUser.name else {
                throw Failure(.data, "Whose job is it? Use --owner NAME.")
            }
            let job = try options.ask {
                $0.submit(manifest: manifest, owner: owner, note: note, visibility: visibility, $1)
            }
            try options.answer(job) { "job \(job.id): \(job.status.rawValue)" }
        }
    }
}

/// As flags: `--public`, `--unlisted`, `--private`.
extension Visibility: EnumerableFlag {}
