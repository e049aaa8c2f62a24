import CLinux
public import Logging

/// Appends each record to a file, as one line: the backend of swift-log for `[runner] log_file`.
public struct FileLog: LogHandler {
    private let path: String
    private let program: String
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]

    /// Makes the file if necessary; throws if this process cannot write to it.
    public init(_ path: String, program: String) throws(RunnerError) {
        self.path = path
        self.program = program
        guard sp_append_record(path, program, "info: the log begins") == 0 else {
            throw RunnerError(
                .failure, "runner.log_file: \(path) cannot be written: \(String(cString: sp_last_error())).")
        }
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// A full disk loses the record here; standard error still has it.
    public func log(event: LogEvent) {
        _ = sp_append_record(path, program, "\(event.level): \(event.message)")
    }
}
