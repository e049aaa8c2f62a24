import BuildAPI
import Foundation
import Presentation
import Testing

@Suite("How a finished job is repeated on a fresh builder")
struct ReproductionTests {
    private func job(_ rerun: Job.Rerun?, scripts: [String?] = ["~/.tasks/a", "~/.tasks/b", "~/.tasks/c"])
        -> Job
    {
        let names = ["a", "b", "c"]
        return Job(
            id: JobID("57")!, owner: .person(Person(id: "1", name: "alice")), note: "parser",
            status: .success,
            tasks: zip(names, scripts).map { .init(name: $0, status: .skipped, script: $1) }, rerun: rerun)
    }

    private let failed = Job.Rerun(of: JobID("42")!, fresh: true, status: .failed, task: "b", exitStatus: 3)

    @Test("the scripts up to the one that failed, and nothing after it")
    func failedTask() throws {
        let reproduction = try #require(Reproduction(job(failed)))
        #expect(reproduction.origin == "job 42, which failed in task “b” with exit status 3")
        #expect(reproduction.line == "~/.tasks/a && ~/.tasks/b")
        #expect(
            reproduction.text == """
                This is a fresh builder for job 42, which failed in task “b” with exit status 3.
                Nothing has been run here.
                To repeat what it did, in a login shell:

                    ~/.tasks/a
                    ~/.tasks/b

                If a script changes ~/.buildenv, the ones after it had that, too: . ~/.buildenv

                """)
    }

    @Test("all scripts if none failed; none if the service does not say where they are")
    func others() throws {
        let all = Job.Rerun(of: JobID("42")!, fresh: true, status: .timeout)
        let reproduction = try #require(Reproduction(job(all)))
        #expect(reproduction.origin == "job 42, which ran out of time")
        #expect(reproduction.line == "~/.tasks/a && ~/.tasks/b && ~/.tasks/c")
        let none = try #require(Reproduction(job(failed, scripts: [nil, nil, nil])))
        #expect(none.line == nil && !none.text.contains("To repeat"))
        let long = String(repeating: "x", count: 150)
        #expect(Reproduction(job(failed, scripts: [long, "b", nil]))?.line == nil)
    }

    @Test("only fresh builders have it")
    func onlyFresh() {
        #expect(Reproduction(job(nil)) == nil)
        #expect(Reproduction(job(.init(of: JobID("42")!, fresh: false, status: .failed))) == nil)
    }

    @Test("whoever enters reads what failed, that nothing was run, and how to repeat it")
    func entering() {
        let lines = EntryLines(job(failed), logoutCounts: false, commands: .init()).lines(at: .now)
        #expect(
            lines == [
                "Job 57 (parser): nothing was run, for it is a fresh builder for job 42, which failed in "
                    + "task “b” with exit status 3.",
                "To repeat it: ~/.tasks/a && ~/.tasks/b",
            ])
    }
}
