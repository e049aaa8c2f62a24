import EventLoop
import SSHClient
import Testing

@testable import Gateway

@Suite struct TypingTests {
    /// What happens in a shell, by the second, and when the shell ends.
    static let shells: [(name: String, [(second: Int, isInput: Bool)], end: Int, isLogout: Bool)] = [
        ("exit at the prompt", [(0, false), (5, true), (5, false)], 5, true),
        ("after a long session", [(0, false), (5, true), (5000, true), (5000, false)], 5001, true),
        ("nothing was typed", [(0, false)], 1, false),
        ("TMOUT", [(0, false), (5, true), (5, false), (65, false)], 65, false),
        (
            "it ends before its prompt, whatever was typed ahead", [(0, true), (0, true), (1, false)], 1,
            false
        ),
        ("it shows nothing at all", [(0, true)], 1, false),
    ]

    @Test(arguments: shells) func aLogoutIsTyped(
        name: String, traffic: [(second: Int, isInput: Bool)], end: Int, isLogout: Bool
    ) {
        var typing = Typing()
        for event in traffic {
            typing.observe(
                event.isInput ? .input(1) : .output(.init(start: nil, count: 0)), at: Self.at(event.second))
        }
        #expect(typing.isLogout(at: Self.at(end)) == isLogout, "\(name)")
    }

    private static func at(_ second: Int) -> Instant { Instant(nanoseconds: Int64(second) * 1_000_000_000) }
}
