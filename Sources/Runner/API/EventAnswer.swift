import BuildAPI
import HTTPTypes
import Hummingbird
import NIOCore

/// Changes of a job as server-sent events (HTML standard, section 9.2).
enum EventAnswer {
    static func response(
        _ items: EventFeed.Stream, in stream: StreamLimit.Stream, request: Request
    ) -> Response {
        let body = ResponseBody { writer in
            defer { withExtendedLifetime(stream) {} }
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await writer.write(comment)
                for try await item in items { try await writer.write(try encode(item)) }
                // If the reader has gone, the stream ends without an error.
                try Task.checkCancellation()
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    /// Only shows that the service is alive.
    private static let comment = ByteBuffer(string: ":\n\n")

    private static func encode(_ item: EventFeed.Item) throws -> ByteBuffer {
        switch item {
        case .beat: comment
        case .change(let change): try encode(change)
        }
    }

    static func encode(_ change: JobChange) throws -> ByteBuffer {
        var buffer = ByteBuffer(string: "id: \(change.number)\nevent: \(change.kind.rawValue)\ndata: ")
        // JSON from the encoder has no newline.
        buffer.writeBytes(try JSON.encode(change.job))
        buffer.writeString("\n\n")
        return buffer
    }
}
