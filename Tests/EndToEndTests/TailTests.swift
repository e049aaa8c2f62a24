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
        await expect(
            log, status: status,
            output: [
                "[first] begin\n[first] line 1\n[first] line 2\n[first] line 3\n",
                "[second] no end of line\n",
                "[third] last\n",
            ], in: world)
        let first = log.text.firstRange(of: "[first] begin")
        let second = log.text.firstRange(of: "[second]")
        let third = log.text.firstRange(of: "[third]")
        if let first, let second, let third {
            #expect(first.lowerBound < second.lowerBound && second.lowerBound < third.lowerBound, "\(log)")
        }
        // Once more, now that all has been written.
        let again = try await Command.run(world.ssh(["tail", job]))
        await expect(again, status: status, in: world)
        #expect(again.text == log.text, "\(again)\n\(log)")
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
}
