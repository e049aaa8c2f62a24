import Presentation
import Testing

@testable import Runner

/// What an administrator hears of the source of people.
@Suite struct SourceTrialTests {
    @Test func aSourceThatKnowsHoldersIsAskedAboutAKeyThatNobodyHas() async throws {
        let source = FakeSource()
        try source.set("alice", [TestService.aliceKey])
        let said = await source.trial()
        guard case .answers(let sentence) = said, sentence.contains("is nobody's") else {
            Issue.record("\(said)")
            return
        }
        #expect(source.takeQuestions().count == 1)
        let liar = ProgramSource(words: ["/bin/sh", "-c", "echo '{\"name\": \"root\", \"keys\": []}'"])
        guard case .fails(let lie) = await liar.trial(), lie.contains("is root's") else {
            Issue.record("a key that nobody has is somebody's")
            return
        }
    }

    @Test func aListIsAskedForItsFirstName() async throws {
        let source = FakeSource(knowsHolders: false)
        #expect(await source.trial() == .answers("the source of people lists nobody"))
        try source.set("alice", [TestService.aliceKey])
        try source.set("bob")
        #expect(await source.trial() == .answers("the source of people answers: alice, one of 2, has 1 key"))
    }

    @Test func aFailureIsQuoted() async {
        let source = FakeSource()
        source.fail("no directory")
        #expect(await source.trial() == .fails("the source of people does not answer: no directory"))
    }
}
