public import BuildAPI
import CCurl
public import ConfigurationFile
import Glibc

/// What stands between a request and its service: who vouches for the service, which proxy is on the way, and the token
/// that opens it.
public struct Transport: Sendable {
    /// A file of certificates; nil: those of the system.
    var authorities: String?
    var proxy: String?
    var token: BearerToken?

    public init(token: BearerToken? = nil) {
        self.token = token
    }

    /// As `[service]` says. Reads the token.
    public init(_ configuration: Configuration.Service) throws(ConfigurationError) {
        try self.init(configuration, tokenFile: configuration.tokenFile)
    }

    /// - Parameter tokenFile: instead of the configured one.
    public init(_ configuration: Configuration.Service, tokenFile: String?) throws(ConfigurationError) {
        authorities = configuration.authorities
        proxy = configuration.proxy
        if let authorities, access(authorities, R_OK) != 0 {
            let cause = String(cString: strerror(errno))
            throw ConfigurationError(path: authorities, expected: "cannot be read: \(cause)")
        }
        if let path = tokenFile { token = try BearerToken(file: path) }
    }

    /// Tells libcurl. Nothing comes from the environment: a proxy, and the exceptions from it, are named here.
    func prepare(_ easy: UnsafeMutableRawPointer, for endpoint: Endpoint) {
        _ = sp_easy_set_string(easy, CURLOPT_PROXY, "")
        _ = sp_easy_set_string(easy, CURLOPT_NOPROXY, "")
        guard endpoint.isSecure else {
            _ = sp_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "http")
            return
        }
        _ = sp_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "https")
        _ = sp_easy_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        _ = sp_easy_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        // 2: the certificate must be for the host of the URL.
        _ = sp_easy_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        if let authorities {
            _ = sp_easy_set_string(easy, CURLOPT_CAINFO, authorities)
            // The system's are in a folder as well.
            _ = sp_easy_set_string(easy, CURLOPT_CAPATH, nil)
        }
        if let proxy {
            _ = sp_easy_set_string(easy, CURLOPT_PROXY, proxy)
            _ = sp_easy_set_long(easy, CURLOPT_HTTPPROXYTUNNEL, 1)
        }
    }
}
