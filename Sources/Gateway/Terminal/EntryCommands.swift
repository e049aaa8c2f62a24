import BuildAPI
import Policy
import Presentation
import ServiceClient

extension SessionContext {
    /// The commands about the builder that this person is allowed to use, and the service offers.
    func entryCommands(for permit: Permit) -> EntryLines.Commands {
        guard service.selfService != nil else { return EntryLines.Commands() }
        func commandLine(_ verb: String, _ action: Action) -> String? {
            let isAllowed =
                (try? Permit.decide(action, on: permit.job.id, permit.job, for: permit.principal)) != nil
            return isAllowed ? self.commandLine("\(verb) \(permit.job.id)") : nil
        }
        return EntryLines.Commands(
            extend: commandLine(ExtendCommand.manual.name, ExtendCommand.action),
            hold: commandLine(HoldCommand.manual.name, HoldCommand.action))
    }
}
