import Testing

@testable import BuildAPI

/// Where a service is.
@Suite struct EndpointTests {
    @Test(arguments: [
        ("unix:/run/api.sock", Endpoint.socket(path: "/run/api.sock")),
        ("http://127.0.0.1:80/", .url("http://127.0.0.1:80")),
        ("https://example.org/api", .url("https://example.org/api")), ("unix:api.sock", nil),
        ("ftp://x", nil),
    ])
    func anEndpointIsASocketOrAURL(text: String, endpoint: Endpoint?) {
        #expect(Endpoint(text) == endpoint)
    }
}
