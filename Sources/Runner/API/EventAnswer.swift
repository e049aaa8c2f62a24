import BuildService
import HTTPTypes
import Hummingbird
import NIOCore

/// Changes of a job as server-sent events (HTML standard, section 9.2).
enum EventAnswer {
    static func response(
        _ changes: AsyncThrowingStream<JobChange, any Error>, request: Request
    ) -> Response {
        let body = ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await writer.write(ByteBuffer())
                for try await change in changes { try await writer.write(try encode(change)) }
                // A stream whose reader has gone ends without an error.
                try Task.checkCancellation()
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    static func encode(_ change: JobChange) throws -> ByteBuffer {
        var buffer = ByteBuffer(string: "id: \(change.number)\nevent: \(change.kind.rawValue)\ndata: ")
        // JSON from the encoder has no newline.
        buffer.writeBytes(try JSON.encode(change.job))
        buffer.writeString("\n\n")
        return buffer
    }
}
