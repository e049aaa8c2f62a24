import BuildAPI
import CommandGrammar
import Policy
import ServiceClient

/// `pools`: lists where builders come from, and what is free there.
struct PoolsCommand: Command, PersonalCommand {
    static let manual = Manual(
        name: "pools", aliases: ["pool"], synopsis: "pools [--json]",
        summary: "list where machines come from, and what is free",
        details: """
            A manifest names one of them, or what the machine has to be: pool: NAME, arch: ARCH. The same as
            options of submit: --pool NAME, --arch ARCH.
            """)
    static let syntax = Syntax(flags: ["--json"])

    let json: Bool

    init(_ arguments: inout Arguments) {
        json = arguments.has("--json")
    }

    func run(for principal: Principal, in context: SessionContext) -> (any RunningCommand)? {
        guard let service = context.service.selfService else {
            answer(PoolList(pools: []), in: context)
            return nil
        }
        service.pools { result in
            switch result {
            case .success(let list): answer(list, in: context)
            case .failure(let error) where error.code == .notOffered:
                answer(PoolList(pools: []), in: context)
            case .failure(let error): context.refuse(.serviceRefused(error, Self.manual.name))
            }
        }
        return nil
    }

    private func answer(_ list: PoolList, in context: SessionContext) {
        context.answer(list, json: json) { PoolText(list.pools).text }
        if list.pools.isEmpty, !json { context.say("This build service has no pools.") }
    }
}
