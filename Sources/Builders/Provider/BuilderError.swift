/// Why something about a builder failed.
///
/// `description` is one plain sentence that is safe to show to anyone. What only the administrator should see (a program's
/// own words, paths, the end of a console) is in `detail` and `debugDescription`.
public struct BuilderError: Error, Sendable, Hashable {
    /// What failed.
    public let code: Code
    /// Private: paths, the output of tools.
    public let detail: String

    public init(_ code: Code, detail: String = "") {
        self.code = code
        self.detail = detail
    }
}

extension BuilderError {
    /// The kinds of failure. Providers add their own.
    public struct Code: Sendable, Hashable {
        let sentence: String

        /// A provider's own kind.
        public init(sentence: String) {
            self.sentence = sentence
        }

        /// A program that we need could not be run.
        public static let programMissing = Code(sentence: "A program that builders need is not installed.")
        /// There is no space on the disk for the builder's files.
        public static let noSpace = Code(sentence: "The disk of the builders is full.")
        /// A program that starts it, or makes what it needs, has failed.
        public static let startFailed = Code(sentence: "The builder could not be started.")
        /// The machine ended while someone was waiting for it.
        public static let ended = Code(sentence: "The builder has ended.")
        /// The deadline passed before the runner could log in to the builder.
        public static let notReady = Code(sentence: "The builder did not become ready in time.")
        /// The builder showed the wrong host key, or refused the runner's key.
        public static let notTrusted = Code(sentence: "The builder could not be identified.")
        /// The SSH connection to the builder failed or broke. Trying again is reasonable.
        public static let connectionLost = Code(sentence: "The connection to the builder was lost.")
        /// A helper inside the builder failed.
        public static let commandFailed = Code(sentence: "A command on the builder failed.")
        /// The image has no such helper.
        public static let helperMissing = Code(sentence: "The builder's image lacks a program.")
        /// A task's or a variable's name cannot be used.
        public static let invalidName = Code(sentence: "The name of a task or of a variable cannot be used.")
        /// The receiver of a task's output threw an error.
        public static let receiverFailed = Code(sentence: "The output of the builder could not be stored.")
        /// The calling task was cancelled.
        public static let cancelled = Code(sentence: "The operation was cancelled.")
    }
}

extension BuilderError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String { code.sentence }
    public var debugDescription: String { detail.isEmpty ? code.sentence : "\(code.sentence) \(detail)" }
}
