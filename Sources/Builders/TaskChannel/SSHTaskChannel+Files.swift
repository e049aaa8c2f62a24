public import Provider

extension SSHTaskChannel {
    public func collect(
        _ wanted: WantedFiles, _ receive: @escaping @Sendable (FilePart) async throws -> Void
    ) async throws {
        var parser = FilePartParser()
        var malformed: BuilderError?
        let result: (status: Int32?, messages: String)
        do throws(BuilderError) {
            result = try await stream(CollectScript.command(wanted, as: script("collect"))) { bytes in
                let parts: [FilePart]
                do throws(BuilderError) {
                    parts = try parser.take(bytes)
                } catch {
                    malformed = error
                    throw error
                }
                for part in parts { try await receive(part) }
            }
        } catch {
            throw malformed ?? error
        }
        guard result.status == 0 else {
            throw SecureShell.error(status: result.status, messages: result.messages)
        }
        guard parser.isComplete else { throw BuilderError(.connectionLost, detail: result.messages) }
    }
}
