import HTTPTypes
import Hummingbird
import NIOCore

/// Logs as bytes: as they are now, or followed until they end.
enum LogAnswer {
    private static let chunk = 64 << 10
    private static let headers: HTTPFields = [
        .contentType: "application/octet-stream", .cacheControl: "no-store", .acceptRanges: "bytes",
    ]

    /// The log as it is now, or a range of it.
    static func present(
        _ log: LogFile, in stream: StreamLimit.Stream, range: ByteRange?
    ) throws(RunnerError) -> Response {
        let size = log.size
        var headers = Self.headers
        var bytes = 0..<size
        if let range {
            guard let resolved = range.resolved(size: size) else {
                throw RunnerError(.rangeNotSatisfiable(size: size), "The log has \(size) bytes so far.")
            }
            bytes = resolved
            headers[.contentRange] = "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(size)"
        }
        let body = ResponseBody(contentLength: bytes.count) { [bytes] writer in
            defer { withExtendedLifetime(stream) {} }
            var offset = bytes.lowerBound
            var reader = LogReader(log)
            while offset < bytes.upperBound {
                let part = reader.read(min(chunk, bytes.upperBound - offset), at: offset)
                offset += part.count
                try await writer.write(ByteBuffer(bytes: part))
            }
            try await writer.finish(nil)
        }
        return Response(status: range == nil ? .ok : .partialContent, headers: headers, body: body)
    }

    /// From an offset until the log ends. An offset at or after the end waits; the answer to a range is 206 without
    /// Content-Range, because the end is not known yet.
    ///
    /// - Parameter request: when its connection ends, following ends.
    static func following(
        _ log: LogFile, in stream: StreamLimit.Stream, range: ByteRange?, request: Request
    ) -> Response {
        let first: Int
        switch range {
        case .from(let offset), .fromTo(let offset, _): first = offset
        case .last(let count): first = max(0, log.size - count)
        case nil: first = 0
        }
        let body = ResponseBody { writer in
            defer { withExtendedLifetime(stream) {} }
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                var offset = first
                var reader = LogReader(log)
                // The head of the answer is sent with the first write, and the reader needs it now.
                try await writer.write(ByteBuffer())
                following: while true {
                    switch await log.wait(behind: offset) {
                    case .more:
                        let part = reader.read(chunk, at: offset)
                        offset += part.count
                        try await writer.write(ByteBuffer(bytes: part))
                    case .ended: break following
                    // Omit the last chunk, so that the reader knows that it should reconnect.
                    case .brokenOff: throw CancellationError()
                    }
                }
            }
            try await writer.finish(nil)
        }
        return Response(status: range == nil ? .ok : .partialContent, headers: Self.headers, body: body)
    }
}
