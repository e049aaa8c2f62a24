import BuildAPI
import Presentation
import Testing

@Suite("Why a job waits")
struct SpokenWaitingTests {
    private func job(
        _ waits: String?, _ status: Job.Status = .queued, pool: String? = nil, builder: Job.Builder? = nil
    ) -> Job {
        Job(
            id: JobID("42")!, owner: .person(Person(id: "1", name: "alice")), status: status, pool: pool,
            waits: waits, builder: builder)
    }

    @Test("is said with the pool, in harmless and few words")
    func sentence() {
        #expect(job(nil).spokenWaiting == nil)
        #expect(
            job("all builders (4) are in use").spokenWaiting == "Job 42 waits: all builders (4) are in use")
        #expect(
            job("Slurm: Priority\u{1b}[2J\n", pool: "cluster\u{7}").spokenWaiting
                == "Job 42 waits in pool cluster?: Slurm: Priority?[2J?")
        let long = job(String(repeating: "x", count: 1000), pool: String(repeating: "y", count: 1000))
        #expect(long.spokenWaiting.map { $0.count < 200 } == true)
    }

    @Test("is nobody's question once there is a builder, or the job is over")
    func over() {
        let builder = Job.Builder(
            state: .booting, endpoint: .address("192.0.2.1", port: 22), user: "build", hostKeys: [])
        #expect(job("x", .running, builder: builder).spokenWaiting == nil)
        #expect(job("x", .cancelled).spokenWaiting == nil)
    }
}
