/// A step that did not go as expected.
struct StepFailure: Error, CustomStringConvertible {
    let description: String
}
