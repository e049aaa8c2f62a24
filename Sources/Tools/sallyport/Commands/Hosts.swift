import ArgumentParser
import Glibc
import Version

/// `hosts`: the machines of the allocator `hosts`. It becomes that program, which alone knows their file.
struct Hosts: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the machines of the allocator hosts; hosts return NAME puts one back into service.")

    @Option(help: "The file of machines.") var file: String?
    @Argument(help: ArgumentHelp("show, or return and a machine's name.", valueName: "words")) var words:
        [String] = []

    func run() {
        let options = file.map { ["--file", $0] } ?? []
        for program in Self.places {
            var arguments =
                ([program] + options + (words.isEmpty ? ["show"] : words)).map { strdup($0) } + [nil]
            execv(program, &arguments)
        }
        Failure(.software, "The program sallyport-hosts is not installed.").exit()
    }

    /// It is installed in another folder than this program, or was built beside it.
    private static var places: [String] {
        guard let folder = ProgramFolder.path else { return [] }
        return ["\(folder)/../libexec/sallyport/sallyport-hosts", "\(folder)/sallyport-hosts"]
    }
}
