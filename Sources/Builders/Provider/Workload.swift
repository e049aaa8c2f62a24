/// The work of a builder: an environment, and scripts.
public struct Workload: Sendable, Hashable {
    /// Exported to tasks and to every shell. Names are those of shell variables.
    public var environment: [Variable]
    public var tasks: [Script]
    /// How to repeat what the scripts did elsewhere, for the file `~/REPRODUCE`; nil: there is no such file.
    public var reproduction: String?

    public init(environment: [Variable], tasks: [Script], reproduction: String? = nil) {
        self.environment = environment
        self.tasks = tasks
        self.reproduction = reproduction
    }

    public struct Variable: Sendable, Hashable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public struct Script: Sendable, Hashable {
        public var name: String
        /// Without an interpreter line: bash, with `set -xe`.
        public var text: String

        public init(name: String, text: String) {
            self.name = name
            self.text = text
        }
    }
}
