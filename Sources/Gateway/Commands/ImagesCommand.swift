import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `images`: lists what jobs can start from.
struct ImagesCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "images", aliases: ["image"], synopsis: "images [--json]",
        summary: "list what a job can start from",
        details: "A manifest names one of them: image: NAME.")
    static let syntax = Syntax(flags: ["--json"])

    let json: Bool

    init(_ arguments: inout Arguments) {
        json = arguments.has("--json")
    }

    func run(for principal: Principal, in context: SessionContext) throws(Refusal) -> (any RunningCommand)? {
        let name = Self.manual.name
        guard let service = context.service.selfService else { throw .notOffered("“\(name)”") }
        service.images { result in
            switch result {
            case .success(let images):
                context.answer(ImageList(images: images), json: json) { ImageText(images).text }
                if images.isEmpty, !json { context.say("This build service has no images yet.") }
            case .failure(let error): context.refuse(.serviceRefused(error, name))
            }
        }
        return nil
    }
}
