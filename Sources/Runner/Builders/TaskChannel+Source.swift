import Presentation
import Provider

extension TaskChannel {
    /// Unpacks a job's source. Throws a ``RunnerError`` whose sentence people can read if that is not possible.
    func unpackSource(at path: String) async throws {
        do {
            try await unpack(path, isCompressed: try SourceArchive(path: path).isCompressed())
        } catch let error as BuilderError {
            let reason =
                switch error.code {
                case .helperMissing: "the image cannot do that; it has to be made anew"
                // "status 2: tar: …"
                case .commandFailed:
                    error.detail.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
                default: "the builder does not answer"
                }
            throw RunnerError(
                .failure, "the source could not be unpacked: \(HostileText.printable(reason, limit: 200))",
                detail: String(reflecting: error))
        }
    }
}
