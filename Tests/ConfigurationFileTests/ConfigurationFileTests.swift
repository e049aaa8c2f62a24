import Testing

@testable import ConfigurationFile

@Suite struct ConfigurationFileTests {
    private static let sourcehut = "[service]\nkind = \"sourcehut\"\n"
    private static let urls = "[sourcehut]\nworker_url = \"unix:/w\"\nmeta_url = \"unix:/m\"\n"

    private func parse(_ text: String) throws(ConfigurationError) -> Configuration {
        try ConfigurationFile.parse(text, path: "/x")
    }

    @Test func theURLIsAllThatHasToBeThere() throws {
        let configuration = try parse("[service]\nurl = \"unix:/run/api.sock\"\n")
        #expect(configuration == Configuration(service: .init(url: "unix:/run/api.sock")))
    }

    @Test func everyKeyIsRead() throws {
        let configuration = try parse(
            """
            [service]
            kind = "sallyport"
            url = "http://127.0.0.1:8080"
            [builder]
            identity = "/k"
            [gateway]
            public_host = "builds.example.org"
            public_port = 2222
            key_cache = "/c"
            sessions = "/w"
            [runner]
            state_dir = "/s"
            socket = "/r"
            account = "a"
            keys_account = "b"
            operator_group = "c"
            gateway_keys = ["ssh-ed25519 AAAA"]
            images = "/i"
            accel = "tcg"
            slots = 3
            memory = 256
            keep = 60
            lease = 3
            max_life = 100
            """)
        var expected = Configuration(service: .init(url: "http://127.0.0.1:8080"))
        expected.builder.identity = "/k"
        expected.gateway.publicHost = "builds.example.org"
        expected.gateway.publicPort = 2222
        expected.gateway.keyCache = "/c"
        expected.gateway.sessions = "/w"
        expected.runner.stateDirectory = "/s"
        expected.runner.socket = "/r"
        expected.runner.account = "a"
        expected.runner.keysAccount = "b"
        expected.runner.operatorGroup = "c"
        expected.runner.gatewayKeys = ["ssh-ed25519 AAAA"]
        expected.runner.images = "/i"
        expected.runner.accelerator = .tcg
        expected.runner.slots = 3
        expected.runner.memory = 256
        expected.runner.keep = 60
        expected.runner.lease = 3
        expected.runner.maxLife = 100
        #expect(configuration == expected)
    }

    @Test func sourcehutHasURLsOfItsOwn() throws {
        let configuration = try parse(
            """
            [service]
            kind = "sourcehut"
            [sourcehut]
            worker_url = "http://127.0.0.1:8080"
            meta_url = "unix:/m"
            logs = "/var/log/builds"
            """)
        var expected = Configuration(service: .init(kind: .sourcehut, url: ""))
        expected.sourcehut.workerURL = "http://127.0.0.1:8080"
        expected.sourcehut.metaURL = "unix:/m"
        expected.sourcehut.logs = "/var/log/builds"
        #expect(configuration == expected)
    }

    @Test(
        arguments: [
            ("", nil, "service.url"),
            ("[service]\nurl = \"https://example.org\"\n", 2, "service.url"),
            ("[service]\nurl = \"http://example.org\"\n", 2, "service.url"),
            ("[service]\nurl = \"unix:relative\"\n", 2, "service.url"),
            ("[service]\nurl = \"unix:/s\"\nkind = \"other\"\n", 3, "service.kind"),
            ("[service]\nurl = \"unix:/s\"\ncolour = 1\n", 3, "service.colour"),
            ("[service]\nurl = \"unix:/s\"\n[sevrice]\n", 3, "sevrice"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlease = 2\n", 4, "runner.lease"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlease = \"60\"\n", 4, "runner.lease"),
            ("[service]\nurl = \"unix:/s\"\n[builder]\nidentity = \"id\"\n", 4, "builder.identity"),
            ("[service]\nurl = \"unix:/s\"\n[gateway]\npublic_host = \"\"\n", 4, "gateway.public_host"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\ngateway_keys = [1]\n", 4, "runner.gateway_keys"),
            ("[service]\nkind = \"sourcehut\"\n", nil, "sourcehut.worker_url"),
            (Self.sourcehut + "[sourcehut]\nworker_url = \"unix:/w\"\n", nil, "sourcehut.meta_url"),
            (Self.sourcehut + "[sourcehut]\nworker_url = \"8080\"\n", 4, "sourcehut.worker_url"),
            (Self.sourcehut + Self.urls + "logs = \"logs\"\n", 6, "sourcehut.logs"),
            (Self.sourcehut + Self.urls + "token = \"x\"\n", 6, "sourcehut.token"),
            ("[service]\nurl = \"unix:/s\"\n[gateway]\nsessions = \"s\"\n", 4, "gateway.sessions"),
            ("[service\n", 1, nil),
        ] as [(String, Int?, String?)])
    func aMistakeIsReportedWithItsPlace(text: String, line: Int?, key: String?) {
        do throws(ConfigurationError) {
            _ = try parse(text)
            Issue.record("it was accepted")
        } catch {
            #expect(error.line == line && error.key == key, "\(error)")
        }
    }
}
