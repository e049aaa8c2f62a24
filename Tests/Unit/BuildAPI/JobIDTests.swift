import BuildAPI
import Testing

@Suite("A job's name")
struct JobIDTests {
    @Test("has 1 to 64 characters", arguments: ["1", "a-b_C", String(repeating: "x", count: 64)])
    func valid(_ text: String) {
        #expect(JobID(text)?.description == text)
    }

    @Test(
        "is nothing else",
        arguments: ["", "-1", "_1", "a b", "a/b", "é", "1\n", "%31", String(repeating: "x", count: 65)])
    func invalid(_ text: String) {
        #expect(JobID(text) == nil)
    }
}
