import FoundationEssentials
import TestBed
import Testing

/// The lines that people copy from docs/clients work as described.
@Suite struct PagesTests {
    @Test(arguments: ["openssh", "copying", "vscode", "jetbrains", "putty"])
    func theLinesOfThePageWork(page: String) async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.workshop(testBed)
        let alice = try await Equipped.person(in: testBed)
        // As a person who has accepted the gateway's host key.
        let plink = try await OtherClient.plink.gateway(of: alice)
        _ = try await OtherClient.dbclient.gateway(of: alice)
        let accepted = plink[plink.firstIndex(of: "-hostkey")! + 1]

        let port = testBed.port(of: .builds)
        let lines = try Self.blocks("sh", of: page).map { line in
            let options = line.contains("plink") ? "-hostkey \(accepted) -P \(port)" : "-p \(port)"
            return
                line
                .replacing("builds@builds.example.org", with: "\(options) builds@\(TestBed.publicHost)")
                .replacing("builds.example.org", with: TestBed.publicHost)
                .replacing(#/\b42\b/#, with: job)
        }
        #expect(!lines.isEmpty)
        let finished = try await alice.sh(
            """
            cd "$(mktemp -d)"; mkdir src; echo 'int main(void);' >src/main.c
            set -x
            \(lines.joined(separator: "\n"))
            """, deadline: .seconds(120))
        await expect(finished, status: 0, in: testBed)
    }

    /// With them, a second ssh uses the open first connection, and adds only a session to it.
    @Test func theLinesForASharedConnectionWork() async throws {
        let testBed = try await SharedTestBed.get()
        let job = try await SharedJobs.wreck(testBed)
        let alice = try await Equipped.person(in: testBed)
        let lines = try Self.blocks("", of: "openssh").map {
            $0.replacing("builds.example.org", with: TestBed.publicHost)
        }
        #expect(lines.contains { $0.contains("ControlMaster") })
        let shared = try await alice.sh(
            """
            cat ~/.ssh/config - >~/.ssh/shared
            ssh="ssh -F $HOME/.ssh/shared"
            $ssh "$1" 'echo first'
            trap '$ssh -O exit "$1" 2>/dev/null' EXIT
            $ssh -O check "$1" 2>&1 | grep -o 'Master running'
            $ssh -o ProxyCommand=false "$1" 'echo second; exit 3'
            """, alice.builder(job), input: Array((lines.joined(separator: "\n") + "\n").utf8))
        await expect(shared, status: 3, in: testBed)
        #expect(shared.text == "first\nMaster running\nsecond\n", "\(shared)")
        try await expectNoSession(of: job, in: testBed)
    }

    /// The lines of a page's blocks in that language.
    private static func blocks(_ language: String, of page: String) throws -> [String] {
        let file = URL(filePath: "\(Repository.root)/docs/clients/\(page).md")
        var isBlock = false
        var isWanted = false
        return String(decoding: try Data(contentsOf: file), as: UTF8.self).split(separator: "\n").compactMap {
            line in
            if line.hasPrefix("```") {
                isBlock.toggle()
                isWanted = isBlock && line == "```\(language)"
                return nil
            }
            return isWanted ? String(line) : nil
        }
    }
}
