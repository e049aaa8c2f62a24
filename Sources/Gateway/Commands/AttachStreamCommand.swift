import CommandGrammar
import Policy

/// `attach-stream`: one session's stream between the gateway and an attached machine.
struct AttachStreamCommand: Command, PairingCommand {
    static let manual = Manual(
        name: "attach-stream", synopsis: "attach-stream <id>",
        summary: "for sallyport-attach: carry one session to the machine",
        details: """
            Nobody types this. The id is good once, for ten seconds, with the key that has attached the machine.
            """)

    let stream: StreamID
    let isPart = true

    init(_ arguments: inout Arguments) throws(UsageError) {
        let word = try arguments.word(.stream)
        guard let stream = StreamID(word) else { throw UsageError(.malformedStream, word: word) }
        self.stream = stream
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        try StreamHandover.begin(stream.socketName(for: context.key), in: context)
    }

    func run(as denial: Denial, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        try StreamHandover.begin(
            stream.socketName(for: context.key), stranger: .denied(denial), in: context)
    }
}
