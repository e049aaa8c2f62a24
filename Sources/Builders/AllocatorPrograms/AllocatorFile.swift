package import AllocatorProtocol
package import ConfigurationFile
import HelperPrograms

/// The configuration file of an allocator program, which nobody but root can change.
package protocol AllocatorFile: Sendable {
    /// - Parameter path: for error messages.
    static func parse(_ text: String, path: String) throws(ConfigurationError) -> Self
    /// The first of the files that it names that has to be root's, and is not.
    var objection: (key: String, reason: String)? { get }
}

extension AllocatorFile {
    package var objection: (key: String, reason: String)? { nil }

    /// Reads and checks the file.
    ///
    /// - Parameter demandsRoot: false for tests, which have no files of root's.
    package static func read(_ path: String, demandsRoot: Bool = true) throws(ConfigurationError) -> Self {
        if demandsRoot, let objection = RootsFile.objection(to: path) {
            throw ConfigurationError(path: path, expected: objection)
        }
        let file = try parse(try SmallFile.read(path, for: .everybody), path: path)
        if demandsRoot, let objection = file.objection {
            throw ConfigurationError(path: path, key: objection.key, expected: objection.reason)
        }
        return file
    }

    /// The same for a verb, which ends with what is wrong with the file.
    package static func readForVerb(_ path: String, demandsRoot: Bool) throws(AllocatorEnd) -> Self {
        do throws(ConfigurationError) {
            return try read(path, demandsRoot: demandsRoot)
        } catch {
            throw AllocatorEnd(78, error.description)
        }
    }
}
