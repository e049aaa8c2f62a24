/// A step that went otherwise than it should have.
struct StepFailure: Error, CustomStringConvertible {
    let description: String
}
