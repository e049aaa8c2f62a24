import BuildAPI
import Glibc
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
            url = "https://builds.example.org:8443/api"
            ca_file = "/ca"
            token_file = "/t"
            proxy = "http://proxy:3128"
            [builder]
            identity = "/k"
            [gateway]
            public_host = "builds.example.org"
            public_port = 2222
            key_cache = "/c"
            commands_per_person = 11
            revocation_timeout = 0
            sessions = "/w"
            [runner]
            state_dir = "/s"
            socket = "/r"
            listen = "[::1]:8443"
            tls_certificate = "/c"
            tls_key = "/p"
            tokens = "/o"
            metrics = "[::]:9469"
            account = "a"
            keys_account = "b"
            operator_group = "c"
            gateway_keys = ["ssh-ed25519 AAAA"]
            images = "/i"
            accel = "tcg"
            isolation = "none"
            builder_account = "q"
            outbound_deny = ["192.0.2.7", "198.41.0.0/16", "8.8.8.8/32"]
            outbound_connections = 9
            outbound_bytes = 10
            slots = 3
            memory = 256
            suffixes = ["a.example.org", "B"]
            keep = 60
            life = 70
            lease = 3
            max_life = 100
            kept_per_owner = 4
            running_per_owner = 3
            kept_full = "oldest"
            max_timeout = 90
            sessions_per_person = 5
            queued_per_owner = 6
            streams_per_person = 9
            submissions_per_minute = 12
            attachments = 15
            attachments_per_owner = 16
            attachments_per_address = 17
            pairing = false
            pairings = 18
            pairings_per_address = 19
            pairings_per_hour = 20
            wrong_codes_per_person = 21
            wrong_codes = 22
            log_limit = 7
            retention = 8
            finished_per_owner = 13
            finished_bytes_per_owner = 14
            terms = "/e"
            [runner.image.small]
            cpus = 1
            [runner.image."debian-12.1"]
            memory = 1024
            cpus = 2
            network = "outbound"
            """)
        var expected = Configuration(service: .init(url: "https://builds.example.org:8443/api"))
        expected.service.authorities = "/ca"
        expected.service.tokenFile = "/t"
        expected.service.proxy = "http://proxy:3128"
        expected.builder.identity = "/k"
        expected.gateway.publicHost = "builds.example.org"
        expected.gateway.publicPort = 2222
        expected.gateway.keyCache = "/c"
        expected.gateway.sessions = "/w"
        expected.gateway.commandsPerPerson = 11
        expected.gateway.revocationTimeout = 0
        expected.runner.isolation = .none
        expected.runner.builderAccount = "q"
        expected.runner.outbound.denied = ["192.0.2.7", "198.41.0.0/16", "8.8.8.8/32"]
        expected.runner.outbound.connectionsPerSecond = 9
        expected.runner.outbound.bytes = 10
        expected.runner.stateDirectory = "/s"
        expected.runner.socket = "/r"
        expected.runner.network = .init(
            address: "::1", port: 8443, certificate: "/c", key: "/p", tokens: "/o")
        expected.runner.metrics = .init(address: "::", port: 9469)
        expected.runner.account = "a"
        expected.runner.keysAccount = "b"
        expected.runner.operatorGroup = "c"
        expected.runner.gatewayKeys = ["ssh-ed25519 AAAA"]
        expected.runner.images = "/i"
        expected.runner.accelerator = .tcg
        expected.runner.slots = 3
        expected.runner.memory = 256
        expected.runner.suffixes = ["a.example.org", "b"]
        expected.runner.keep = 60
        expected.runner.life = 70
        expected.runner.limits.keptPerOwner = 4
        expected.runner.limits.runningPerOwner = 3
        expected.runner.limits.keptFull = .oldest
        expected.runner.maxTimeout = 90
        expected.runner.limits.sessionsPerPerson = 5
        expected.runner.limits.streamsPerPerson = 9
        expected.runner.limits.queuedPerOwner = 6
        expected.runner.limits.submissionsPerMinute = 12
        expected.runner.limits.attachments = 15
        expected.runner.limits.attachmentsPerOwner = 16
        expected.runner.limits.attachmentsPerAddress = 17
        expected.runner.limits.pairing = false
        expected.runner.limits.pairings = 18
        expected.runner.limits.pairingsPerAddress = 19
        expected.runner.limits.pairingsPerHour = 20
        expected.runner.limits.wrongCodesPerPerson = 21
        expected.runner.limits.wrongCodes = 22
        expected.runner.limits.log = 7
        expected.runner.limits.retention = 8
        expected.runner.limits.finishedPerOwner = 13
        expected.runner.limits.finishedBytesPerOwner = 14
        expected.runner.terms = "/e"
        expected.runner.lease = 3
        expected.runner.maxLife = 100
        expected.runner.imageSettings["debian-12.1"] = .init()
        expected.runner.imageSettings["debian-12.1"]?.memory = 1024
        expected.runner.imageSettings["debian-12.1"]?.processors = 2
        expected.runner.imageSettings["debian-12.1"]?.network = .outbound
        #expect(configuration == expected)
    }

    @Test(
        arguments: [
            ("", []), ("[gateway]\npublic_host = \"Builds.example.org\"\n", ["builds.example.org"]),
            ("[gateway]\npublic_host = \"2001:db8::1\"\n", []),
            ("[gateway]\npublic_host = \"a\"\n[runner]\nsuffixes = []\n", []),
            ("[gateway]\npublic_host = \"a\"\n[runner]\nsuffixes = [\"b\", \"c.d\"]\n", ["b", "c.d"]),
        ] as [(String, [String])])
    func buildersAreCalledAfterTheGatewayUnlessSaidOtherwise(text: String, suffixes: [String]) throws {
        #expect(try parse("[service]\nurl = \"unix:/s\"\n" + text).runner.suffixes == suffixes)
    }

    @Test(arguments: [
        "[runner]\nimage_aliases = { \"a/3.2\" = \"b\", c = \"d/e\" }\n",
        "[runner.image_aliases]\n\"a/3.2\" = \"b\"\nc = \"d/e\"\n",
    ])
    func imagesHaveOtherNames(text: String) throws {
        let runner = try parse("[service]\nurl = \"unix:/s\"\n" + text).runner
        #expect(runner.imageAliases == ["a/3.2": "b", "c": "d/e"])
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
            ("[service]\nurl = \"http://example.org\"\n", 2, "service.url"),
            ("[service]\nurl = \"unix:relative\"\n", 2, "service.url"),
            ("[service]\nurl = \"unix:/s\"\nkind = \"other\"\n", 3, "service.kind"),
            ("[service]\nurl = \"unix:/s\"\ncolour = 1\n", 3, "service.colour"),
            ("[service]\nurl = \"unix:/s\"\n[sevrice]\n", 3, "sevrice"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlease = 2\n", 4, "runner.lease"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nimage = \"a\"\n", 4, "runner.image"),
            ("[service]\nurl = \"unix:/s\"\n[runner.image]\na = 1\n", nil, "runner.image"),
            ("[service]\nurl = \"unix:/s\"\n[runner.image.a]\ncpus = 0\n", 4, "runner.image.a.cpus"),
            ("[service]\nurl = \"unix:/s\"\n[runner.image.a]\ncpu = 1\n", 4, "runner.image.a.cpu"),
            (
                "[service]\nurl = \"unix:/s\"\n[runner.image.\"a/3.2\"]\ncpu = 1\n", 4,
                "runner.image.a/3.2.cpu"
            ),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nimage_aliases = \"a\"\n", 4, "runner.image_aliases"),
            (
                "[service]\nurl = \"unix:/s\"\n[runner.image_aliases]\n\"a/3.2\" = 1\n", 4,
                "runner.image_aliases.a/3.2"
            ),
            (
                "[service]\nurl = \"unix:/s\"\n[runner.image.a]\nnetwork = \"all\"\n", 4,
                "runner.image.a.network"
            ),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlease = \"60\"\n", 4, "runner.lease"),
            ("[service]\nurl = \"unix:/s\"\n[builder]\nidentity = \"id\"\n", 4, "builder.identity"),
            ("[service]\nurl = \"unix:/s\"\n[gateway]\npublic_host = \"\"\n", 4, "gateway.public_host"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\ngateway_keys = [1]\n", 4, "runner.gateway_keys"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nsuffixes = \"a\"\n", 4, "runner.suffixes"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nsuffixes = [\"*.a\"]\n", 4, "runner.suffixes"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nisolation = \"off\"\n", 4, "runner.isolation"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\noutbound_deny = \"a\"\n", 4, "runner.outbound_deny"),
            ("[service]\nkind = \"sourcehut\"\n", nil, "sourcehut.worker_url"),
            (Self.sourcehut + "[sourcehut]\nworker_url = \"unix:/w\"\n", nil, "sourcehut.meta_url"),
            (Self.sourcehut + "[sourcehut]\nworker_url = \"8080\"\n", 4, "sourcehut.worker_url"),
            (Self.sourcehut + Self.urls + "logs = \"logs\"\n", 6, "sourcehut.logs"),
            (Self.sourcehut + Self.urls + "token = \"x\"\n", 6, "sourcehut.token"),
            ("[service]\nurl = \"unix:/s\"\n[gateway]\nsessions = \"s\"\n", 4, "gateway.sessions"),
            (
                "[service]\nurl = \"unix:/s\"\n[gateway]\nrevocation_timeout = 59\n", 4,
                "gateway.revocation_timeout"
            ),
            (
                "[service]\nurl = \"unix:/s\"\n[gateway]\nrevocation_timeout = -1\n", 4,
                "gateway.revocation_timeout"
            ),
            ("[service]\nurl = \"unix:/s\"\nproxy = \"http://p:1\"\n", 3, "service.proxy"),
            ("[service]\nurl = \"https://s\"\nproxy = \"socks5://p:1\"\n", 3, "service.proxy"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlisten = \"localhost:1\"\n", 4, "runner.listen"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlisten = \"127.0.0.1\"\n", 4, "runner.listen"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlisten = \"127.0.0.1:0\"\n", 4, "runner.listen"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nlisten = \"::1:443\"\n", 4, "runner.listen"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nmetrics = \"localhost:9469\"\n", 4, "runner.metrics"),
            ("[service]\nurl = \"unix:/s\"\n[runner]\nmetrics = true\n", 4, "runner.metrics"),
            (
                "[service]\nurl = \"unix:/s\"\n[runner]\nlisten = \"127.0.0.1:443\"\n", nil,
                "runner.tls_certificate"
            ),
            ("[service]\nurl = \"unix:/s\"\n[people]\nsource = []\n", 4, "people.source"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nsource = [\"people\"]\n", 4, "people.source"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nsource = 1\n", 4, "people.source"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nsource = \"https://f/{name}\"\n", nil, "people.names"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nsource = \"/p\"\nnames = \"/n\"\n", 5, "people.names"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nca_file = \"/n\"\n", 4, "people.ca_file"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nfresh = 60\nstale = 59\n", 5, "people.stale"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nlocal = 1\n", 4, "people.local"),
            ("[service]\nurl = \"unix:/s\"\n[people]\nkeys = \"x\"\n", 4, "people.keys"),
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

    private static let service = "[service]\nurl = \"unix:/x\"\n"

    @Test func thePoolOfThisHostIsThereAndCanBeChanged() throws {
        #expect(try parse(Self.service).runner.pools == ["local": .init()])
        let text = """
            \(Self.service)[runner.pool.local]
            kind = "qemu"
            description = "this host"
            tags = ["kvm", "big"]
            max = 7
            max_starting = 3
            timeout = 60
            """
        var expected = Configuration.Runner.Pool()
        (expected.description, expected.tags) = ("this host", ["kvm", "big"])
        (expected.max, expected.maxStarting, expected.timeout) = (7, 3, 60)
        let runner = try parse(text).runner
        #expect(runner.pools == ["local": expected] && runner.slots == 7)
        let lab = "\(Self.service)[runner.pool.lab]\nkind = \"command\"\nmax = 4\ncommand = \"/x\"\n"
        #expect(try parse(lab).runner.pools["lab"]?.hostKey == .given)
        #expect(try parse(lab).runner.pools["lab"]?.architectures == [])
        #expect(try parse(lab + "arch = \"amd64\"").runner.pools["lab"]?.architectures == [.amd64])
        let both = lab + "arch = [\"aarch64\", \"x86_64\"]"
        #expect(try parse(both).runner.pools["lab"]?.architectures == [.arm64, .amd64])
        #expect(try parse(lab + "host_key = \"first-use\"").runner.pools["lab"]?.hostKey == .firstUse)
        let dialled = try parse(lab + "attach = \"builds@gw.example.org:2222\"").runner.pools["lab"]?.attach
        #expect(
            dialled == .init(name: "builds@gw.example.org", port: 2222) && dialled?.host == "gw.example.org")
        #expect(try parse(lab + "attach = \"a@b\"").runner.pools["lab"]?.attach == .init(name: "a@b"))
        // Before there were pools, slots was the only word for it.
        #expect(try parse("\(Self.service)[runner]\nslots = 5").runner.pools["local"]?.max == 5)
        #expect(
            try parse("\(Self.service)[runner]\nslots = 5\n[runner.pool.local]\nmax = 5").runner.slots == 5)
    }

    @Test(arguments: [
        ("[runner]\nslots = 5\n[runner.pool.local]\nmax = 4", "runner.slots"),
        ("[runner.pool.other]\nmax = 4", "runner.pool.other.kind"),
        ("[runner.pool.other]\nkind = \"command\"\nmax = 4", "runner.pool.other.command"),
        ("[runner.pool.other]\nkind = \"command\"\nmax = 4\ncommand = \"x\"", "runner.pool.other.command"),
        ("[runner.pool.other]\nkind = \"command\"\ncommand = \"/x\"", "runner.pool.other.max"),
        ("[runner.pool.local]\ncommand = \"/x\"", "runner.pool.local.command"),
        ("[runner.pool.local]\nkind = \"docker\"", "runner.pool.local.kind"),
        ("[runner.pool.local]\nhost_key = \"first-use\"", "runner.pool.local.host_key"),
        (
            "[runner.pool.other]\nkind = \"command\"\nmax = 4\ncommand = \"/x\"\nhost_key = \"any\"",
            "runner.pool.other.host_key"
        ),
        ("[runner.pool.local]\nattach = \"a@b\"", "runner.pool.local.attach"),
        (
            "[runner.pool.other]\nkind = \"command\"\nmax = 4\ncommand = \"/x\"\nattach = \"b\"",
            "runner.pool.other.attach"
        ),
        (
            "[runner.pool.other]\nkind = \"command\"\nmax = 4\ncommand = \"/x\"\nattach = \"a@b:0\"",
            "runner.pool.other.attach"
        ),
        ("[runner.pool.local]\nmax = -1", "runner.pool.local.max"),
        ("[runner.pool.local]\nmax_starting = 0", "runner.pool.local.max_starting"),
        ("[runner.pool.local]\nslots = 1", "runner.pool.local.slots"),
        ("[runner.pool.\"a b\"]\nmax = 4", "runner.pool.a b"),
        ("[runner.pool.-a]\nmax = 4", "runner.pool.-a"),
        ("[runner]\npool = 1", "runner.pool"),
    ])
    func aPoolThatCannotBeMeantIsRefused(text: String, key: String) {
        let error = #expect(throws: ConfigurationError.self) { try parse(Self.service + text) }
        #expect(error?.key == key)
    }

    @Test func peopleComeFromAProgramOrAForge() throws {
        func people(_ text: String) throws(ConfigurationError) -> Configuration.People {
            try parse("[service]\nurl = \"unix:/s\"\n[people]\nnames = \"/n\"\n" + text).people
        }
        let program = try parse(
            "[service]\nurl = \"unix:/s\"\n[people]\nsource = [\"/p\", \"-x y\"]\nfresh = 1000\n"
        ).people
        #expect(program.source == .program(["/p", "-x y"]))
        // Nobody asks for a shorter time in an outage than without one.
        #expect(program.fresh == 1000 && program.stale == 1000 && !program.permitsLocalKeys)
        for url in ["https://f/{name}", "https://f:1/u/{name}.keys", "https://[::1]/{name}/keys"] {
            #expect(
                try people("source = \"\(url)\"\nlocal = true\n").source
                    == .web(url: url, names: "/n", authorities: nil))
        }
        for url in [
            "http://f/{name}", "https://f/", "https://{name}/keys", "https://{name}.f/{name}",
            "https://f/{name}/{name}", "https://f{name}", "https://a@f/{name}", "https://f/?u={name}",
            "https://f/{name}#", "https:///{name}", "ldap://f/{name}",
        ] {
            #expect(throws: ConfigurationError.self, "\(url)") { try people("source = \"\(url)\"\n") }
        }
    }

    /// They become words of nft's rules.
    @Test(arguments: [
        "", "example.org", "2001:db8::/32", "192.0.2.1/33", "192.0.2.1/", "192.0.2.1/+8",
        "192.0.2.0/24 accept",
        "192.0.2.1\n", "192.0.2", "192.0.2.1/8/8", " 192.0.2.1", "192.0.2.1/\u{661}",
    ])
    func onlyAddressesAndNetworksAreDenied(text: String) throws {
        let value = text.replacing("\n", with: "\\n")
        do throws(ConfigurationError) {
            _ = try parse("[service]\nurl = \"unix:/s\"\n[runner]\noutbound_deny = [\"\(value)\"]\n")
            Issue.record("it was accepted")
        } catch {
            #expect(error.key == "runner.outbound_deny", "\(error)")
        }
    }

    @Test(arguments: [
        "unix:/s", "https://example.org", "https://example.org/", "https://example.org:8443/builds",
        "https://[2001:db8::1]:8443", "http://127.0.0.1", "http://127.0.0.1:80", "http://[::1]:80/x",
        "http://localhost:80",
    ])
    func aServiceIsAtAURL(url: String) throws {
        #expect(try parse("[service]\nurl = \"\(url)\"\n").service.url == url)
    }

    /// Clear http is allowed only to loopback, however the URL is disguised.
    @Test(arguments: [
        "http://example.org", "http://127.0.0.1.example.org", "http://127.0.0.1:80@example.org",
        "http://localhost@example.org/", "http://example.org#http://127.0.0.1", "http://127.0.0.2",
        "https://", "https://:443", "https://example.org:", "https://example.org:x",
        "https://example.org:65536",
        "https://user:password@example.org", "https://example.org?x", "https://exa mple.org",
        "https://[::1", "https://2001:db8::1", "ftp://example.org", "example.org", "unix:relative",
    ])
    func whatIsNoURLOfAServiceIsRefused(url: String) {
        #expect(throws: ConfigurationError.self) { try parse("[service]\nurl = \"\(url)\"\n") }
    }

    @Test(
        arguments: [
            (.nobody, 0o600, nil), (.nobody, 0o400, nil), (.nobody, 0o640, "by others"),
            (.nobody, 0o604, "by others"), (.nobody, 0o620, "by others"), (.group, 0o640, nil),
            (.group, 0o660, "by others"), (.group, 0o644, "by others"), (.everybody, 0o644, nil),
            (.everybody, 0o664, "by others"), (.everybody, 0o646, "by others"),
        ] as [(SmallFile.Readers, mode_t, String?)])
    func aFileIsForWhomItIs(readers: SmallFile.Readers, mode: mode_t, complaint: String?) throws {
        let path = "/tmp/sallyport-\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        defer { unlink(path) }
        #expect(write(descriptor, "secret", 6) == 6 && fchmod(descriptor, mode) == 0)
        close(descriptor)
        do throws(ConfigurationError) {
            #expect(try SmallFile.read(path, for: readers) == "secret" && complaint == nil)
        } catch {
            #expect(complaint.map { error.expected.contains($0) } == true, "\(error)")
        }
    }
}
