import BuildAPI
import FoundationEssentials
import Glibc
import HTTPTypes
import Hummingbird
import NIOCore
import TaskChannel

/// Artifacts as bytes: one, or all of them as a tar archive. Each answer says how long it is, so that nobody takes half of it for
/// the whole.
enum ArtifactAnswer {
    private static let chunk = 64 << 10

    /// - Parameter number: its place in the index.
    static func file(
        _ number: Int, of index: StoredArtifacts.Index, in stored: StoredArtifacts,
        _ stream: StreamLimit.Stream
    ) throws(RunnerError) -> Response {
        let file = OpenFile(takingOwnershipOf: try stored.open(number))
        let size = index.artifacts[number].size
        let body = ResponseBody(contentLength: size) { writer in
            defer { withExtendedLifetime(stream) {} }
            try await file.write(size, to: &writer)
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers(MediaType.bytes), body: body)
    }

    static func tar(
        _ index: StoredArtifacts.Index, in stored: StoredArtifacts, _ stream: StreamLimit.Stream
    ) -> Response {
        let modified = max(0, Int(index.taken.timeIntervalSince1970))
        let headers = index.artifacts.map {
            TarHeader.bytes($0.name, mode: 0o644, size: $0.size, modified: modified)
        }
        let size = zip(index.artifacts, headers).reduce(TarHeader.end.count) { sum, entry in
            sum + entry.1.count + entry.0.size + TarHeader.padding(after: entry.0.size).count
        }
        let body = ResponseBody(contentLength: size) { writer in
            defer { withExtendedLifetime(stream) {} }
            for (number, artifact) in index.artifacts.enumerated() {
                let file = OpenFile(takingOwnershipOf: try stored.open(number))
                try await writer.write(ByteBuffer(bytes: headers[number]))
                try await file.write(artifact.size, to: &writer)
                try await writer.write(ByteBuffer(bytes: TarHeader.padding(after: artifact.size)))
            }
            try await writer.write(ByteBuffer(bytes: TarHeader.end))
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: Self.headers(MediaType.tar), body: body)
    }

    private static func headers(_ type: String) -> HTTPFields {
        [.contentType: type, .cacheControl: "no-store"]
    }

    /// A descriptor that is closed when nobody reads it any more.
    private final class OpenFile: Sendable {
        private let descriptor: CInt

        init(takingOwnershipOf descriptor: CInt) {
            self.descriptor = descriptor
        }

        deinit {
            close(descriptor)
        }

        /// - Parameter size: how many bytes it has; throws if there are fewer, and the answer breaks off.
        func write(_ size: Int, to writer: inout some ResponseBodyWriter) async throws {
            var offset = 0
            while offset < size {
                var piece = [UInt8](repeating: 0, count: min(chunk, size - offset))
                let count = pread(descriptor, &piece, piece.count, offset)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    throw RunnerError(.failure, "The artifact cannot be read.")
                }
                offset += count
                try await writer.write(ByteBuffer(bytes: piece[..<count]))
            }
        }
    }
}
