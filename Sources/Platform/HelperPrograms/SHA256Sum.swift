/// What sha256sum(1) says of files.
package enum SHA256Sum {
    /// In hexadecimal digits, in the order of the files.
    ///
    /// - Parameters:
    ///   - files: without backslashes and newlines, from that folder. `-` is the input.
    ///   - limit: for all of them.
    package static func of(
        _ files: [String], in folder: String, reading input: [UInt8] = [], limit: Duration
    ) async throws(HelperProgram.Failure) -> [String] {
        let program = HelperProgram(
            words: ["sha256sum", "--"] + files, folder: folder,
            outputLimit: files.reduce(0) { $0 + 70 + $1.utf8.count }, limit: limit, endsWithUs: true)
        let outcome = try await program.run(reading: input)
        let sums = String(decoding: outcome.output, as: UTF8.self).split(separator: "\n").map {
            String($0.prefix(64))
        }
        guard outcome.status == .exited(0), sums.count == files.count else {
            throw .failed(outcome.lastWords)
        }
        return sums
    }
}
