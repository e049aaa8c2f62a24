import Testing
import World

/// `tail`: the logs from their first byte to the end of the job.
@Suite struct TailTests {
    @Test(arguments: [0, 1])
    func allOfAJobsLogsComeUntilItEnds(status: Int32) async throws {
        let world = try await SharedWorld.get()
        let job = try await Operator(world: world).submit(
            """
            image: debian
            tasks:
              - first: |
                  echo begin
                  for number in 1 2 3; do echo "line $number"; sleep 0.3; done
              - second: printf 'no end of line'
              - third: |
                  echo last
                  exit \(status)

            """)
        let log = try await Command.run(world.ssh(["tail", job]), deadline: .seconds(120))
        await expect(log, status: status, output: ["\n[second] no end of line\n"], in: world)
        let expected = [
            "[first] begin", "[first] line 1", "[first] line 2", "[first] line 3", "[second] no end of line",
            "[third] last",
        ]
        #expect(said(log) == expected, "\(log)")
        // Once more, now that all has been written: the job's own log comes first then, as a whole.
        let again = try await Command.run(world.ssh(["tail", job]))
        await expect(again, status: status, in: world)
        #expect(said(again) == expected, "\(again)")
        #expect(again.text.split(separator: "\n").sorted() == log.text.split(separator: "\n").sorted())
        try await expectNobodyOnTheGateway(in: world)
    }

    @Test func escapesThatMoveTheCursorAreDropped() async throws {
        let world = try await SharedWorld.get()
        let job = try await Operator(world: world).submit(
            #"""
            image: debian
            tasks:
              - colours: printf '\033[31mred\033[0m \033]0;title\007\033[2Jrest\n'

            """#)
        let log = try await Command.run(world.ssh(["tail", job]), deadline: .seconds(120))
        await expect(log, status: 0, output: ["[colours] \u{1b}[31mred\u{1b}[0m rest\n"], in: world)
        let raw = try await Command.run(world.ssh(["tail", "--raw", job]))
        await expect(raw, status: 0, output: ["\u{1b}]0;title\u{7}\u{1b}[2Jrest\n"], in: world)
    }

    /// What the tasks have written themselves, without the job's own log and the commands as sh -x shows them.
    private func said(_ log: Finished) -> [String] {
        log.text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("[") && !$0.contains("] + ") }
    }
}
