import FoundationEssentials
import Testing
import World

/// The lines that people copy out of docs/clients do what is said there.
@Suite struct PagesTests {
    @Test(arguments: ["openssh", "copying", "vscode", "jetbrains", "putty"])
    func theLinesOfThePageWork(page: String) async throws {
        let world = try await SharedWorld.get()
        let job = try await SharedJobs.workshop(world)
        let alice = try await Equipped.person(in: world)
        // As somebody who has accepted the gateway's host key.
        let plink = try await OtherClient.plink.gateway(of: alice)
        _ = try await OtherClient.dbclient.gateway(of: alice)
        let accepted = plink[plink.firstIndex(of: "-hostkey")! + 1]

        let text = String(
            decoding: try Data(contentsOf: URL(filePath: "\(Repository.root)/docs/clients/\(page).md")),
            as: UTF8.self)
        let port = world.port(of: .builds)
        let lines = Self.lines(of: text).map { line in
            let options = line.contains("plink") ? "-hostkey \(accepted) -P \(port)" : "-p \(port)"
            return
                line
                .replacing("builds@builds.example.org", with: "\(options) builds@\(World.publicHost)")
                .replacing("builds.example.org", with: World.publicHost)
                .replacing(#/\b42\b/#, with: job)
        }
        #expect(!lines.isEmpty)
        let finished = try await alice.sh(
            """
            cd "$(mktemp -d)"; mkdir src; echo 'int main(void);' >src/main.c
            set -x
            \(lines.joined(separator: "\n"))
            """, deadline: .seconds(120))
        await expect(finished, status: 0, in: world)
    }

    /// What stands in blocks of sh.
    private static func lines(of page: String) -> [String] {
        var isInside = false
        return page.split(separator: "\n").compactMap { line in
            if line.hasPrefix("```") {
                isInside = line == "```sh"
                return nil
            }
            return isInside ? String(line) : nil
        }
    }
}
