import NodeOrder
import Testing

@Suite("The comment of a builder's Slurm job") struct JobCommentTests {
    @Test(
        "it says the same after its way through the cluster",
        arguments: [
            nil, .ready(port: 22011, hostKeys: ["ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 BBBB+/="]),
            .failed("the image is another one: a=b  c"),
        ] as [JobComment.Report?])
    func roundTrip(report: JobComment.Report?) {
        let comment = JobComment(pool: "cluster", job: "42", owner: "alice", report: report)
        #expect(JobComment(comment.text) == comment)
    }

    @Test(
        "others' comments are not ours",
        arguments: ["", "(null)", "sallyport", "x sallyport pool=a job=1 owner=b"])
    func others(text: String) { #expect(JobComment(text) == nil) }

    @Test("a failure is one short line")
    func failure() {
        let hostile = "a|b\nc\u{1b}[31m" + String(repeating: "é", count: 1000)
        let text = JobComment(pool: "p", job: "1", owner: "o", report: .failed(hostile)).text
        #expect(text.hasPrefix("sallyport pool=p job=1 owner=o failed=a?b?c?[31m??"))
        #expect(text.utf8.count < JobComment.longest)
    }

    @Test("names of any length fit, with three keys")
    func length() {
        let long = String(repeating: "x", count: 500)
        let key = "ecdsa-sha2-nistp521 " + String(repeating: "A", count: 232)
        let comment = JobComment(
            pool: long, job: long, owner: long, report: .ready(port: 65535, hostKeys: [key, key, key]))
        #expect(comment.text.utf8.count <= JobComment.longest, "\(comment.text.utf8.count)")
    }
}
