import CommandGrammar
import EventLoop
import Policy
import ServiceClient

/// `attach`: makes a job of the machine that has dialled, for the script sallyport-attach.
struct AttachCommand: Command, PairingCommand {
    static let manual = Manual(
        name: "attach", synopsis: "attach [protocol]",
        summary: "for sallyport-attach: make a job of its machine",
        details: """
            Nobody types this. The script sallyport-attach, in a job of any CI, dials the gateway with it:
            people can enter that machine then, as every other one.
            """)

    /// The number of the protocol that the script speaks.
    let version: Int
    let isPart = false

    init(_ arguments: inout Arguments) throws(UsageError) {
        guard let word = arguments.optionalWord() else {
            version = AttachmentOrder.version
            return
        }
        guard let number = Int(word), (1...9999).contains(number), word.utf8.first != UInt8(ascii: "+") else {
            throw UsageError(.malformedCount(1...9999), word: word)
        }
        version = number
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        try run(for: principal, stranger: nil, in: context)
    }

    func run(as denial: Denial, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        try run(for: nil, stranger: .denied(denial), in: context)
    }

    private func run(
        for principal: Principal?, stranger: Refusal?, in context: SessionContext
    ) throws(Refusal) -> (any RunningCommand)? {
        guard !context.environment.hasTerminal else { throw .unusableGreeting(.terminal) }
        let fault: Refusal? =
            if version > AttachmentOrder.version {
                .unusableGreeting(.newerProtocol(version))
            } else if context.service.attachments == nil {
                .notOffered("“\(Self.manual.name)”")
            } else {
                nil
            }
        // The script wants to read why.
        if let fault {
            context.output.write(AttachmentOrder.refuse(context.text(of: fault.message)).line + "\n")
            throw fault
        }
        guard let service = context.service.attachments else { return nil }
        let session = try AttachmentSession(for: principal, stranger: stranger, service, in: context)
        session.start()
        return session
    }
}
