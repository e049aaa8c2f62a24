import BuildAPI

/// Prints answers for programs.
enum JSONOutput {
    static func print(_ value: some Encodable) throws(Failure) {
        do {
            Swift.print(String(decoding: try JSON.encode(value), as: UTF8.self))
        } catch {
            throw Failure(.software, "The answer cannot be written as JSON.")
        }
    }
}
