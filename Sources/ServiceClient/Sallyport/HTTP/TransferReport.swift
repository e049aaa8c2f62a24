package import BuildAPI
package import CCurl
import Connections
import Glibc

/// Says why an exchange failed, in an administrator's words: which service, and what libcurl or the system says about it.
package final class TransferReport {
    private let easy: UnsafeMutableRawPointer
    private let endpoint: Endpoint
    /// libcurl's message (CURLOPT_ERRORBUFFER); empty: there is none.
    private let message: UnsafeMutablePointer<CChar>

    /// - Parameter easy: the exchange's handle, which has to end before this object does.
    package init(of easy: UnsafeMutableRawPointer, to endpoint: Endpoint) {
        self.easy = easy
        self.endpoint = endpoint
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        _ = sp_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, message)
    }

    deinit {
        message.deallocate()
    }

    /// - Parameter result: of the exchange, which has failed.
    package func describe(_ result: CURLcode) -> String {
        guard result != CURLE_GOT_NOTHING else {
            return "\(endpoint.place): the connection was closed without an answer"
        }
        let general = String(cString: curl_easy_strerror(result))
        let detail = message[0] == 0 ? general : String(cString: message)
        var code = 0
        guard result == CURLE_COULDNT_CONNECT, sp_easy_os_errno(easy, &code) == CURLE_OK, code != 0 else {
            return "\(endpoint.place): \(detail)"
        }
        switch endpoint {
        case .socket(let path): return SocketFailure.describe(path, errno: CInt(code))
        case .url:
            // libcurl names the host and port that could not be reached, which can be a proxy's, but not why.
            let place = detail.hasSuffix(": \(general)") ? detail.dropLast(general.count + 2) : detail[...]
            return "\(place): \(String(cString: strerror(CInt(code))))"
        }
    }
}

extension Endpoint {
    /// The socket's path, or the base URL.
    fileprivate var place: String {
        switch self {
        case .socket(let path): path
        case .url(let base): base
        }
    }
}
