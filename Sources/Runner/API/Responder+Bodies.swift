import BuildAPI
import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// Bodies of requests and answers.
extension Responder {
    func json(_ value: some Encodable, _ status: HTTPResponse.Status = .ok) throws(RunnerError) -> Response {
        json(ByteBuffer(bytes: try Self.encode(value)), status)
    }

    /// - Parameter body: a value that has been encoded.
    func json(_ body: ByteBuffer, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: body))
    }

    static func encode(_ value: some Encodable) throws(RunnerError) -> Data {
        do {
            return try JSON.encode(value)
        } catch {
            throw RunnerError(.failure, "The answer cannot be written.", detail: "\(error)")
        }
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ request: Request) async throws(RunnerError) -> Value {
        guard request.headers[.contentType].map(MediaType.essence) == MediaType.json else {
            throw RunnerError(.unsupportedMediaType, "The body must be application/json.")
        }
        let bytes = try await body(request, limit: 256 << 10)
        do {
            return try JSON.decode(type, from: Data(bytes))
        } catch {
            throw RunnerError(.malformedRequest, "The body has an unexpected form.", detail: "\(error)")
        }
    }

    func body(_ request: Request, limit: Int) async throws(RunnerError) -> [UInt8] {
        do {
            return Array(buffer: try await request.body.collect(upTo: limit))
        } catch is NIOTooManyBytesError {
            throw RunnerError(.tooLarge, "The body is larger than \(limit >> 10) KiB.")
        } catch {
            throw RunnerError(.malformedRequest, "The body is incomplete.")
        }
    }
}
