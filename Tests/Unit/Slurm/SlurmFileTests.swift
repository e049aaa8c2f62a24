import AllocatorPrograms
import ConfigurationFile
import TestSupport
import Testing

@testable import Slurm

@Suite("slurm.toml") struct SlurmFileTests {
    static let image = """
        [slurm.image.debian]
        folder = "/shared/images/debian"
        sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        """

    @Test("a short file has defaults")
    func defaults() throws {
        let file = try SlurmFile.parse(Self.image, path: "/s")
        #expect(file.image == "debian")
        #expect(file.images["debian"]?.memory == 2048 && file.images["debian"]?.processors == 1)
        #expect(file.ports == 22000...22999 && file.patience == 600 && file.time == nil)
        #expect(file.partition == nil && file.options == [] && file.conf == nil)
    }

    @Test("an image can be larger than others")
    func images() throws {
        let large = Self.image.replacing("debian", with: "large") + "\nmemory = 8192\ncpus = 4\n"
        let file = try SlurmFile.parse(
            "[slurm]\nmemory = 1024\nports = \"30000-30009\"\n\(Self.image)\n\(large)", path: "/s")
        #expect(file.images["debian"]?.memory == 1024)
        #expect(file.images["large"]?.memory == 8192 && file.images["large"]?.processors == 4)
        #expect(file.ports == 30000...30009)
        // Which one is meant has to be said.
        #expect(file.image == nil)
    }

    @Test(
        "a mistake is named, with its key",
        arguments: [
            ("ports = \"22999-22000\"", "ports"), ("ports = \"22\"", "ports"), ("ports = \"80-90\"", "ports"),
            ("wait = 5", "wait"), ("accelerator = \"auto\"", "accelerator"), ("time = 0", "time"),
            ("program = \"sallyport-machine\"", "program"), ("default_image = \"x\"", "default_image"),
            ("folder = \"/a/path/that/is/so/long/that/sockets/do/not/fit\"", "folder"),
            ("options = [\"--wrap=id\"]", "options"), ("partitions = \"a\"", "partitions"),
            ("address = { n1 = \"n1.example.org\" }", "n1"), ("memory = 64", "memory"),
        ])
    func mistakes(line: String, key: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try SlurmFile.parse("[slurm]\n\(line)\n\(Self.image)", path: "/s")
        }
        #expect(error?.key?.contains(key) == true, "\(String(describing: error))")
    }

    @Test("an image has a folder and a checksum", arguments: ["folder", "sha256"])
    func incomplete(key: String) {
        let lines = Self.image.split(separator: "\n").filter { !$0.hasPrefix(key) }.joined(separator: "\n")
        let error = #expect(throws: ConfigurationError.self) { try SlurmFile.parse(lines, path: "/s") }
        #expect(error?.key?.hasSuffix(key) == true)
        #expect(throws: ConfigurationError.self) { try SlurmFile.parse("[slurm]\n", path: "/s") }
    }

    @Test("the page's example is one, and its table has every key")
    func page() throws {
        let page = try Project.text(of: "docs/slurm.md")
        let example = try #require(page.firstMatch(of: #/```toml\s+(\[slurm\][\s\S]*?)```/#)?.1)
        #expect(try SlurmFile.parse(String(example), path: "docs/slurm.md").image == "debian")
        for (section, text) in [
            ("slurm", "[slurm]\nx = 1\n\(Self.image)"), ("image", "\(Self.image)\nx = 1"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try SlurmFile.parse(text, path: "/s") }
            let keys = try #require(error?.expected.firstMatch(of: #/expected one of (.*)/#)?.1)
                .split(separator: ", ").filter { !["image", "address"].contains($0) }
            #expect(keys.count > 3, "\(section)")
            for key in keys { #expect(page.contains("`\(key)`"), "\(key)") }
        }
    }

    @Test("the file is root's")
    func roots() {
        let error = #expect(throws: ConfigurationError.self) { try SlurmFile.read("/tmp/none/slurm.toml") }
        #expect(error?.expected.contains("must belong to root") == true, "\(String(describing: error))")
    }

    @Test(
        "options can say where a job runs",
        arguments: [
            "--gres=gpu:1", "--reservation=r", "--exclusive", "--nodelist=n1,n2", "--output=/var/log/%j",
        ])
    func possible(option: String) { #expect(SubmitOptions.isPossible(option)) }

    @Test(
        "options cannot make it another job, or the batch script",
        arguments: [
            "--array=1-3", "--arr=1-3", "--wrap=id", "--job-name=a", "--job=a", "--requeue", "--time=1",
            "--wait",
            "--nodes=2", "--comment=x", "--test-only", "--export=NONE", "-J", "-a1", "/bin/sh", "script",
            "--", "",
            "--gres=a\nb",
        ])
    func impossible(option: String) { #expect(!SubmitOptions.isPossible(option)) }
}
