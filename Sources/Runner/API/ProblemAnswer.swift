import BuildAPI
import HTTPTypes
import Hummingbird
import NIOCore

/// Refusals as RFC 9457 problem details.
enum ProblemAnswer {
    static func response(_ error: RunnerError) -> Response {
        var problem = Problem(title: "", status: 500, detail: error.description)
        var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        switch error.code {
        case .malformedRequest: (problem.status, problem.title) = (400, "Bad Request")
        case .unauthenticated(let isInvalid):
            (problem.status, problem.title) = (401, "Unauthorized")
            // RFC 6750, section 3.
            headers[.wwwAuthenticate] =
                "Bearer realm=\"sallyport\"" + (isInvalid ? ", error=\"invalid_token\"" : "")
        case .forbidden: (problem.status, problem.title) = (403, "Forbidden")
        case .suspended:
            problem.type = Problem.suspendedType
            (problem.status, problem.title) = (403, "Forbidden")
        case .termsNotAccepted:
            problem.type = Problem.termsType
            (problem.status, problem.title) = (403, "Terms of Use Not Accepted")
        case .notFound: (problem.status, problem.title) = (404, "Not Found")
        case .methodNotAllowed(let allowed):
            (problem.status, problem.title) = (405, "Method Not Allowed")
            headers[.allow] = allowed
        case .conflict: (problem.status, problem.title) = (409, "Conflict")
        case .gone: (problem.status, problem.title) = (410, "Gone")
        case .sessionEnded:
            problem.type = Problem.endedSessionType
            (problem.status, problem.title) = (410, "Gone")
        case .tooLarge: (problem.status, problem.title) = (413, "Content Too Large")
        case .unsupportedMediaType: (problem.status, problem.title) = (415, "Unsupported Media Type")
        case .rangeNotSatisfiable(let size):
            (problem.status, problem.title) = (416, "Range Not Satisfiable")
            headers[.contentRange] = "bytes */\(size)"
        case .unprocessable(let line, let key):
            (problem.status, problem.title) = (422, "Unprocessable Content")
            problem.line = line
            problem.key = key
            problem.faults = error.faults.isEmpty ? nil : error.faults
        case .tooMany(let quota):
            (problem.status, problem.title) = (429, "Too Many Requests")
            problem.quota = quota
        case .tooOften(let quota, let seconds):
            (problem.status, problem.title) = (429, "Too Many Requests")
            problem.quota = quota
            headers[.retryAfter] = String(seconds)
        case .stopping, .unreachable:
            (problem.status, problem.title) = (503, "Service Unavailable")
            headers[.retryAfter] = "2"
        case .peopleUnknown:
            problem.type = Problem.peopleUnknownType
            (problem.status, problem.title) = (503, "Service Unavailable")
            headers[.retryAfter] = "60"
        case .noSpace: (problem.status, problem.title) = (507, "Insufficient Storage")
        case .failure: (problem.status, problem.title) = (500, "Internal Server Error")
        }
        let body = (try? JSON.encode(problem)).map { ByteBuffer(bytes: $0) } ?? ByteBuffer()
        return Response(
            status: HTTPResponse.Status(code: problem.status, reasonPhrase: problem.title), headers: headers,
            body: ResponseBody(byteBuffer: body))
    }
}
