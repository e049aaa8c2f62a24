import Presentation

/// Prints answers for programs.
enum JSONOutput {
    static func print(_ value: some Encodable) throws(Failure) {
        do {
            Swift.print(try HostileText.json(value))
        } catch {
            throw Failure(.software, "The answer cannot be written as JSON.")
        }
    }
}
