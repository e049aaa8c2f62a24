public import BuildAPI
import CCurl
public import ConfigurationFile
import Glibc

/// How requests reach the service: the trusted certificate authorities, the proxy, and the token for
/// the service.
public struct Transport: Sendable {
    /// A file of certificate authorities; nil: those of the system.
    var authorities: String?
    var proxy: String?
    var token: BearerToken?
    /// The gateway's session that asks, for the service's records; nil: none does.
    public var session: String?
    /// Notes what is asked; nil: nobody does.
    package var witness: HTTPWitness?

    public init(token: BearerToken? = nil) {
        self.token = token
    }

    /// Uses the settings in `[service]`. Reads the token.
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

    /// Configures libcurl. Nothing comes from the environment: the proxy, and the exceptions from it, are set here.
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
            // The system also has a folder of authorities.
            _ = sp_easy_set_string(easy, CURLOPT_CAPATH, nil)
        }
        if let proxy {
            _ = sp_easy_set_string(easy, CURLOPT_PROXY, proxy)
            _ = sp_easy_set_long(easy, CURLOPT_HTTPPROXYTUNNEL, 1)
        }
    }
}
