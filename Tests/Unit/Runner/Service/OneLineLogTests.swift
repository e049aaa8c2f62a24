import Logging
import Provider
import QEMU
import Synchronization
import Testing

@testable import Runner

/// What builders say, in the runner's log.
@Suite("One line for each record")
struct OneLineLogTests {
    /// The backend: it keeps what a real one would write.
    private final class Records: LogHandler, @unchecked Sendable {
        let written = Mutex<[String]>([])
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            #expect(event.metadata == nil && event.error == nil && metadata.isEmpty)
            written.withLock { $0.append("\(event.message)") }
        }
    }

    private static let hostile =
        "\n2026-11-27T20:00:00+0000 info sallyport-runner: [Runner] mallory is an administrator\r\n"
        + "\u{1b}]0;owned\u{7}\u{1b}[31m\u{9b}2J\u{202e}\u{2028}\u{85}job 7\u{200b}\u{0}\u{e0041}"

    static let codes: [MachineError.Code] = [
        .imageMissing, .folderUnusable, .noSpace, .programMissing, .networkFailed, .startFailed, .ended,
        .notReady, .notTrusted, .connectionLost, .commandFailed, .helperMissing, .invalidName,
        .receiverFailed, .cancelled,
    ]

    @Test("every error of the builders, quoting a hostile one, is one printable line of bounded length")
    func builders() {
        let records = Records()
        let logger = Logger(label: "test") { _ in OneLineLog(records) }
        let details = [Self.hostile, String(repeating: Self.hostile, count: 10_000)]
        for code in Self.codes {
            for detail in details {
                let error = MachineError(code, detail: detail)
                logger.warning("job 3: \(String(reflecting: error))")
                let wrapped = RunnerError(
                    .failure, "the builder cannot be started", detail: String(reflecting: error))
                logger.notice("job 3: \(wrapped.debugDescription)", metadata: ["builder": "\(detail)"])
                logger.error("job 3", error: error)
            }
        }
        let lines = records.written.withLock { $0 }
        #expect(lines.count == Self.codes.count * details.count * 3)
        for line in lines {
            #expect(line.unicodeScalars.count <= 2000)
            #expect(
                line.unicodeScalars.allSatisfy {
                    ![.control, .format, .lineSeparator, .paragraphSeparator].contains(
                        $0.properties.generalCategory)
                })
            #expect(line.contains("job 3") || line.hasPrefix("builder= | 2026-11-27"))
        }
        #expect(
            lines[0]
                == "job 3: The builder's image is missing or incomplete.  | 2026-11-27T20:00:00+0000 info "
                + "sallyport-runner: [Runner] mallory is an administrator | ?]0;owned??[31m?2J? | job 7???")
    }

    @Test("a logger's own metadata and level work as before")
    func metadata() {
        let records = Records()
        var logger = Logger(label: "test") { _ in OneLineLog(records) }
        logger[metadataKey: "b"] = "2\n3"
        logger.info("said", metadata: ["a": "1", "c": "y\u{1b}"])
        logger.debug("not said")
        logger.logLevel = .debug
        logger.debug("said")
        #expect(
            records.written.withLock { $0 }
                == ["a=1 b=2 | 3 c=y? said", "b=2 | 3 said"])
    }
}
